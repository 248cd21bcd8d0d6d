import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { type Cache, createCache, Fill } from '../src/index.js'
import { redisStore } from '../src/stores/redis/index.js'
import { CLAIM, RELEASE, STORE } from '../src/stores/redis/scripts.js'
import { record } from './events.js'
import { gate, gatedFn } from './gate.js'
import { listening } from './listening.js'
import { passingClient } from './passing-client.js'
import { startRedis } from '@weir/internal/testing'

/*
 * One fill per fleet, with instances as separate handles on one Redis: the cache's use of the
 * store's claims.
 */
const OPTIONS = { ttl: '1h', tags: ['tag'] } as const
const server = await startRedis(t)
let namespaces = 0

async function fleet (t: Test, count: number, fillTimeout = 10_000): Promise<Cache<string>[]> {
  const namespace = `n${++namespaces}`
  const caches = []
  for (let i = 0; i < count; i++) {
    const heard = listening(true)
    const store = redisStore({ client: await server.connect(), lease: 1000 })
    t.teardown(() => store.close())
    caches.push(createCache<string>({ store, namespace, fillTimeout }))
    await heard
  }
  return caches
}

const pair = async (t: Test): Promise<[Cache<string>, Cache<string>]> => {
  const [a, b] = await fleet(t, 2)
  if (a === undefined || b === undefined) throw new Error('there are two')
  return [a, b]
}

async function fill (cache: Cache<string>, key = 'key'): Promise<Fill<string>> {
  const acquired = await cache.acquire(key)
  if (acquired instanceof Fill) return acquired
  throw new Error('a hit')
}

t.test('a caller that waits for another instance gets its value, counted as coalesced', async (t) => {
  const [a, b] = await pair(t)
  const own = await fill(a)
  const waiting = [b.acquire('key'), b.acquire('key')]
  t.equal((await own.commit('value', () => OPTIONS)).result, 'stored')
  for (const hit of await Promise.all(waiting)) {
    t.match(hit, { source: 'coalesced', stale: false, entry: { value: 'value' } })
  }
  t.match(await b.acquire('key'), { source: 'l1' })
  t.equal(b.stats().misses, 0)
})

t.test('after a fill fails elsewhere, each instance tries once', async (t) => {
  const [a, b] = await pair(t)
  const own = await fill(a)
  let runs = 0
  const slow = gatedFn<string>()
  const waiting = [1, 2, 3].map(() =>
    b.remember('key', OPTIONS, () => {
      runs++
      return slow.fn()
    })
  )
  await claimed(b)
  own.fail()
  await slow.started
  slow.end('value')
  t.strictSame(await Promise.all(waiting), ['value', 'value', 'value'])
  t.equal(runs, 1)
  t.equal(await a.remember('key', OPTIONS, () => 'again'), 'value')
})

t.test('if a value is not for others, each caller computes its own', async (t) => {
  const [a, b] = await pair(t)
  const own = await fill(a)
  const waiting = [1, 2, 3].map(() => b.acquire('key'))
  await claimed(b)
  own.abandon()
  t.ok((await Promise.all(waiting)).every((outcome) => outcome instanceof Fill))
  t.equal(b.stats().flights, 0)
})

t.test(
  'earlier callers elsewhere reject a value that was invalidated meanwhile',
  async (t) => {
    const [a, b] = await pair(t)
    const own = await fill(a)
    const waiting = b.remember('key', OPTIONS, () => 'new')
    await claimed(b)
    await b.invalidate(['tag'], { consistency: 'bounded' })
    t.equal((await own.commit('old', () => OPTIONS)).entry.value, 'old')
    t.equal(await waiting, 'new')
    t.equal(await a.remember('key', OPTIONS, () => 'newer'), 'new')
  }
)

t.test('no caller waits for a third', async (t) => {
  const [a, b, c, d] = await fleet(t, 4)
  if (a === undefined || b === undefined || c === undefined || d === undefined) {
    throw new Error('there are four')
  }
  const first = await fill(a)
  const values = [gate(), gate(), gate()]
  const run = (cache: Cache<string>, i: number) => cache.acquire('key').then(async (acquired) => {
    if (!(acquired instanceof Fill)) return 'hit'
    await values[i]?.opened
    await cache.invalidate(['tag'], { consistency: 'bounded' })
    return (await acquired.commit('value', () => OPTIONS)).result
  })
  const running = [run(b, 0), run(c, 1), run(d, 2)]
  await Promise.all([b, c, d].map(claimed))
  await a.invalidate(['tag'], { consistency: 'bounded' })
  await first.commit('value', () => OPTIONS)
  values.forEach((value) => { value.open() })
  t.strictSame(
    new Set(await Promise.all(running)),
    new Set(['invalid']),
    'each has computed, although all were overtaken'
  )
})

t.test('a flight that takes too long ends its lease too', async (t) => {
  const [a, b] = await fleet(t, 2, 50)
  if (a === undefined || b === undefined) throw new Error('there are two')
  await fill(a)
  const other = b.acquire('key')
  t.ok(await other instanceof Fill, 'no caller waits longer')
  t.ok(await a.acquire('key') instanceof Fill)
})

t.test('one instance of the fleet refills a stale value', async (t) => {
  const [a, b] = await pair(t)
  const options = { ttl: 0, staleWhileRevalidate: '1h' } as const
  await a.remember('key', options, () => 'old')
  const stale = [await a.find('key'), await b.find('key')].map((hit) => hit?.entry)
  const [staleA, staleB] = stale
  if (staleA === undefined || staleB === undefined) throw new Error('there is a stale value')
  const refill = await a.revalidate('key', staleA)
  t.ok(refill instanceof Fill)
  t.equal(await b.revalidate('key', staleB), undefined)
  t.match(
    await b.acquire('key'),
    { stale: true, entry: { value: 'old' } },
    'the other one serves it'
  )
  t.equal(b.stats().flights, 0)
  await refill?.commit('new', () => OPTIONS)
  t.equal(await b.revalidate('key', staleB), undefined, 'the new value is stored')
  t.equal(await b.remember('key', OPTIONS, () => 'newer'), 'new')
})

t.test('a miss takes two consecutive round trips: the claim, and the store', async (t) => {
  const asked: string[] = []
  const client = await server.connect()
  const passing = passingClient(client)
  const heard = listening(true)
  const store = redisStore({
    lease: 1000,
    client: {
      ...passing,
      duplicate: (options) => client.duplicate(options),
      getBuffer (key) { asked.push('get'); return passing.getBuffer(key) },
      evalshaBuffer (sha, ...args) {
        asked.push(sha === CLAIM.sha ? 'claim' : 'script')
        return passing.evalshaBuffer(sha, ...args)
      }
    }
  })
  t.teardown(() => store.close())
  const cache = createCache<string>({ store, namespace: 'round-trips' })
  await heard
  const warm = await fill(cache, 'warm')
  await warm.commit('value', () => OPTIONS)
  asked.length = 0
  t.equal(await cache.remember('key', OPTIONS, () => 'value'), 'value')
  t.strictSame(asked, ['claim', 'script'])
  await cache.invalidate(['tag'], { consistency: 'bounded' })
  asked.length = 0
  t.equal(await cache.remember('key', OPTIONS, () => 'value'), 'value')
  t.strictSame(asked, ['claim', 'script'], 'the same with an invalid entry in the store')
})

t.test(
  'Redis freezes after a claim has been sent: when it resumes, the claim makes no caller wait',
  async (t) => {
    const heard = listening(true)
    const own = await startRedis(t)
    const client = new Redis({
      path: own.path,
      lazyConnect: true,
      enableOfflineQueue: false,
      commandTimeout: 50,
      retryStrategy: null
    })
    client.on('error', () => {})
    t.teardown(() => {
      client.disconnect()
    })
    await client.connect()
    const store = redisStore({ client, lease: 20 })
    t.teardown(() => store.close())
    const cache = createCache<string>({ store, namespace: 'n' })
    await heard
    const errors = record(t, 'weir:cache:error')
    own.freeze()
    t.equal(await cache.remember('key', OPTIONS, () => 'computed'), 'computed')
    t.ok(errors.length > 0)
    own.thaw()
    const second = await own.connect()
    t.equal(await second.exists('weir:n:{=key}:fill'), 0)
  }
)

t.test('if the end of a fill gets no answer, others learn of it as soon as Redis answers', async (t) => {
  const [b] = await pair(t)
  const client = await server.connect()
  const passing = passingClient(client)
  let lost = 0
  const store = redisStore({
    client: {
      ...passing,
      async evalshaBuffer (sha, ...args) {
        const reply = await passing.evalshaBuffer(sha, ...args)
        if (sha === STORE.sha || (sha === RELEASE.sha && lost++ === 0)) throw new Error('no answer')
        return reply
      }
    }
  })
  t.teardown(() => store.close())
  const own = await fill(createCache<string>({ store, namespace: `n${namespaces}` }))
  const waiting = b.acquire('key')
  await claimed(b)
  t.equal((await own.commit('value', () => OPTIONS)).result, 'failed')
  t.match(
    await waiting,
    { source: 'coalesced', entry: { value: 'value' } },
    'not by the end of the lease'
  )
})

/** Resolves when Redis has answered all earlier commands of the cache: answers arrive in order. */
async function claimed (cache: Cache<string>): Promise<void> {
  for (let i = 0; i < 2; i++) await cache.has('something else')
}
