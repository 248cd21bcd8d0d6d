import { setTimeout } from 'node:timers/promises'
import { startRedis } from '@weir/internal/testing'
import type { IoredisClient } from '@weir/redis'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { type Cache, createCache } from '../src/index.js'
import { redisStore } from '../src/stores/redis/index.js'
import { CLAIM } from '../src/stores/redis/scripts.js'
import { listening } from './listening.js'
import { passingClient } from './passing-client.js'
import { until } from './redis-node.js'

const OPTIONS = { ttl: '1h', tags: ['tag'] } as const

interface Instance {
  readonly cache: Cache<unknown>
  readonly client: Redis
  /** The commands that it has sent to Redis, except those of its subscription. */
  readonly asked: string[]
  /** Resolves when it has received the next message. */
  heard (): Promise<void>
}

/**
 * An instance that listens on a connection that reconnects. With a lease of a minute in tests that
 * do not depend on the clock.
 */
async function instance (t: Test, path: string, lease: number): Promise<Instance> {
  const client = new Redis({
    path,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 20
  })
  client.on('error', () => {})
  t.teardown(() => { client.disconnect() })
  await new Promise((resolve) => client.once('ready', resolve))
  const asked: string[] = []
  let subscriber: Redis | undefined
  const passing = passingClient(client)
  const counting: IoredisClient = {
    ...passing,
    getBuffer (key) {
      asked.push('get')
      return passing.getBuffer(key)
    },
    evalshaBuffer (sha, keys, ...args) {
      asked.push(sha === CLAIM.sha ? 'claim' : 'script')
      return passing.evalshaBuffer(sha, keys, ...args)
    },
    duplicate: (options) => {
      subscriber = client.duplicate(options)
      return subscriber
    }
  }
  const store = redisStore({ client: counting, lease })
  t.teardown(() => store.close())
  const complete = listening(true)
  const cache = createCache({ store, namespace: 'n' })
  await complete
  asked.length = 0
  return {
    cache,
    client,
    asked,
    heard: () =>
      new Promise((resolve) =>
        subscriber?.once('smessage', () => {
          resolve()
        })
      )
  }
}

const MINUTE = 60_000

t.test(
  'under the lease memory is read without asking, until another instance invalidates',
  async (t) => {
    const { path } = await startRedis(t)
    const a = await instance(t, path, MINUTE)
    const b = await instance(t, path, MINUTE)
    await a.cache.remember('key', OPTIONS, () => 'old')
    t.equal(await b.cache.get('key'), 'old')
    t.strictSame(b.asked, ['get'], 'entries from Redis are checked against received messages')
    b.asked.length = 0
    for (let i = 0; i < 10; i++) t.equal(b.cache.lookup('key')?.entry.value, 'old')
    t.strictSame(b.asked, [])

    const heard = b.heard()
    await a.cache.invalidate(['tag'], { consistency: 'bounded' })
    await heard
    t.equal(b.cache.lookup('key'), undefined)
    t.equal(await b.cache.remember('key', OPTIONS, () => 'new'), 'new')
  }
)

t.test('a strict invalidation resolves when every earlier lease has ended', async (t) => {
  const { path } = await startRedis(t)
  const { cache } = await instance(t, path, 80)
  for (const write of [
    () => cache.invalidate(['tag']),
    () => cache.delete('key'),
    () => cache.clear()
  ]) {
    const began = performance.now()
    await write()
    t.ok(performance.now() - began > 80)
  }
})

t.test('an instance that receives no messages asks, and is right', async (t) => {
  const { path } = await startRedis(t)
  const a = await instance(t, path, MINUTE)
  const b = await instance(t, path, MINUTE)
  await a.cache.remember('key', OPTIONS, () => 'old')
  t.equal(await b.cache.get('key'), 'old')

  const cut = listening(false)
  await a.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await cut
  await a.cache.invalidate(['tag'], { consistency: 'bounded' })
  t.equal(await b.cache.get('key'), undefined, 'nothing heard, nothing trusted')
})

t.test('entries invalidated during a disconnect are not trusted after it', async (t) => {
  const { path } = await startRedis(t)
  const a = await instance(t, path, MINUTE)
  const b = await instance(t, path, MINUTE)
  for (const key of ['one', 'two']) {
    await a.cache.remember(key, { ttl: '1h', tags: [key] }, () => 'old')
    t.equal(await b.cache.get(key), 'old')
  }
  const cut = listening(false, 2)
  const back = listening(true, 2)
  await a.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await a.cache.invalidate(['one'], { consistency: 'bounded' })
  await cut
  await back
  t.equal(await b.cache.get('one'), undefined)
  b.asked.length = 0
  t.equal(await b.cache.get('two'), 'old')
  t.strictSame(b.asked, [], 'what it missed it has read by then')
})

t.test(
  'Redis freezes: memory is not trusted, nothing is stale, and it recovers without a restart',
  async (t) => {
    const server = await startRedis(t)
    const { cache, client } = await instance(t, server.path, 50)
    client.options.commandTimeout = 1000
    await cache.remember('key', OPTIONS, () => 'old')
    server.freeze()
    await setTimeout(60) // longer than the lease
    t.equal(cache.lookup('key'), undefined)
    t.equal(await cache.remember('key', OPTIONS, () => 'computed'), 'computed')
    server.thaw()
    // Eventually a background probe is answered.
    await until('Redis is asked again', async () => (await cache.get('key')) !== undefined)
    t.equal(await cache.get('key'), 'old', 'what was valid is valid')
  }
)

t.test(
  'Redis restarts from an old snapshot: lost invalidations still apply',
  async (t) => {
    const server = await startRedis(t)
    const a = await instance(t, server.path, MINUTE)
    const b = await instance(t, server.path, MINUTE)
    await a.cache.remember('key', OPTIONS, () => 'old')
    t.equal(await b.cache.get('key'), 'old')
    await a.client.save()
    await a.cache.invalidate(['tag'], { consistency: 'bounded' })

    const back = listening(true, 2)
    await server.restart()
    await back
    for (const { cache } of [a, b]) t.equal(await cache.get('key'), undefined)
    t.equal(await a.cache.remember('key', OPTIONS, () => 'new'), 'new')
    t.equal(await b.cache.get('key'), 'new')
  }
)

t.test('Redis restarted empty', async (t) => {
  const server = await startRedis(t)
  const a = await instance(t, server.path, MINUTE)
  const b = await instance(t, server.path, MINUTE)
  await a.cache.remember('key', OPTIONS, () => 'old')
  t.equal(await b.cache.get('key'), 'old')
  const back = listening(true, 2)
  await server.restart()
  await back
  await a.cache.invalidate(['tag'], { consistency: 'bounded' })
  t.equal(await b.cache.get('key'), undefined)
})

t.test('a stalled event loop ends the lease', async (t) => {
  const { path } = await startRedis(t)
  const { cache } = await instance(t, path, 50)
  await cache.remember('key', OPTIONS, () => 'value')
  const end = performance.now() + 500
  while (performance.now() < end);
  t.equal(cache.lookup('key'), undefined)
  t.equal(await cache.get('key'), 'value', 'Redis is asked')
})
