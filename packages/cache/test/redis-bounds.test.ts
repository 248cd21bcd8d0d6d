import { createClient } from '@redis/client'
import { startRedis } from '@weir/internal/testing'
import { openRedis, type RedisClient } from '@weir/redis'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import t, { type Test } from 'tap'
import { createCache } from '../src/index.js'
import { redisStore } from '../src/stores/redis/index.js'
import { connectCluster, startCluster } from './redis-cluster.js'
import { until } from './redis-node.js'
import { openStore } from './redis-place.js'

// Nothing exists here.
const NOWHERE = '/nonexistent/redis.sock'

/** Clients with their libraries' defaults: they queue commands and retry forever. */
const plain: Record<string, (t: Test, path: string) => RedisClient> = {
  'ioredis 6' (t, path) {
    const client = new Redis(path)
    t.teardown(() => { client.disconnect() })
    return client
  },
  'ioredis 5' (t, path) {
    const client = new Redis5(path)
    t.teardown(() => { client.disconnect() })
    return client
  },
  'node-redis' (t, path) {
    const client = createClient({ socket: { path, tls: false } })
    t.teardown(() => { client.destroy() })
    client.connect().catch(() => {})
    return client
  }
}

for (const [name, connect] of Object.entries(plain)) {
  t.test(`a plain client of ${name}`, async (t) => {
    t.test('without Redis, no call waits longer than a command may take', async (t) => {
      const connection = openRedis({ client: connect(t, NOWHERE), commandTimeout: 20 }, 'weir')
      t.teardown(() => connection.close())
      await t.rejects(connection.read('key'), {
        code: 'WEIR_REDIS_TIMEOUT',
        message: /GET within 20 ms/
      })
      await t.rejects(connection.unlink('key'), { code: 'WEIR_REDIS_TIMEOUT' })
    })

    t.test('Redis freezes: a cache continues without it, and uses it again', async (t) => {
      const server = await startRedis(t)
      const cache = createCache<string>({
        store: openStore(t, { client: connect(t, server.path), commandTimeout: 200 }),
        namespace: 'n',
        l1: false
      })
      await until('it is connected', () =>
        cache.set('key', 'value', { ttl: '1h' }).catch(() => false)
      )
      server.freeze()
      t.equal(await cache.remember('key', { ttl: '1h' }, () => 'computed'), 'computed')
      server.thaw()
      await until('it is used again', async () => await cache.get('key') === 'value')
    })
  })
}

t.test('a client that queues commands gets none before it is connected', async (t) => {
  const server = await startRedis(t)
  await server.kill()
  const client = new Redis(server.path)
  t.teardown(() => { client.disconnect() })
  const connection = openRedis({ client, commandTimeout: 20 }, 'weir')
  for (let i = 0; i < 3; i++) await t.rejects(connection.unlink('key'))
  // Queued commands are sent once it is connected.
  const sent: string[] = []
  const send = client.sendCommand.bind(client)
  client.sendCommand = (command, ...rest) => {
    sent.push(command.name)
    return send(command, ...rest)
  }
  // Not once() of node:events, which rejects if a connection attempt fails.
  const ready = new Promise((resolve) => { client.once('ready', resolve) })
  await server.restart()
  await ready
  t.notOk(sent.includes('unlink'))
})

t.test('a database that does not exist is an error, not database 0', async (t) => {
  const server = await startRedis(t)
  const control = await server.connect()
  for (const make of [
    () => new Redis({ path: server.path, db: 99 }),
    () => new Redis5({ path: server.path, db: 99, enableOfflineQueue: false })
  ]) {
    const client = make()
    t.teardown(() => { client.disconnect() })
    const connection = openRedis({ client, commandTimeout: 10_000 }, 'weir')
    for (let i = 0; i < 2; i++) {
      await t.rejects(connection.unlink('key'), {
        code: 'WEIR_REDIS_DATABASE',
        message: /database 99/,
        cause: /out of range/
      })
    }
    await t.rejects(connection.read('key'), { code: 'WEIR_REDIS_DATABASE' })
  }
  const client = new Redis({ path: server.path, db: 3, lazyConnect: true })
  t.teardown(() => { client.disconnect() })
  const store = openStore(t, { client })
  await store.namespace('n').validity.stamp()
  await control.select(3)
  t.equal(await control.exists('weir:{n}:tags'), 1, 'one that exists is used')
})

t.test(
  'a killed master of a cluster delays a read by one timeout, whatever its client does',
  async (t) => {
    const cluster = await startCluster(t)
    const client = await connectCluster(t, cluster.addresses)
    const connection = openRedis({ client, commandTimeout: 100 }, 'weir')
    const [owner] = cluster.nodes
    const keys = Array.from({ length: 50 }, (_, i) => `key-${i}`)
    const owners = await Promise.all(keys.map((key) => cluster.ownerOf(key)))
    const lost = keys.filter((_, i) => owners[i] === owner)
    await owner?.kill()
    const begun = performance.now()
    const results = await Promise.allSettled(lost.map((key) => connection.read(key)))
    const took = performance.now() - begun
    t.ok(results.every(({ status }) => status === 'rejected'))
    // Sixteen redirections with pauses would take seconds.
    t.ok(took < 1000, `${took} ms`)
  }
)

t.test('an unknown client is an error that says what to use', async (t) => {
  const refused = { code: 'WEIR_CACHE_INVALID_OPTION' }
  t.throws(() => redisStore({}), {
    ...refused,
    message: /use \{ url: "redis:\/\/host:6379" \}, or \{ client \}/
  })
  t.throws(() => redisStore({ url: 'http://host' }), { ...refused, message: /begins with http:/ })
  t.throws(() => redisStore({ url: NOWHERE, client: new Redis({ lazyConnect: true }) }), {
    ...refused,
    message: /Both url and client/
  })
  t.throws(() => redisStore({ url: NOWHERE, commandTimeout: 0 }), {
    ...refused,
    message: /commandTimeout 0 is not/
  })
  for (const client of [{}, 'redis://127.0.0.1', { get () {}, set () {} }, null]) {
    // @ts-expect-error: what a JavaScript user may write
    t.throws(() => redisStore({ client }), refused)
  }
  t.throws(() => openRedis({}, 'weir'), { code: 'WEIR_REDIS_NO_CLIENT' })
  // @ts-expect-error: what a JavaScript user may write
  t.throws(() => openRedis({ client: { sendCommand () {} } }, 'weir'), {
    code: 'WEIR_REDIS_UNKNOWN_CLIENT',
    message: /node-redis 5/
  })
})

t.test('a node-redis client that was never connected reports that', async (t) => {
  const connection = openRedis({ client: createClient() }, 'weir')
  await t.rejects(connection.read('key'), {
    code: 'WEIR_REDIS_NOT_CONNECTED',
    message: /connect\(\)/
  })
})
