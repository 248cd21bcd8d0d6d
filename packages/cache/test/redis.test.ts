import { randomUUID } from 'node:crypto'
import { startRedis } from '@weir/internal/testing'
import type { IoredisClient } from '@weir/redis'
import { Redis } from 'ioredis'
import t from 'tap'
import { createCache } from '../src/index.js'
import { redisStore } from '../src/stores/redis/index.js'
import { RECORDS, REPLACED, STAMP } from '../src/stores/redis/scripts.js'
import { record } from './events.js'
import { frameOf } from './frames.js'
import { gatedFn } from './gate.js'
import { valid } from './judging.js'
import { listening } from './listening.js'
import { passingClient } from './passing-client.js'
import { openStore, redisPlace } from './redis-place.js'
import { storeContract } from './store-contract.js'

// The contract takes long on a busy machine.
t.setTimeout(300_000)

const server = await startRedis(t)

storeContract(t, 'redis', { shared: true, persistent: true }, (t) =>
  redisPlace(t, server, async () => ({ client: await server.connect() }))
)

t.test('the store does not close the client', async (t) => {
  const client = await server.connect()
  await redisStore({ client }).close()
  t.equal(await client.ping(), 'PONG')
})

t.test('prefixes are separate', async (t) => {
  const client = await server.connect()
  const [a, b] = [
    openStore(t, { client, prefix: 'a' }).namespace('n'),
    openStore(t, { client, prefix: 'b' }).namespace('n')
  ]
  const stamp = Math.max(await a.validity.stamp(), await b.validity.stamp())
  await a.entries.set('key', frameOf(stamp, ''), 1000)
  t.strictSame(await b.entries.get(['key']), [undefined])
  await b.validity.clear()
  t.ok(await valid(a, stamp, []))
})

t.test('scripts that Redis has lost are sent again', async (t) => {
  const client = await server.connect()
  const namespace = openStore(t, { client, prefix: randomUUID() }).namespace('n')
  await client.script('FLUSH')
  const stamp = await namespace.validity.stamp()
  await client.script('FLUSH')
  await namespace.entries.set('key', frameOf(stamp, 'body'), 1000)
  t.strictSame(await namespace.entries.get(['key']), [frameOf(stamp, 'body')])
  await client.script('FLUSH')
  t.ok(await namespace.validity.invalidate(['tag']) > stamp)
  await client.script('FLUSH')
  t.ok(await namespace.validity.clear() > stamp)
})

t.test('set: its value is valid, whichever scripts Redis knows', async (t) => {
  const client = await server.connect()
  const store = openStore(t, { client, prefix: randomUUID() })
  const cache = createCache<string>({ store, namespace: 'n' })
  await client.script('FLUSH')
  await store.namespace('n').validity.stamp()
  t.ok(
    await cache.set('key', 'value', { ttl: '1m' }),
    'it knows the one that issues stamps, and not the one that invalidates'
  )
  cache.evict('key')
  t.equal(await cache.get('key'), 'value')
})

t.test('a script that fails for another reason is not run again', async (t) => {
  const client = await server.connect()
  const prefix = randomUUID()
  const namespace = openStore(t, { client, prefix }).namespace('n')
  await client.lpush(`${prefix}:n:{=key}`, 'no string')
  await client.lpush(`${prefix}:{n}:tags`, 'no sorted set')
  await t.rejects(namespace.entries.set('key', frameOf(1, ''), 1000), /WRONGTYPE/)
  await t.rejects(namespace.entries.get(['key']), /WRONGTYPE/)
  await t.rejects(namespace.validity.invalidate(['tag']), /WRONGTYPE/)
  await t.rejects(valid(namespace, 1, ['tag']), /WRONGTYPE/)
})

t.test('a reply of an unexpected type is an error, never a stamp', async (t) => {
  const answering = (reply: unknown) => openStore(t, {
    client: {
      getBuffer: async () => null,
      unlink: async () => 0,
      evalshaBuffer: async () => reply,
      evalBuffer: async () => reply
    }
  }).namespace('n')
  await t.rejects(answering('QUEUED').validity.stamp(), {
    code: 'WEIR_CACHE_STORE_FAILED',
    message: /'QUEUED'/
  })
  await t.rejects(answering('1.5').validity.invalidate(['tag']), {
    code: 'WEIR_CACHE_STORE_FAILED'
  })
  await t.rejects(valid(answering('1'), 1, ['tag']), { code: 'WEIR_CACHE_STORE_FAILED' })
  await t.rejects(valid(answering([['1', '1', 'nan'], []]), 1, ['tag']), {
    code: 'WEIR_CACHE_STORE_FAILED'
  })
})

t.test('in a cluster, the answers of two servers with different histories are not combined', async (t) => {
  const answering = (history: string) => {
    const replies = new Map<string, unknown>([
      [RECORDS.sha, [['9', '1', null, null], [], 'one']],
      [REPLACED.sha, [[null], history]],
      [STAMP.sha, ['10', '1']]
    ])
    return openStore(t, {
      client: {
        isCluster: true,
        getBuffer: async () => null,
        unlink: async () => 0,
        evalshaBuffer: async (sha) => replies.get(sha),
        evalBuffer: async () => undefined
      }
    }).namespace('n')
  }
  t.equal(await valid(answering('one'), 5, ['tag']), true)
  t.equal(await valid(answering('another'), 5, ['tag']), false)
})

t.test('one request per turn serves any number of reads of memory', async (t) => {
  const client = await server.connect()
  const asked: unknown[][] = []
  const passing = passingClient(client)
  const counted: IoredisClient = {
    ...passing,
    getBuffer: () => { throw new Error('all of it is in memory') },
    evalshaBuffer (sha, keys, ...args) {
      asked.push(args)
      return passing.evalshaBuffer(sha, keys, ...args)
    }
  }
  const store = openStore(t, { client: counted, prefix: randomUUID() })
  const cache = createCache<number>({ store, namespace: 'n' })
  for (let i = 0; i < 100; i++) {
    await cache.set(`key-${i}`, i, { ttl: '1h', tags: [`tag-${i}`], consistency: 'bounded' })
  }
  asked.length = 0
  const values = await Promise.all(Array.from({ length: 100 }, (_, i) => cache.get(`key-${i}`)))
  t.strictSame(values, Array.from({ length: 100 }, (_, i) => i))
  t.equal(asked.length, 1)
  t.equal(
    asked[0]?.length,
    2 + 3 + 100 + 200,
    'the keys of the records, a stamp, the channel, a count, 100 keys, their tags and 100 more'
  )
  t.equal(cache.stats().hits.l1, 100)
  await cache.invalidate(['tag-7'])
  t.equal(cache.lookup('key-7'), undefined)
  t.equal(await cache.get('key-8'), 8)
})

t.test('a flush of everything causes misses, then normal operation', async (t) => {
  const client = await server.connect()
  const cache = createCache<string>({
    store: openStore(t, { client, prefix: randomUUID() }),
    namespace: 'n',
    l1: false
  })
  await cache.set('key', 'value', { ttl: '1h' })
  await client.flushall()
  t.equal(await cache.get('key'), undefined)
  t.notOk(
    await cache.set('key', 'value 2', { ttl: '1h' }),
    'it is unknown whether it has been invalidated since the call'
  )
  t.ok(await cache.set('key', 'value 2', { ttl: '1h' }))
  t.equal(await cache.get('key'), 'value 2')
})

t.test('a server that is down', async (t) => {
  const server = await startRedis(t)
  const [heard, cut] = [listening(true), listening(false)]
  const cache = createCache<string>({
    store: openStore(t, { client: await server.connect() }),
    namespace: 'n'
  })
  await heard
  await cache.set('known', 'value', { ttl: '1h', tags: ['tag'] })
  const slow = gatedFn<string>()
  const errors = record(t, 'weir:cache:error')
  await server.kill()
  await cut

  t.test('reads are misses, and an event reports it', async (t) => {
    errors.length = 0
    t.equal(await cache.get('known'), undefined, 'its validity is unknown')
    t.strictSame(await cache.getMany(['known', 'other']), [undefined, undefined])
    t.notOk(await cache.has('known'))
    t.match(errors, [
      { namespace: 'n', operation: 'read', key: 'known', error: Error },
      { namespace: 'n', operation: 'read', key: 'known other' },
      { namespace: 'n', operation: 'read', key: 'known' }
    ])
    t.equal(errors.length, 3)
  })

  t.test('a function still runs once for all concurrent callers', async (t) => {
    let runs = 0
    const callers = Array.from({ length: 500 }, () => cache.remember('known', { ttl: '1h' }, () => {
      runs++
      return slow.fn()
    }))
    await slow.started
    slow.end('computed')
    t.strictSame(await Promise.all(callers), Array(500).fill('computed'))
    t.equal(runs, 1)
    t.equal(await cache.remember('known', { ttl: '1h' }, () => 'again'), 'again', 'and is not kept')
  })

  t.test('writes report that they were not done', async (t) => {
    const before = cache.stats().errors
    const failed = {
      name: 'CacheError',
      code: 'WEIR_CACHE_STORE_FAILED',
      message: /The store did not/,
      cause: Error
    }
    await t.rejects(cache.invalidate(['tag']), failed)
    await t.rejects(cache.delete('known'), failed)
    await t.rejects(cache.clear(), failed)
    await t.rejects(cache.set('known', 'value', { ttl: '1h' }), failed)
    t.equal(cache.stats().errors, before + 4)
    t.equal(cache.stats().invalidations, 0)
  })
})

t.test('a client that never was connected', async (t) => {
  const client = new Redis({
    path: '/nonexistent/redis.sock',
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: null
  })
  t.teardown(() => { client.disconnect() })
  client.on('error', () => {})
  const cache = createCache<string>({ store: openStore(t, { client }), namespace: 'n' })
  t.equal(await cache.remember('key', { ttl: '1h' }, () => 'computed'), 'computed')
  await t.rejects(cache.invalidate(['tag']), { code: 'WEIR_CACHE_STORE_FAILED' })
})

t.test('more tags than a script accepts at once are requested in parts', async (t) => {
  const client = await server.connect()
  // Each entry has to be requested without a listening connection.
  const cache = createCache<string>({
    store: openStore(t, { client: passingClient(client), prefix: randomUUID() }),
    namespace: 'n'
  })
  const keys = Array.from({ length: 3000 }, (_, i) => `key-${i}`)
  await Promise.all(
    keys.map((key) =>
      cache.remember(key, { ttl: '1h', tags: [`a-${key}`, `b-${key}`] }, () => key)
    )
  )
  t.strictSame(await cache.getMany(keys), keys)
  await cache.invalidate(['b-key-2999'])
  t.strictSame(await cache.getMany(keys), [...keys.slice(0, -1), undefined])
  t.equal(cache.stats().errors, 0)
})
