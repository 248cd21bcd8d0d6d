import { createClient, RESP_TYPES } from '@redis/client'
import { startRedis } from '@weir/internal/testing'
import { Redis, type RedisOptions } from 'ioredis'
import { Redis as Redis5, type RedisOptions as Redis5Options } from 'ioredis5'
import t, { type Test } from 'tap'
import { redisPlace } from './redis-place.js'
import { storeContract } from './store-contract.js'

// The contract takes long on a busy machine.
t.setTimeout(300_000)

const server = await startRedis(t)

/** ioredis 6 with options that change replies, key names, or when commands are sent. */
const ioredis6 =
  (options: RedisOptions & { replyMapping?: 'legacy' | 'resp3' }) => async (t: Test) => {
    const client = new Redis<'legacy' | 'resp3'>({ path: server.path, ...options })
    t.teardown(() => {
      client.disconnect()
    })
    return { client }
  }

const ioredis5 = (options: Redis5Options) => async (t: Test) => {
  const client = new Redis5({ path: server.path, ...options })
  t.teardown(() => { client.disconnect() })
  return { client }
}

const nodeRedis = (RESP: 2 | 3) => async (t: Test) => {
  const client = createClient({ RESP, socket: { path: server.path, tls: false } })
  t.teardown(() => { client.destroy() })
  await client.connect()
  return { client }
}

/** Text as by default, numbers as text. */
async function mapped (t: Test) {
  const { client } = await nodeRedis(3)(t)
  return {
    client: client.withTypeMapping({
      [RESP_TYPES.NUMBER]: String,
      [RESP_TYPES.BLOB_STRING]: String
    })
  }
}

storeContract(t, 'its own client, by a url', { shared: true, persistent: true }, (t) =>
  redisPlace(t, server, async () => ({ url: server.path }))
)
storeContract(t, 'a plain client of ioredis 5', { shared: true, persistent: true }, (t) =>
  redisPlace(t, server, ioredis5({}))
)
storeContract(t, 'ioredis 5 with options', { shared: true, persistent: true }, (t) =>
  redisPlace(
    t,
    server,
    ioredis5({ stringNumbers: true, keyPrefix: '{app}:', enableAutoPipelining: true }),
    '{app}:'
  )
)
storeContract(t, 'a plain client of ioredis 6', { shared: true, persistent: true }, (t) =>
  redisPlace(t, server, ioredis6({ lazyConnect: true }))
)
storeContract(t, 'ioredis 6 with options', { shared: true, persistent: true }, (t) =>
  redisPlace(
    t,
    server,
    ioredis6({
      stringNumbers: true,
      keyPrefix: 'app:',
      protocol: 2,
      showFriendlyErrorStack: true
    }),
    'app:'
  )
)
storeContract(
  t,
  'ioredis 6 with replies as RESP3 has them',
  { shared: true, persistent: true },
  (t) =>
    redisPlace(
      t,
      server,
      ioredis6({ replyMapping: 'resp3', enableAutoPipelining: true, enableOfflineQueue: false })
    )
)
storeContract(t, 'node-redis', { shared: true, persistent: true }, (t) =>
  redisPlace(t, server, nodeRedis(2))
)
storeContract(t, 'node-redis with a type mapping', { shared: true, persistent: true }, (t) =>
  redisPlace(t, server, mapped)
)
