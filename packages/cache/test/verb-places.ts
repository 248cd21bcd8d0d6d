import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { startMemcached, startRedis } from '@weir/internal/testing'
import type { Redis } from 'ioredis'
import type { Test } from 'tap'
import { type Cache, type CacheOptions, createCache, type Store } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'
import { hearing } from './judging.js'
import { openMemcached } from './memcached-place.js'
import { passingClient } from './passing-client.js'
import { nextPrefix, openPostgres, startServer, urlOf } from './postgres-place.js'
import { openStore } from './redis-place.js'

/** Creates several caches over one store, each with its own handle if the store is shared. */
export type MakeCaches = <T>(
  t: Test,
  count: number,
  options?: Partial<CacheOptions<T>>
) => Promise<Fleet<T>>

export interface Fleet<T> {
  readonly caches: readonly [Cache<T>, ...Cache<T>[]]
  /** Loses the key's entry in the store, like an eviction. */
  readonly evictFromStore: (key: string) => Promise<void>
}

/**
 * Returns the caches for tests of the atomic methods, by store. One server of each kind serves all
 * tests of a file.
 */
export async function verbPlaces (t: Test): Promise<Readonly<Record<string, MakeCaches>>> {
  const [server, memcached] = await Promise.all([startRedis(t), startMemcached(t)])
  const postgres = urlOf(await startServer(t))
  const folder = t.testdir()
  const fleet = async <T>(
    stores: readonly Store[],
    options?: Partial<CacheOptions<T>>
  ): Promise<Fleet<T>> => {
    const [first, ...others] = stores.map((store) =>
      createCache<T>({ fillTimeout: '1s', ...options, store, namespace: 'n' })
    )
    const [store] = stores
    if (first === undefined || store === undefined) throw new Error('no caches')
    return {
      caches: [first, ...others],
      evictFromStore: (key) => store.namespace('n').entries.delete(key)
    }
  }
  const redis =
    (
      clientOf: (client: Redis) => Parameters<typeof openStore>[1]['client'],
      hears: boolean
    ): MakeCaches =>
      async (t, count, options) => {
        const prefix = randomUUID()
        const stores = await Promise.all(
          Array.from({ length: count }, async () =>
            openStore(t, { client: clientOf(await server.connect()), prefix })
          )
        )
        if (hears) for (const store of stores) await hearing(store.namespace('n'))
        return fleet(stores, options)
      }
  return {
    memory: (_t, count, options) => {
      const store = memoryStore()
      return fleet(Array.from({ length: count }, () => store), options)
    },
    SQLite: (t, count, options) => {
      const file = join(folder, `${randomUUID()}.db`)
      return fleet(Array.from({ length: count }, () => {
        const store = sqliteStore({ file })
        t.teardown(() => store.close())
        return store
      }), options)
    },
    Postgres: async (t, count, options) => {
      const prefix = nextPrefix()
      const stores = Array.from({ length: count }, () => openPostgres(t, { url: postgres, prefix }))
      for (const store of stores) await hearing(store.namespace('n'))
      return fleet(stores, options)
    },
    Memcached: (t, count, options) => {
      const prefix = randomUUID()
      return fleet(
        Array.from({ length: count }, () =>
          openMemcached(t, { servers: [memcached.address], prefix })
        ),
        options
      )
    },
    'Redis, hearing': redis((client) => client, true),
    'Redis, asking': redis((client) => passingClient(client), false)
  }
}
