import { join } from 'node:path'
import { startMemcached, startRedis } from '@weir/internal/testing'
import t, { type Test } from 'tap'
import { createCache, type Store } from '../src/index.js'
import { memcachedStore } from '../src/stores/memcached/index.js'
import { postgresStore } from '../src/stores/postgres/index.js'
import { redisStore } from '../src/stores/redis/index.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'
import { startServer, urlOf } from './postgres-place.js'
import { race, type Work } from './verb-processes.js'

// Allows for a busy machine.
t.setTimeout(300_000)

const [PROCESSES, INCREMENTS, ROUNDS] = [8, 1000, 40]
// Fewer, because all wait for one row.
const FEWER = 200

const stores: Record<
  string,
  (t: Test) => Promise<{ store: Store; place: Work['place']; increments?: number }>
> = {
  async SQLite (t) {
    const place = { file: join(t.testdir(), 'cache.db') }
    return { store: sqliteStore(place), place }
  },
  async Redis (t) {
    const server = await startRedis(t)
    return { store: redisStore({ url: server.path, lease: 10 }), place: { redis: server.path } }
  },
  async Postgres (t) {
    const url = urlOf(await startServer(t))
    return {
      store: postgresStore({ url, lease: 10, commandTimeout: 60_000 }),
      place: { postgres: url },
      increments: FEWER
    }
  },
  async Memcached (t) {
    const place = { servers: [(await startMemcached(t)).address] }
    return { store: memcachedStore({ ...place, commandTimeout: 60_000 }), place }
  }
}

for (const [name, open] of Object.entries(stores)) {
  t.test(
    `${PROCESSES} processes on ${name}: no increment is lost, and each race has one winner`,
    async (t) => {
      const { store, place, increments = INCREMENTS } = await open(t)
      t.teardown(() => store.close())
      const cache = createCache<string | number>({ store, namespace: 'n' })
      const rounds = Array.from({ length: ROUNDS }, (_, i) => i)
      await cache.setMany(
        rounds.flatMap(
          (round) =>
            [
              [`pull-${round}`, 'begin'],
              [`set-${round}`, 'begin']
            ] as const
        ),
        { ttl: '1h' }
      )

      const seen = await race(t, PROCESSES, { place, increments, rounds: ROUNDS })
      const sums = seen.flatMap(({ sums }) => sums).sort((a, b) => a - b)
      t.strictSame(
        sums,
        Array.from({ length: PROCESSES * increments }, (_, i) => i + 1),
        'each sum was given once'
      )
      t.equal(await cache.get('counter'), PROCESSES * increments)
      for (const kind of ['add', 'pull', 'compareAndSet']) {
        const winners = rounds.map(
          (round) => seen.filter(({ won }) => won[kind]?.[round] === true).length
        )
        t.strictSame(
          winners,
          rounds.map(() => 1),
          kind
        )
      }
    }
  )
}
