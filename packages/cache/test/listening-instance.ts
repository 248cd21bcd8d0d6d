import type { IoredisClient } from '@weir/redis'
import type { Cluster, Redis } from 'ioredis'
import type { Test } from 'tap'
import { type Cache, createCache } from '../src/index.js'
import { redisStore } from '../src/stores/redis/index.js'
import { listening } from './listening.js'
import { passingClient } from './passing-client.js'
import { until } from './redis-node.js'

export interface ListeningInstance {
  readonly cache: Cache<unknown>
  /** Resolves when it has received the next message. */
  heard (): Promise<void>
}

/**
 * An instance that listens on its own connection; with a lease of a minute in tests that do not
 * depend on the clock.
 */
export async function listeningInstance (
  t: Test, client: Redis | Cluster, { namespace = 'n', lease = 60_000 } = {}
): Promise<ListeningInstance> {
  let waiting: (() => void)[] = []
  const eared = (node: Redis) => ({
    unlink: (key: string) => node.unlink(key),
    duplicate (options: Parameters<Redis['duplicate']>[0]) {
      const connection = node.duplicate(options)
      connection.on('smessage', () => {
        for (const tell of waiting) tell()
        waiting = []
      })
      return connection
    }
  })
  const passing = passingClient(client)
  const watched: IoredisClient =
    'nodes' in client
      ? {
          ...passing,
          nodes: () => client.nodes().map(eared),
          refreshSlotsCache: () => {
            client.refreshSlotsCache()
          }
        }
      : { ...passing, ...eared(client) }
  const store = redisStore({ client: watched, lease })
  t.teardown(() => store.close())
  const complete = listening(true)
  const cache = createCache({ store, namespace })
  await complete
  return { cache, heard: () => new Promise((resolve) => { waiting.push(resolve) }) }
}

/**
 * Checks that instances have recovered: one reads from memory until the other invalidates. Their
 * leases have to be short.
 */
export async function hearsAgain (
  t: Test,
  writer: ListeningInstance,
  reader: ListeningInstance
): Promise<void> {
  await writer.cache.remember('heard again', { ttl: '1h', tags: ['heard again'] }, () => 'old')
  await until('memory is read without asking', async () => {
    t.equal(await reader.cache.get('heard again'), 'old')
    return reader.cache.lookup('heard again') !== undefined
  })
  await writer.cache.invalidate(['heard again'])
  t.equal(reader.cache.lookup('heard again'), undefined)
  t.equal(await reader.cache.get('heard again'), undefined)
}
