import type { TestRedis } from '@weir/internal/testing'
import type { Test } from 'tap'
import type { Store } from '../src/index.js'
import { redisStore, type RedisStoreOptions } from '../src/stores/redis/index.js'
import { CLOCK } from '../src/stores/redis/scripts.js'
import type { StorePlace } from './store-place.js'

/**
 * A store that is closed after the test, with a short lease and a timeout suited to a busy machine.
 */
export function openStore (t: Test, options: RedisStoreOptions): Store {
  const store = redisStore({ lease: 10, commandTimeout: 60_000, ...options })
  t.teardown(() => store.close())
  return store
}

/**
 * A place in Redis for the store contract.
 * @param locate returns the options of another handle
 * @param keyPrefix prefix that its client adds to every key
 * @param login for a second process
 */
export async function redisPlace (
  t: Test,
  server: TestRedis,
  locate: (t: Test) => Promise<Pick<RedisStoreOptions, 'url' | 'client'>>,
  keyPrefix = '',
  login?: { username: string; password: string }
): Promise<StorePlace> {
  const control = await server.connect()
  await control.flushall()
  const prefix = `${keyPrefix}weir`
  return {
    process: { kind: 'redis', path: server.path, prefix, ...(login && { login }) },
    open: async (options) => openStore(t, { ...(await locate(t)), ...options }),
    remaining: (namespace, key) => control.pttl(`${prefix}:${namespace}:{=${key}}`),
    async setClock (namespace, clock) {
      await control.zadd(`${prefix}:{${namespace}}:tags`, clock, CLOCK)
    },
    async loseRecords (namespace) {
      await control.del(`${prefix}:{${namespace}}:tags`)
    },
    async loseReplacements (namespace) {
      await control.del(`${prefix}:{${namespace}}:replaced`)
    }
  }
}
