import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Cache, createCache, type Store } from '../src/index.js'
import { redisStore } from '../src/stores/redis/index.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'
import { gatedFn } from './gate.js'
import { type InstanceProcess, type Place, startInstance } from './instance-process.js'
import { startRedis } from '@weir/internal/testing'

/**
 * Two instances in two processes over one store: neither serves a value that the other has
 * replaced.
 */
const stores: Record<string, (t: Test) => Promise<{ store: Store, place: Place }>> = {
  async sqlite (t) {
    const file = join(t.testdir(), 'cache.db')
    const store = sqliteStore({ file })
    t.teardown(() => store.close())
    return { store, place: { kind: 'sqlite', file } }
  },
  async redis (t) {
    const server = await startRedis(t)
    const store = redisStore({ client: await server.connect(), lease: 10 })
    t.teardown(() => store.close())
    return { store, place: { kind: 'redis', path: server.path } }
  }
}

const writes: Record<string, (instance: InstanceProcess) => Promise<void>> = {
  'invalidate()': (instance) => instance.call('invalidate', ['tag']),
  'delete()': (instance) => instance.call('delete', 'key'),
  'clear()': (instance) => instance.call('clear', undefined)
}

const OPTIONS = { ttl: '1h', tags: ['tag'] } as const

for (const [name, open] of Object.entries(stores)) {
  t.test(`two processes on ${name}`, async (t) => {
    const { store, place } = await open(t)
    const here = createCache<string>({ store, namespace: 'n' })
    const there = await startInstance(t, place, 'n')
    const fill = { key: 'key', value: 'theirs', tags: ['tag'] }

    await t.test('a miss in one is a hit in the other', async (t) => {
      await here.remember('key', OPTIONS, () => 'ours')
      t.equal(await there.call('remember', fill), 'ours')
      t.equal(await there.call('fills', undefined), 0)
    })

    for (const [name, write] of Object.entries(writes)) {
      await t.test(`${name} there, at the very next read here`, async (t) => {
        await here.remember('key', OPTIONS, () => 'ours')
        t.equal(await here.get('key'), await there.call('get', 'key'))
        await write(there)
        t.equal(here.lookup('key'), undefined)
        t.equal(await here.get('key'), undefined)
      })

      await t.test(`${name} there, across a fill here`, (t) => race(t, here, there, write))
    }

    await t.test('invalidate() here, at the very next read there', async (t) => {
      await there.call('remember', fill)
      t.equal(await there.call('get', 'key'), await here.get('key'))
      await here.invalidate(['tag'])
      t.equal(await there.call('get', 'key'), null)
    })
  })
}

async function race (
  t: Test,
  here: Cache<string>,
  there: InstanceProcess,
  write: (there: InstanceProcess) => Promise<void>
) {
  await here.delete('key')
  const slow = gatedFn<string>()
  const own = here.remember('key', OPTIONS, slow.fn)
  await slow.started
  await write(there)
  const after = here.remember('key', OPTIONS, () => 'ours, new')
  const theirs = there.call('remember', { key: 'key', value: 'theirs, new', tags: ['tag'] })
  slow.end('old')
  t.equal(await own, 'old')
  t.match(await after, /, new$/, 'starts over')
  t.equal(await theirs, await after, 'one of them computes, for both')
  t.equal(await here.get('key'), await after)
  t.equal(await there.call('get', 'key'), await after)
}
