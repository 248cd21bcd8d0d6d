import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { startRedis } from '@weir/internal/testing'
import t, { type Test } from 'tap'
import { type Cache, createCache, Fill, type Store } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'
import { hearing } from './judging.js'
import { names } from './names.js'
import { passingClient } from './passing-client.js'
import { openStore } from './redis-place.js'

const COUNT = 500
const server = await startRedis(t)
const folder = t.testdir()

/** Stores of several instances; the first one writes. */
const places: Record<string, (t: Test) => Promise<readonly [Store, ...Store[]]>> = {
  memory: async () => {
    const store = memoryStore({ maxBytes: 2 ** 28 })
    return [store, store]
  },
  SQLite: async (t) => {
    const open = () => {
      const store = sqliteStore({ file: join(folder, 'cache.db') })
      t.teardown(() => store.close())
      return store
    }
    return [open(), open()]
  },
  Redis: async (t) => {
    const client = await server.connect()
    const prefix = randomUUID()
    const [a, b] = [openStore(t, { client, prefix }), openStore(t, { client, prefix })]
    for (const store of [a, b]) await hearing(store.namespace('n'))
    // The last one has to ask.
    return [a, b, openStore(t, { client: passingClient(client), prefix })]
  }
}

for (const [place, open] of Object.entries(places)) {
  t.test(`every name is distinct: ${place}`, async (t) => {
    const stores = await open(t)
    const caches = stores.map((store) =>
      createCache<string>({ store, namespace: 'n', l1: { maxBytes: 2 ** 28 } })
    )
    const [writer] = caches
    if (writer === undefined) return
    const all = names(1, COUNT)
    const there = new Map<string, string>()
    const tagOf = (key: string) => all[(all.indexOf(key) + 7) % all.length] ?? key
    const set = (keys: readonly string[], version: string) => Promise.all(keys.map(async (key) => {
      const value = `${version} ${all.indexOf(key)}`
      t.equal(await writer.set(key, value, { ttl: '1h', tags: [tagOf(key)] }), true)
      there.set(key, value)
    }))
    /** Checks each instance, in memory if present, and with one read of all keys. */
    const check = async (what: string) => {
      const expected = all.map((key) => there.get(key))
      for (const [i, cache] of caches.entries()) {
        t.strictSame(
          await Promise.all(all.map((key) => cache.get(key))),
          expected,
          `${what}, read by ${i}`
        )
        t.strictSame(await cache.getMany(all), expected)
      }
      const stored = createCache<string>({ store: stores[0], namespace: 'n', l1: false })
      t.strictSame(await stored.getMany(all), expected, `${what}, as it is in the store`)
    }
    const part = (remainder: number) => all.filter((_, i) => i % 4 === remainder)

    await set(all, 'first')
    await check('all are there')
    await Promise.all(part(0).map((key) => writer.delete(key)))
    for (const key of part(0)) there.delete(key)
    await check('some are deleted')
    const tags = part(1).map(tagOf)
    await Promise.all(tags.map((tag) => writer.invalidate([tag])))
    for (const key of part(1)) there.delete(key)
    await check('some are invalidated')
    await set(part(2), 'second')
    await check('some are set again')
    await writer.invalidate(all.map(tagOf))
    there.clear()
    await check('all are invalidated at once')

    await Promise.all(all.map(async (key) => {
      const value = await writer.remember(
        key,
        { ttl: '1h', tags: [tagOf(key)] },
        () => `computed ${all.indexOf(key)}`
      )
      there.set(key, value)
    }))
    await check('all are computed')
    await Promise.all(part(3).map(async (key) => {
      const value = `renewed ${all.indexOf(key)}`
      await renew(caches.at(-1) ?? writer, key, value)
      there.set(key, value)
    }))
    for (const store of stores) await store.namespace('n').validity.waitForLeases()
    await check('another instance renews some')
    t.equal(caches.reduce((errors, cache) => errors + cache.stats().errors, 0), 0)
  })
}

async function renew (cache: Cache<string>, key: string, value: string): Promise<void> {
  const fill = await cache.acquire(key, { renew: true })
  if (fill instanceof Fill) await fill.commit(value, () => ({ ttl: '1h' }))
}
