import { join } from 'node:path'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { startRedis } from '@weir/internal/testing'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { type Cache, createCache, Fill, type Store } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'
import { TagTable } from '../src/tag-table.js'
import { NOW, stopDate } from './clock.js'
import { valid } from './judging.js'
import { randomFrom } from './random.js'
import { until } from './redis-node.js'
import { nextPrefix, openPool, openPostgres, startServer, urlOf } from './postgres-place.js'
import { openStore } from './redis-place.js'

// Allows for a busy machine.
t.setTimeout(180_000)

const MAX_TAGS = 200
// Maximum number of records that one write removes in addition.
const BATCH = 16
const [ROUNDS, AT_ONCE] = [10, 300]

interface Counts { readonly tags: number, readonly replaced: number }
interface Place {
  readonly store: Store
  readonly count: () => Promise<Counts>
  /** Number of rounds, for stores in which each takes longer. */
  readonly rounds?: number
}

const server = await startRedis(t)
const folder = t.testdir()
let files = 0

const places: Record<string, (t: Test) => Promise<Place>> = {
  Redis: async (t) => {
    const control = await server.connect()
    await control.flushall()
    const count = async (name: string) => control.zcard(`weir:{n}:${name}`)
    return {
      store: openStore(t, { client: await server.connect(), maxTags: MAX_TAGS }),
      // Clock, floor and history are members too.
      count: async () => ({
        tags: Math.max(0, (await count('tags')) - 3),
        replaced: await count('replaced')
      })
    }
  },
  SQLite: async (t) => {
    const file = join(folder, `${++files}.db`)
    const store = sqliteStore({ file, maxTags: MAX_TAGS })
    const db = new Database(file)
    t.teardown(async () => {
      db.close()
      await store.close()
    })
    const count = (table: string) =>
      Number(db.prepare(`SELECT count(*) FROM ${table} WHERE namespace = 'n'`).pluck().get())
    return { store, count: async () => ({ tags: count('tags'), replaced: count('replaced') }) }
  }
}

const postgres = await startServer(t)
const control = openPool(t, postgres)
places['Postgres'] = async (t) => {
  const prefix = nextPrefix()
  const store = openPostgres(t, { url: urlOf(postgres), prefix, maxTags: MAX_TAGS })
  await store.namespace('n').validity.stamp()
  const count = async (isKey: boolean) =>
    (await control.query(`SELECT FROM ${prefix}_records WHERE is_key = $1`, [isKey])).rowCount ?? 0
  return {
    store,
    count: async () => ({ tags: await count(false), replaced: await count(true) }),
    rounds: 2
  }
}

type Work = (
  cache: Cache<number>,
  keys: readonly string[],
  date: ReturnType<typeof stopDate>
) => Promise<unknown>

const STALE = { ttl: '1m', staleWhileRevalidate: '1h', tags: ['all'] } as const
const BOUNDED = { consistency: 'bounded' } as const

async function renew (cache: Cache<number>, key: string): Promise<void> {
  const fill = await cache.acquire(key, { renew: true })
  if (fill instanceof Fill) await fill.commit(2, () => STALE)
}

const works: Record<string, Work> = {
  'stale-while-revalidate': async (cache, keys, date) => {
    const all = () => Promise.all(keys.map((key) => cache.remember(key, STALE, () => 1)))
    await all()
    date.advance(61_000)
    await all()
    while (cache.stats().flights > 0) await setImmediate()
  },
  renewals: async (cache, keys) => {
    await Promise.all(keys.map((key) => cache.remember(key, STALE, () => 1)))
    await Promise.all(keys.map((key) => renew(cache, key)))
  },
  sets: (cache, keys) =>
    Promise.all(keys.map((key) => cache.set(key, 1, { ttl: '1h', ...BOUNDED }))),
  deletes: (cache, keys) => Promise.all(keys.map((key) => cache.delete(key, BOUNDED))),
  invalidations: (cache, keys) => Promise.all(keys.map((key) => cache.invalidate([key], BOUNDED))),
  'a mix of them': async (cache, keys, date) => {
    const random = randomFrom(keys.length + cache.stats().stores)
    await Promise.all(
      keys.map(async (key, i) => {
        const other = keys[random(keys.length)] ?? key
        switch (random(6)) {
          case 0:
            return cache.set(key, i, { ttl: '1m', tags: [other], ...BOUNDED })
          case 1:
            return cache.delete(other, BOUNDED)
          case 2:
            return cache.invalidate([key, other], BOUNDED)
          case 3:
            return renew(cache, other)
          default:
            return cache.remember(other, STALE, () => i)
        }
      })
    )
    date.advance(61_000)
    while (cache.stats().flights > 0) await setImmediate()
  }
}

for (const [name, open] of Object.entries(places)) {
  t.test(`no writer leaves more than maxTags records of a kind: ${name}`, async (t) => {
    for (const [kind, work] of Object.entries(works)) {
      await t.test(kind, async (t) => {
        const date = stopDate(t)
        const { store, count, rounds = ROUNDS } = await open(t)
        const cache = createCache<number>({ store, namespace: 'n' })
        let [tags, replaced] = [0, 0]
        const ended = new AbortController()
        const look = async () => {
          const counted = await count()
          tags = Math.max(tags, counted.tags)
          replaced = Math.max(replaced, counted.replaced)
        }
        const looking = async () => {
          for (; !ended.signal.aborted; await setTimeout(5)) await look()
        }
        const looked = looking()
        for (let round = 0; round < rounds; round++) {
          await work(
            cache,
            Array.from({ length: AT_ONCE }, (_, i) => `${kind} ${round * AT_ONCE + i}`),
            date
          )
          await look()
        }
        ended.abort()
        await looked
        t.ok(Math.max(tags, replaced) >= MAX_TAGS, 'enough was written to reach the limit')
        t.ok(tags <= MAX_TAGS + BATCH, `${tags} records of tags`)
        t.ok(replaced <= MAX_TAGS + BATCH, `${replaced} records of replacements`)
        t.equal(cache.stats().errors, 0)
      })
    }
  })
}

t.test('no writer leaves more than maxTags records of a kind: memory', async (t) => {
  const random = randomFrom(7)
  const table = new TagTable(0, MAX_TAGS)
  for (let stamp = 1; stamp <= 20_000; stamp++) {
    const name = `${random(5000)}`
    if (random(2) === 0) table.record(name, stamp)
    else table.replace(name, stamp, random(3) === 0 ? Infinity : Date.now() + 60_000)
    if (table.stamps.size > MAX_TAGS || table.replaced.size > MAX_TAGS) {
      t.fail(`too many at ${stamp}`)
    }
  }
  t.equal(table.stamps.size + table.replaced.size > MAX_TAGS, true)
})

t.test(
  'the record of a replacement does not outlive the replaced entry: Redis',
  async (t) => {
    const control = await server.connect()
    await control.flushall()
    const { validity } = openStore(t, { client: await server.connect() }).namespace('n')
    const replace = async (key: string, end: number) =>
      validity.replace({ key, stamp: await validity.stamp(), tags: [] }, end)
    const KEYS = ['weir:{n}:replaced', 'weir:{n}:replaced-until'] as const
    // Redis adds 10 s, to allow for clock differences.
    for (let i = 0; i < 40; i++) await replace(`ended ${i}`, Date.now() - 10_001)
    await replace('one more', Date.now() + 3_600_000)
    t.strictSame(
      await Promise.all(KEYS.map((key) => control.zcard(key))),
      [1, 1],
      'each writer removes expired records'
    )
    const left = await control.pttl(KEYS[0])
    t.ok(left > 3_600_000 && left <= 3_611_000, `${left} ms until all are gone`)

    await control.flushall()
    for (let i = 0; i < 40; i++) await replace(`soon ${i}`, Date.now() - 9_800)
    await until('they are gone without a write', async () => (await control.exists(...KEYS)) === 0)
  }
)

t.test(
  'the record of a replacement does not outlive the replaced entry: Postgres',
  async (t) => {
    const place = await places['Postgres']?.(t)
    if (place === undefined) return
    const { validity } = place.store.namespace('n')
    const replace = async (key: string, end: number) =>
      validity.replace({ key, stamp: await validity.stamp(), tags: [] }, end)
    // The store adds 10 s, to allow for clock differences.
    for (let i = 0; i < 40; i++) await replace(`ended ${i}`, Date.now() - 10_001)
    await replace('one more', Date.now() + 3_600_000)
    t.equal((await place.count()).replaced, 1, 'each writer removes those that have ended')
  }
)

t.test(
  'the record of a replacement does not outlive the replaced entry: SQLite',
  async (t) => {
    const date = stopDate(t)
    const place = await places.SQLite?.(t)
    if (place === undefined) return
    const { store, count } = place
    const { validity } = store.namespace('n')
    for (let i = 0; i < 100; i++) {
      await validity.replace({ key: `${i}`, stamp: await validity.stamp(), tags: [] }, NOW + 1000)
    }
    t.equal((await count()).replaced, 100)
    date.advance(1000)
    // Sets alone write no record of another key; the store sweeps periodically.
    const cache = createCache<number>({ store, namespace: 'other' })
    for (let i = 0; i < 7 * 128; i++) await cache.remember(`${i}`, { ttl: '1m' }, () => i)
    t.equal((await count()).replaced, 0)
  }
)

t.test('the record of a replacement expires with the replaced entry: memory', async (t) => {
  const date = stopDate(t)
  const namespace = memoryStore({ maxTags: MAX_TAGS }).namespace('n')
  const { validity } = namespace
  const old = await validity.stamp()
  await validity.replace({ key: 'key', stamp: await validity.stamp(), tags: [] }, NOW + 1000)
  t.notOk(await valid(namespace, old, [], 'key'))
  date.advance(1000)
  for (let i = 0; i < 3; i++) {
    await validity.replace({ key: 'another', stamp: await validity.stamp(), tags: [] }, NOW + 5000)
  }
  t.ok(await valid(namespace, old, [], 'key'))
})
