import { createClient, RESP_TYPES } from '@redis/client'
import { startRedis } from '@weir/internal/testing'
import { Redis, type RedisOptions } from 'ioredis'
import { Redis as Redis5, type RedisOptions as Redis5Options } from 'ioredis5'
import t, { type Test } from 'tap'
import type { RedisStoreOptions } from '../src/stores/redis/index.js'
import { redisPlace } from './redis-place.js'
import { storeContract } from './store-contract.js'

// The contract takes long on a busy machine.
t.setTimeout(300_000)
// Strict invalidations wait for a lease, which takes time and no CPU: four clients wait together.
t.jobs = 4

/** A connection to the server at a path, closed after the test. */
type Connect = (path: string) => (t: Test) => Promise<Pick<RedisStoreOptions, 'url' | 'client'>>

/** ioredis 6 with options that change replies, key names, or when commands are sent. */
const ioredis6 =
  (options: RedisOptions & { replyMapping?: 'legacy' | 'resp3' }): Connect =>
    (path) => async (t) => {
      const client = new Redis<'legacy' | 'resp3'>({ path, ...options })
      t.teardown(() => {
        client.disconnect()
      })
      return { client }
    }

const ioredis5 = (options: Redis5Options): Connect => (path) => async (t) => {
  const client = new Redis5({ path, ...options })
  t.teardown(() => { client.disconnect() })
  return { client }
}

const nodeRedis = (RESP: 2 | 3) => (path: string) => async (t: Test) => {
  const client = createClient({ RESP, socket: { path, tls: false } })
  t.teardown(() => { client.destroy() })
  await client.connect()
  return { client }
}

/** Text as by default, numbers as text. */
const mapped: Connect = (path) => async (t) => {
  const { client } = await nodeRedis(3)(path)(t)
  return {
    client: client.withTypeMapping({
      [RESP_TYPES.NUMBER]: String,
      [RESP_TYPES.BLOB_STRING]: String
    })
  }
}

/** The store contract by a client, with a server of its own: each test empties it. */
async function contract (name: string, connect: Connect, keyPrefix?: string) {
  const server = await startRedis(t)
  storeContract(t, name, { shared: true, persistent: true }, (t) =>
    redisPlace(t, server, connect(server.path), keyPrefix)
  )
}

await contract('its own client, by a url', (url) => async () => ({ url }))
await contract('a plain client of ioredis 5', ioredis5({}))
await contract(
  'ioredis 5 with options',
  ioredis5({ stringNumbers: true, keyPrefix: '{app}:', enableAutoPipelining: true }),
  '{app}:'
)
await contract('a plain client of ioredis 6', ioredis6({ lazyConnect: true }))
await contract(
  'ioredis 6 with options',
  ioredis6({ stringNumbers: true, keyPrefix: 'app:', protocol: 2, showFriendlyErrorStack: true }),
  'app:'
)
await contract(
  'ioredis 6 with replies as RESP3 has them',
  ioredis6({ replyMapping: 'resp3', enableAutoPipelining: true, enableOfflineQueue: false })
)
await contract('node-redis', nodeRedis(2))
await contract('node-redis with a type mapping', mapped)
