import { mock } from 'node:test'
import t from 'tap'
import { arrivals, cachedApp, counted, gate } from './support/cached-app.js'
import { nextEvent } from './support/next-event.js'

/* Requests with Authorization neither lead nor spoil a shared response (RFC 9111, section 3.5). */
const TOKEN = { authorization: 'Bearer x' }
const outcome = ({ headers }: { headers: Record<string, unknown> }) =>
  String(headers['cache-status'])

t.test('it computes for itself beside the one fill of all others, first or not', async (t) => {
  for (const position of [0, 5, 10]) {
    const app = await cachedApp(t)
    const arrived = arrivals(app, 11)
    const handler = gate()
    const ran: unknown[] = []
    app.get('/x', { config: { cache: { ttl: '60s' } } }, async (request) => {
      ran.push(request.headers.authorization)
      await handler.opened
      return 'x'
    })
    const answers = Array.from({ length: 11 }, (_, i) => {
      const { url, headers } = counted('/x')
      return app.inject({ url, headers: { ...headers, ...(i === position && TOKEN) } })
    })
    await arrived
    handler.open()
    const told = (await Promise.all(answers)).map(outcome)
    t.equal(told[position], 'weir; fwd=uri-miss; detail=AUTHORIZATION')
    t.equal(
      told.filter((status) => status.includes('collapsed')).length,
      9,
      'one of the others leads'
    )
    t.same(ran.sort(), ['Bearer x', undefined])
    t.match(
      outcome(await app.inject({ url: '/x', headers: TOKEN })),
      /fwd=bypass; detail=AUTHORIZATION/,
      'nor is what is stored for all for it'
    )
  }
})

t.test('the response that others wait for continues after it, also side by side with it', async (t) => {
  const app = await cachedApp(t)
  const arrived = arrivals(app, 3)
  const handler = gate()
  let runs = 0
  app.get('/x', { config: { cache: { ttl: '60s' } } }, async (request) => {
    runs++
    if (request.headers.authorization === undefined) await handler.opened
    return 'x'
  })
  t.match(outcome(await app.inject({ url: '/x', headers: TOKEN })), /AUTHORIZATION/)
  const others = [1, 2, 3].map(() => app.inject(counted('/x')))
  await arrived
  t.match(outcome(await app.inject({ url: '/x', headers: TOKEN })), /AUTHORIZATION/)
  handler.open()
  t.equal(
    (await Promise.all(others)).filter((answer) => /collapsed/.test(outcome(answer))).length,
    2
  )
  t.equal(runs, 3)
})

t.test(
  'a stale response that it finds is refilled without its credentials, and stays stored',
  async (t) => {
    mock.timers.enable({ apis: ['Date'], now: 1e12 })
    t.teardown(() => mock.timers.reset())
    const app = await cachedApp(t)
    const seen: unknown[] = []
    app.get(
      '/x',
      { config: { cache: { ttl: '10s', staleWhileRevalidate: '60s', public: true } } },
      async (request) => {
        seen.push(request.headers.authorization)
        return 'x'
      }
    )
    await app.inject('/x')
    mock.timers.tick(15_000)
    const refilled = nextEvent('store')
    t.match(outcome(await app.inject({ url: '/x', headers: TOKEN })), /hit; ttl=-5/)
    await refilled
    t.match(outcome(await app.inject('/x')), /hit; ttl=10/)
    t.same(seen, [undefined, undefined])
  }
)

t.test(
  'a response under validation stays stored when it gets a different one',
  async (t) => {
    mock.timers.enable({ apis: ['Date'], now: 1e12 })
    t.teardown(() => mock.timers.reset())
    const app = await cachedApp(t)
    const conditions: unknown[] = []
    app.get('/x', { config: { cache: { ttl: '10s' } } }, async (request, reply) => {
      conditions.push(request.headers['if-none-match'])
      const own = request.headers.authorization !== undefined
      return reply
        .headers({ etag: own ? '"own"' : '"1"', ...(own && { 'cache-control': 'private' }) })
        .send('x')
    })
    await app.inject('/x')
    mock.timers.tick(15_000)
    t.match(outcome(await app.inject({ url: '/x', headers: TOKEN })), /detail=PRIVATE/)
    await app.inject('/x')
    t.same(conditions, [undefined, '"1"', '"1"'])
  }
)

t.test(
  "if the route's responses are public, requests with Authorization share like all others",
  async (t) => {
    for (const says of ['public', 's-maxage=60', 'must-revalidate, max-age=60']) {
      const app = await cachedApp(t)
      const arrived = arrivals(app, 10)
      const handler = gate()
      let runs = 0
      app.get('/:id', { config: { cache: { ttl: '60s' } } }, async (request, reply) => {
        runs++
        if (request.headers['x-counted'] !== undefined) await handler.opened
        return reply.header('cache-control', says).send('x')
      })
      t.match(outcome(await app.inject({ url: '/1', headers: TOKEN })), /stored/)
      t.match(outcome(await app.inject({ url: '/1', headers: TOKEN })), /hit/)
      const { url, headers } = counted('/2')
      const answers = Array.from({ length: 10 }, () =>
        app.inject({ url, headers: { ...headers, ...TOKEN } })
      )
      await arrived
      handler.open()
      t.equal(
        (await Promise.all(answers)).filter((answer) => /collapsed/.test(outcome(answer))).length,
        9,
        says
      )
      t.equal(runs, 2)
    }
  }
)

t.test('if responses vary by Authorization, a refill has it', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: 1e12 })
  t.teardown(() => mock.timers.reset())
  const app = await cachedApp(t)
  const seen: unknown[] = []
  app.get(
    '/x',
    { config: { cache: { ttl: '10s', staleWhileRevalidate: '60s', vary: ['Authorization'] } } },
    async (request, reply) => {
      seen.push(request.headers.authorization)
      return reply.header('cache-control', 'public').send('x')
    }
  )
  await app.inject({ url: '/x', headers: TOKEN })
  mock.timers.tick(15_000)
  const refilled = nextEvent('store')
  await app.inject({ url: '/x', headers: TOKEN })
  await refilled
  t.same(seen, ['Bearer x', 'Bearer x'])
})
