import { mock } from 'node:test'
import t, { type Test } from 'tap'
import type { RouteCacheOptions } from '../response-cache/index.js'
import { arrivals, cachedApp, counted, gate } from './support/cached-app.js'
import { nextEvent } from './support/next-event.js'

/**
 * Returns an application whose single route answers with the number of its run, and a clock
 * controlled by the test.
 */
async function counting (
  t: Test,
  cache: RouteCacheOptions,
  answer: (run: number) => unknown = (run) => ({ run })
) {
  mock.timers.enable({ apis: ['Date'], now: 1e12 })
  t.teardown(() => mock.timers.reset())
  const app = await cachedApp(t)
  const threeArrived = arrivals(app, 3)
  let runs = 0
  app.get('/x', { config: { cache } }, async (_request, reply) => {
    const answered = await answer(++runs)
    return typeof answered === 'number'
      ? reply.code(answered).send({ failed: answered })
      : answered
  })
  await app.inject('/x')
  return { app, threeArrived, later: (ms: number) => mock.timers.tick(ms), runs: () => runs }
}

t.test(
  'stale-while-revalidate: the stale response at once, and one refill in the background',
  async (t) => {
    const slow = gate()
    const { app, later, runs } = await counting(
      t,
      { ttl: '10s', staleWhileRevalidate: '20s' },
      async (run) => {
        if (run === 2) await slow.opened
        return { run }
      }
    )
    later(10_000)
    const refilled = nextEvent('store')
    for (const response of await Promise.all([1, 2, 3].map(() => app.inject('/x')))) {
      t.equal(response.headers['cache-status'], 'weir; hit; ttl=0; detail=memory')
      t.equal(response.headers['age'], '10')
      t.same(response.json(), { run: 1 })
    }
    later(3000)
    t.equal((await app.inject('/x')).headers['cache-status'], 'weir; hit; ttl=-3; detail=memory')
    slow.open()
    await refilled
    const fresh = await app.inject('/x')
    t.same(fresh.json(), { run: 2 })
    t.equal(fresh.headers['age'], '0')
    t.equal(runs(), 2)
  }
)

t.test('after its window a stale response is not served', async (t) => {
  const { app, later } = await counting(t, { ttl: '10s', staleWhileRevalidate: '20s' })
  later(30_000)
  const response = await app.inject('/x')
  t.same(response.json(), { run: 2 })
  t.match(response.headers['cache-status'], /fwd=/)
})

t.test(
  'the refill passes through the application like the request, without its own conditions',
  async (t) => {
    mock.timers.enable({ apis: ['Date'], now: 1e12 })
    t.teardown(() => mock.timers.reset())
    const app = await cachedApp(t)
    const seen: unknown[] = []
    app.get(
      '/x',
      {
        config: { cache: { ttl: '10s', staleWhileRevalidate: '20s', vary: ['accept-language'] } }
      },
      async (request) => {
        seen.push([
          request.headers['accept-language'],
          request.headers['if-none-match'],
          request.headers.range,
          request.url
        ])
        return 'x'
      }
    )
    const headers = { 'accept-language': 'de' }
    const {
      headers: { etag }
    } = await app.inject({ url: '/x?a=1', headers })
    mock.timers.tick(10_000)
    const refilled = nextEvent('store')
    t.equal(
      (
        await app.inject({
          url: '/x?a=1',
          headers: { ...headers, 'if-none-match': String(etag), range: 'bytes=0-0' }
        })
      ).statusCode,
      304
    )
    await refilled
    t.same(
      seen,
      [
        ['de', undefined, undefined, '/x?a=1'],
        ['de', etag, undefined, '/x?a=1']
      ],
      'but with the validators of what is stored'
    )
  }
)

t.test('a forged fill token is ignored', async (t) => {
  const { app, runs } = await counting(t, { ttl: '10s' })
  t.match(
    (await app.inject({ url: '/x', headers: { 'x-weir-fill': 'guess' } })).headers['cache-status'],
    /hit/
  )
  t.equal(runs(), 1)
})

t.test(
  'stale-if-error: a 5xx is answered with the stale response, for as long as the route allows',
  async (t) => {
    const { app, later } = await counting(t, { ttl: '10s', staleIfError: '1m' }, (run) =>
      run === 1 ? { run } : 503
    )
    later(15_000)
    const stale = await app.inject('/x')
    t.equal(stale.statusCode, 200)
    t.same(stale.json(), { run: 1 })
    t.equal(
      stale.headers['cache-status'],
      'weir; fwd=stale; fwd-status=503; ttl=-5; detail=STALE_IF_ERROR'
    )
    t.equal(stale.headers['age'], '15')
    t.equal(stale.headers['content-length'], String(stale.rawPayload.length))
    later(54_999)
    t.equal((await app.inject('/x')).statusCode, 200)
    later(1)
    const failed = await app.inject('/x')
    t.equal(failed.statusCode, 503)
    t.same(failed.json(), { failed: 503 })
  }
)

t.test('stale-if-error: a handler that throws, for all waiting requests', async (t) => {
  const fails = gate()
  const { app, threeArrived, later, runs } = await counting(
    t,
    { ttl: '10s', staleIfError: '1m' },
    async (run) => {
      if (run === 1) return { run }
      await fails.opened
      throw new Error('the database is away')
    }
  )
  later(15_000)
  const requests = [1, 2, 3].map(() => app.inject(counted('/x')))
  await threeArrived
  fails.open()
  for (const { statusCode, body } of await Promise.all(requests)) {
    t.equal(statusCode, 200)
    t.equal(body, '{"run":1}')
  }
  t.equal(runs(), 2)
})

t.test(
  'without a stale response, requests that waited for a failed fill get their own errors',
  async (t) => {
    const app = await cachedApp(t)
    const threeArrived = arrivals(app, 3)
    const fails = gate()
    app.get('/x', { config: { cache: { ttl: '10s' } } }, async () => {
      await fails.opened
      throw new Error('the database is away')
    })
    const requests = [1, 2, 3].map(() => app.inject(counted('/x')))
    await threeArrived
    fails.open()
    const answers = (await Promise.all(requests)).map(
      (response) => `${response.statusCode} ${response.json<{ code?: string }>().code}`
    )
    t.same(
      answers,
      ['500 undefined', '500 undefined', '500 undefined'],
      'each asks its own handler'
    )
  }
)

t.test('a refill that may not be stored invalidates the stale response', async (t) => {
  const { app, later } = await counting(t, { ttl: '10s', staleWhileRevalidate: '1m' }, (run) =>
    run === 1 ? { run } : 404
  )
  later(15_000)
  const dropped = nextEvent('invalidate')
  t.equal((await app.inject('/x')).statusCode, 200)
  await dropped
  t.equal((await app.inject('/x')).statusCode, 404)
})
