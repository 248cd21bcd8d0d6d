import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { fastify, type FastifyInstance } from 'fastify'
import t from 'tap'
import { memoryStore as cacheStore } from '@weir/cache/memory'
import { type LimitStore, memoryStore } from '@weir/limiter'
import conditional from '../conditional/index.js'
import rateLimit from '../rate-limit/index.js'
import responseCache from '../response-cache/index.js'
import { limitedApp, standing, statuses } from './support/limited-app.js'
import { buildService } from './support/service-app.js'

const TWO = { limit: 2, window: '1h' } as const
const hello = async () => 'hello'

t.test(
  'responses of limited routes have the fields, and a problem when the limit is used up',
  async (t) => {
    const app = await limitedApp(t, {
      policies: [
        { name: 'burst', limit: 2, window: '1h' },
        { name: 'day', limit: 100, window: '1d' }
      ]
    })
    app.get('/x', hello)
    const first = await app.inject('/x')
    t.equal(first.statusCode, 200)
    t.equal(first.headers['ratelimit'], '"burst";r=1;t=1800, "day";r=99;t=85536')
    t.equal(first.headers['ratelimit-policy'], '"burst";q=2;w=3600, "day";q=100;w=86400')
    t.equal((await app.inject('/x')).statusCode, 200)

    const denied = await app.inject('/x')
    t.equal(denied.statusCode, 429)
    t.match(denied.headers, {
      'content-type': 'application/problem+json',
      'retry-after': /^1(800|799)$/,
      ratelimit: /^"burst";r=0;t=1(800|799)$/,
      'ratelimit-policy': '"burst";q=2;w=3600, "day";q=100;w=86400'
    })
    t.match(denied.json(), {
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      title: 'Request cannot be satisfied as assigned quota has been exceeded',
      status: 429,
      code: 'WEIR_ERR_RATE_LIMITED',
      instance: '/x',
      'violated-policies': ['burst'],
      detail: /the limit "burst" is used up\. Try again after 1(800|799) s/
    })
    for (const { headers } of [first, denied]) {
      t.notMatch(Object.keys(headers).join(), /x-ratelimit/)
    }
    t.match(
      first.headers['access-control-expose-headers'],
      /RateLimit, RateLimit-Policy, Retry-After/
    )
  }
)

t.test('an error of the handler, or of validation, has the fields too', async (t) => {
  const app = await limitedApp(t, { limit: 10, window: '1h' })
  app.get('/fails', async () => { throw new Error('x') })
  app.get(
    '/strict',
    { schema: { querystring: { type: 'object', required: ['q'], properties: { q: {} } } } },
    hello
  )
  t.match((await app.inject('/fails')).headers['ratelimit'], '"default";r=9;')
  t.match((await app.inject('/strict')).headers['ratelimit'], '"default";r=8;')
})

t.test(
  'cache hits count, and have the fields of their own client, not of the one who filled the entry',
  async (t) => {
    const app = await limitedApp(t, { limit: 4, window: '1h' })
    await app.register(conditional)
    await app.register(responseCache, { store: cacheStore(), origin: 'http://shop.test' })
    let runs = 0
    app.get('/x', { config: { cache: { ttl: '1h' } } }, async () => `run ${++runs}`)
    const miss = await app.inject('/x')
    t.match(miss.headers['ratelimit'], 'r=3;')
    const hit = await app.inject('/x')
    t.match(hit.headers, {
      'cache-status': /; hit/,
      ratelimit: /r=2;/,
      'ratelimit-policy': '"default";q=4;w=3600'
    })
    const confirmed = await app.inject({
      url: '/x',
      headers: { 'if-none-match': String(miss.headers.etag) }
    })
    t.equal(confirmed.statusCode, 304)
    t.match(confirmed.headers, { 'cache-status': /; hit/, ratelimit: /r=1;/ })
    const head = await app.inject({ method: 'HEAD', url: '/x' })
    t.match(head.headers, { 'cache-status': /; hit/, ratelimit: /r=0;/ })
    t.equal((await app.inject('/x')).statusCode, 429)
    t.equal(runs, 1)
  }
)

t.test('background refills of the cache do not count', async (t) => {
  const app = await limitedApp(t, { limit: 10, window: '1h' })
  await app.register(responseCache, { store: cacheStore(), origin: 'http://demo' })
  let filled: () => void = () => {}
  app.get('/x', { config: { cache: { ttl: 1, staleWhileRevalidate: '1h' } } }, async () => {
    filled()
    return 'x'
  })
  mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.teardown(() => { mock.timers.reset() })
  await app.inject('/x')
  mock.timers.tick(10)
  const refilled = new Promise<void>((resolve) => { filled = resolve })
  t.match((await app.inject('/x')).headers['cache-status'], /hit/)
  await refilled
  t.match(
    (await app.inject('/x')).headers['ratelimit'],
    /;r=7;/,
    'three requests, and not the one behind the second'
  )
})

t.test(
  'routes: one shared budget by default, one each for those with limits, one per group',
  async (t) => {
    const app = await limitedApp(t, TWO)
    app.get('/a', hello)
    app.get('/b', hello)
    app.get('/own', { config: { rateLimit: TWO } }, hello)
    app.get('/other', { config: { rateLimit: TWO } }, hello)
    app.get('/g1', { config: { rateLimit: { ...TWO, group: 'g' } } }, hello)
    app.get('/g2', { config: { rateLimit: { ...TWO, group: 'g' } } }, hello)
    app.get('/defaults', { config: { rateLimit: { group: 'h' } } }, hello)
    app.get('/free', { config: { rateLimit: false } }, hello)
    const used = async (...urls: string[]) =>
      Promise.all(urls.map(async (url) => (await app.inject(url)).statusCode))

    t.same(await used('/a', '/b', '/a', '/b'), [200, 200, 429, 429])
    t.same(await used('/own', '/other', '/own', '/own'), [200, 200, 200, 429])
    t.equal((await app.inject({ method: 'HEAD', url: '/own' })).statusCode, 429, 'HEAD is a GET')
    t.same(await used('/other', '/other'), [200, 429])
    t.same(await used('/g1', '/g2', '/g1', '/g2'), [200, 200, 429, 429])
    t.same(await used('/defaults', '/defaults', '/defaults'), [200, 200, 429])
    t.same(
      await used('/free', '/free', '/free', '/health/live', '/health/ready'),
      [200, 200, 200, 200, 200]
    )
    t.equal((await app.inject('/free')).headers['ratelimit'], undefined)
  }
)

t.test('two versions of a route are two routes', async (t) => {
  const app = await limitedApp(t)
  app.get(
    '/x',
    { constraints: { version: '1.0.0' }, config: { rateLimit: { limit: 5, window: '1h' } } },
    hello
  )
  app.get(
    '/x',
    { constraints: { version: '2.0.0' }, config: { rateLimit: { limit: 2, window: '1h' } } },
    hello
  )
  t.match(
    (await app.inject({ url: '/x', headers: { 'accept-version': '1.0.0' } })).headers['ratelimit'],
    'r=4;'
  )
  t.match(
    (await app.inject({ url: '/x', headers: { 'accept-version': '2.0.0' } })).headers['ratelimit'],
    'r=1;'
  )
})

t.test('a cost, charged to the shared budget or the route\'s own', async (t) => {
  const app = await limitedApp(t, { limit: 10, window: '1h' })
  app.get('/cheap', hello)
  app.get('/dear', { config: { rateLimit: { cost: 4 } } }, hello)
  t.match((await app.inject('/dear')).headers['ratelimit'], 'r=6;')
  t.match((await app.inject('/cheap')).headers['ratelimit'], 'r=5;')
  t.match((await app.inject('/dear')).headers['ratelimit'], 'r=1;')
  t.equal((await app.inject('/dear')).statusCode, 429)
  t.equal((await app.inject('/cheap')).statusCode, 200, 'the rest of the budget can be used')
})

t.test('404s are limited like a route without limits', async (t) => {
  const app = await limitedApp(t, TWO)
  app.get('/x', hello)
  const first = await app.inject('/nowhere')
  t.equal(first.statusCode, 404)
  t.match(first.headers['ratelimit'], 'r=1;')
  t.equal(
    (await app.inject({ method: 'POST', url: '/elsewhere', payload: { a: 1 } })).statusCode,
    404
  )
  const denied = await app.inject('/nowhere')
  t.equal(denied.statusCode, 429)
  t.match(denied.json(), { code: 'WEIR_ERR_RATE_LIMITED' })
  t.equal((await app.inject('/x')).statusCode, 429)
})

t.test('without limits of the plugin only routes with their own are limited', async (t) => {
  const app = await limitedApp(t)
  app.get('/x', hello)
  app.get('/own', { config: { rateLimit: TWO } }, hello)
  t.same(await statuses(app, 3, { url: '/x' }), [200, 200, 200])
  t.same(await statuses(app, 3, { url: '/nowhere' }), [404, 404, 404])
  t.same(await statuses(app, 3, { url: '/own' }), [200, 200, 429])
})

t.test('shared hooks of routes are not modified', async (t) => {
  const app = await limitedApp(t)
  let ran = 0
  const onRequest = [async () => { ran++ }]
  app.get('/few', { onRequest, config: { rateLimit: { limit: 1, window: '1h' } } }, hello)
  app.get('/many', { onRequest, config: { rateLimit: { limit: 5, window: '1h' } } }, hello)
  t.match((await app.inject('/many')).headers['ratelimit'], 'r=4;')
  t.match((await app.inject('/few')).headers['ratelimit'], 'r=0;')
  t.equal(ran, 2)
  t.equal(onRequest.length, 1)
})

t.test('clients: an IPv4 address, an IPv6 /64, and nothing a client can choose', async (t) => {
  const app = await limitedApp(t, { limit: 1, window: '1h' }, { trustProxy: '10.0.0.0/8' })
  app.get('/x', hello)
  const from = async (remoteAddress: string, forwarded?: string) =>
    (
      await app.inject({
        url: '/x',
        remoteAddress,
        headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
      })
    ).statusCode
  t.equal(await from('192.0.2.1'), 200)
  t.equal(await from('192.0.2.2'), 200)
  for (const same of ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:c000:201']) {
    t.equal(await from(same), 429, same)
  }
  t.equal(await from('192.0.2.1', '203.0.113.5'), 429, 'it names another address, but is no proxy')

  t.equal(await from('2001:db8:1:2::1'), 200)
  for (const same of ['2001:db8:1:2::2', '2001:0DB8:0001:0002:ffff:ffff:ffff:ffff']) {
    t.equal(await from(same), 429, same)
  }
  t.equal(await from('2001:db8:1:3::1'), 200)

  t.equal(await from('10.0.0.1', '203.0.113.7'), 200)
  t.equal(await from('10.9.9.9', '203.0.113.7'), 429, 'the same client through another proxy')
  t.equal(await from('10.0.0.1', '198.51.100.1, 203.0.113.7'), 429, 'text prepended by a client')
  t.equal(await from('10.0.0.1', 'anything'), 200)
  t.equal(await from('10.0.0.1', 'anything else'), 429, 'invalid addresses are one client')
})

t.test('keys contain digests of users and addresses, separated by namespace', async (t) => {
  const keys: string[] = []
  const inner = memoryStore()
  const store: LimitStore = {
    ...inner,
    take: (key, policies, cost) => {
      keys.push(key)
      return inner.take(key, policies, cost)
    }
  }
  const made = async (namespace: string) => {
    const app = await limitedApp(t, {
      store,
      namespace,
      limit: 9,
      window: '1h',
      identify: ({ headers }) =>
        headers['x-user'] === undefined ? null : { id: String(headers['x-user']) }
    })
    app.get('/x', hello)
    return app
  }
  for (const app of [await made('shop'), await made('blog')]) {
    await app.inject({ url: '/x', remoteAddress: '192.0.2.1' })
    await app.inject({ url: '/x', headers: { 'x-user': 'ada' } })
    await app.inject({ url: '/x', headers: { 'x-user': '192.0.2.1' } })
  }
  t.equal(new Set(keys).size, 6)
  for (const key of keys) t.match(key, /^default:[0-9a-f]{32}$/)
})

t.test('tiers have their own limits, unless a route has limits for all users', async (t) => {
  const app = await limitedApp(t, {
    limit: 1,
    window: '1h',
    tiers: { pro: { limit: 5, window: '1h' } },
    identify: ({ headers }) => ({ id: String(headers['x-user']), tier: String(headers['x-tier']) })
  })
  app.get('/x', hello)
  app.get('/own', { config: { rateLimit: { limit: 2, window: '1h' } } }, hello)
  app.get(
    '/tiers',
    {
      config: { rateLimit: { limit: 2, window: '1h', tiers: { pro: { limit: 3, window: '1h' } } } }
    },
    hello
  )
  const left = async (url: string, user: string, tier: string) =>
    (await app.inject({ url, headers: { 'x-user': user, 'x-tier': tier } })).headers[
      'ratelimit-policy'
    ]
  t.match(await left('/x', 'a', 'pro'), 'q=5;')
  t.match(await left('/x', 'b', 'free'), 'q=1;')
  t.match(await left('/x', 'c', 'constructor'), 'q=1;')
  t.match(await left('/own', 'a', 'pro'), 'q=2;')
  t.match(await left('/tiers', 'a', 'pro'), 'q=3;')
})

t.test('allow and deny', async (t) => {
  const app = await limitedApp(t, {
    limit: 1,
    window: '1h',
    allow: ['192.0.2.0/24', '2001:db8::/32', '198.51.100.7'],
    deny: ['192.0.2.66', '203.0.113.0/24']
  })
  app.get('/x', hello)
  for (const remoteAddress of [
    '192.0.2.1',
    '::ffff:192.0.2.1',
    '2001:db8:ffff::1',
    '198.51.100.7'
  ]) {
    t.same(await statuses(app, 2, { url: '/x', remoteAddress }), [200, 200], remoteAddress)
    t.equal((await app.inject({ url: '/x', remoteAddress })).headers['ratelimit'], undefined)
    t.equal((await app.inject({ url: '/nowhere', remoteAddress })).statusCode, 404)
  }
  t.same(await statuses(app, 2, { url: '/x', remoteAddress: '198.51.100.8' }), [200, 429])
  for (const remoteAddress of ['192.0.2.66', '203.0.113.5']) {
    for (const url of ['/x', '/nowhere']) {
      const denied = await app.inject({ url, remoteAddress })
      t.equal(denied.statusCode, 403)
      t.equal(denied.headers['content-type'], 'application/problem+json')
      t.match(denied.json(), { code: 'WEIR_ERR_ADDRESS_DENIED' })
    }
    t.equal((await app.inject({ url: '/health/live', remoteAddress })).statusCode, 200)
  }
})

t.test('a failing store: the share of this instance, everything, or nothing', async (t) => {
  const fail = async () => { throw new Error('gone') }
  const store: LimitStore = {
    kind: 'broken',
    take: fail,
    peek: fail,
    reset: fail,
    close: async () => {}
  }
  const app = await limitedApp(t, { store, instances: 4, limit: 8, window: '1h' })
  app.get('/local', hello)
  app.get('/open', { config: { rateLimit: { onFailure: 'open' } } }, hello)
  app.get('/closed', { config: { rateLimit: { onFailure: 'closed' } } }, hello)

  const first = await app.inject('/local')
  t.same(standing(first), [200, '"default";r=1;t=1800', undefined])
  t.equal(first.headers['ratelimit-policy'], '"default";q=2;w=3600', 'the limit in force')
  t.same(await statuses(app, 2, { url: '/local' }), [200, 429])

  const open = await app.inject('/open')
  t.equal(open.statusCode, 200)
  t.match(Object.keys(open.headers).filter((name) => name.startsWith('ratelimit')), [])

  const closed = await app.inject('/closed')
  t.same(standing(closed), [503, undefined, '1'])
  t.equal(closed.headers['content-type'], 'application/problem+json')
  t.match(closed.json(), { type: 'about:blank', code: 'WEIR_ERR_LIMITS_UNAVAILABLE' })

  const allClosed = await limitedApp(t, { store, onFailure: 'closed', limit: 8, window: '1h' })
  allClosed.get('/x', hello)
  allClosed.get('/open', { config: { rateLimit: { onFailure: 'open' } } }, hello)
  t.equal((await allClosed.inject('/x')).statusCode, 503)
  t.equal((await allClosed.inject('/open')).statusCode, 200)
})

t.test('the log has one line when the store becomes unavailable, and one when it is back', async (t) => {
  const inner = memoryStore()
  const now = performance.now()
  let gone = false
  const clock = mock.method(performance, 'now', () => now)
  t.teardown(() => { clock.mock.restore() })
  const store: LimitStore = {
    ...inner,
    take: async (...args) => (gone ? Promise.reject(new Error('gone')) : inner.take(...args))
  }
  const { app, lines } = await buildService(t)
  await app.register(rateLimit, { store, limit: 2, window: '1h' })
  app.get('/x', hello)
  const levels = () => lines.map(({ level, msg }) => [level, msg])
  t.same(await statuses(app, 3, { url: '/x' }), [200, 200, 429])
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  gone = true
  const elsewhere = { url: '/x', remoteAddress: '192.0.2.1' }
  t.same(await statuses(app, 1, elsewhere), [200])
  t.same(await statuses(app, 1, { url: '/x' }), [429], 'remembered from before the outage')
  t.same(await statuses(app, 1, elsewhere), [200])
  const said = [
    40,
    'limits are not shared: their store is unavailable, and each route follows its onFailure'
  ]
  t.same(levels().filter(([, msg]) => msg !== 'response'), [said])

  gone = false
  mock.timers.tick(50)
  await setImmediate()
  t.same(await statuses(app, 2, elsewhere), [200, 200])
  t.same(levels().filter(([, msg]) => msg !== 'response'), [said, [30, 'limits are shared again']])
})

t.test('a handler may read the limit, and enforce it in its own place', async (t) => {
  const app = await limitedApp(t, { limit: 2, window: '1h' })
  const limit = app.createRateLimit()
  app.get('/x', async ({ rateLimit }) => ({
    mode: rateLimit?.mode,
    left: rateLimit?.policies[0]?.remaining
  }))
  app.get('/login', { config: { rateLimit: false } }, async (request) => limit(request))
  t.same((await app.inject('/x')).json(), { mode: 'shared', left: 1 })
  t.match((await app.inject('/login')).json(), { isExceeded: false, remaining: 0 })
  t.match((await app.inject('/login')).json(), { isExceeded: true, ttlInSeconds: 1800 })
})

t.test('a handler may read without charging, and gets the remaining budget', async (t) => {
  const app = await limitedApp(t, { limit: 5000, window: '1h' })
  const limit = app.createRateLimit()
  app.get('/look', { config: { rateLimit: false } }, async (request) =>
    limit(request, { increment: false })
  )
  app.get('/use', { config: { rateLimit: false } }, async (request) => limit(request))
  t.match((await app.inject('/use')).json(), { isExceeded: false, remaining: 4999 })
  for (let i = 0; i < 2; i++) {
    t.match((await app.inject('/look')).json(), { isExceeded: false, remaining: 4999 })
  }
  t.match((await app.inject('/use')).json(), { remaining: 4998 })
})

t.test(
  'an identify that finds no client is logged once as a mistake, and limits the address',
  async (t) => {
    const rejects = async () => {
      throw new Error('no database')
    }
    const throws = () => {
      throw new Error('no header')
    }
    // The types refuse these; plain JavaScript relies on the check.
    for (const identify of [
      rejects,
      throws,
      async () => ({ id: 'ada' }),
      () => ({}),
      () => ({ id: 7 }),
      () => ({ id: '' }),
      () => 'ada'
    ] as never[]) {
      const { app, lines } = await buildService(t)
      await app.register(rateLimit, { store: memoryStore(), limit: 2, window: '1h', identify })
      app.get('/x', hello)
      t.same(await statuses(app, 3, { url: '/x' }), [200, 200, 429])
      t.same(await statuses(app, 1, { url: '/x', remoteAddress: '192.0.2.9' }), [200])
      await setImmediate()
      t.match(
        lines.filter(({ level }) => level === 50).map(({ msg }) => msg),
        [/^identify found no client, so the address is limited: return/]
      )
    }
  }
)

const wrongRoutes: [rateLimit: unknown, message: RegExp][] = [
  [true, /^Route GET \/x: config\.rateLimit must be an object, or false/],
  [[], /config\.rateLimit must be an object, or false/],
  [{ max: 5 }, /config\.rateLimit\.max is unknown: valid options are limit, window, burst/],
  [{ limit: 5 }, /config\.rateLimit\.window is missing/],
  [{ window: 5 }, /config\.rateLimit\.limit is missing/],
  [{ limit: 5, window: 'soon' }, /config\.rateLimit\.window must be a duration.*not "soon"/],
  [{ limit: 0, window: '1s' }, /config\.rateLimit\.limit cannot be used: .*use an integer/],
  [{ limit: 1, window: '1s', policies: [] }, /config\.rateLimit\.policies is given beside limit/],
  [{ policies: [] }, /config\.rateLimit\.policies must be a list of policies/],
  [{ policies: [null] }, /config\.rateLimit\.policies\[0\] must be an object, not null/],
  [
    { policies: [{ limit: 1, window: '1s' }] },
    /config\.rateLimit\.policies\[0\]\.name is missing/
  ],
  [
    {
      policies: [
        { name: 'a', limit: 1, window: '1s' },
        { name: 'a', limit: 2, window: '1s' }
      ]
    },
    /policies\[1\]\.name "a" is taken/
  ],
  [
    { policies: [{ name: 'a', limit: 1, window: '1s', cost: 2 }] },
    /policies\[0\]\.cost is unknown/
  ],
  [
    { policies: [{ name: 'ä', limit: 1, window: '1s' }] },
    /policies\[0\] cannot be used: .*printable ASCII/
  ],
  [{ tiers: { pro: {} } }, /config\.rateLimit\.tiers\.pro has no limit/],
  [{ tiers: { pro: 5 } }, /config\.rateLimit\.tiers\.pro must be an object, not 5/],
  [{ tiers: [] }, /config\.rateLimit\.tiers must be an object of limits, not \[\]/],
  [{ tiers: 5 }, /config\.rateLimit\.tiers must be an object of limits, not 5/],
  [
    { tiers: { pro: { limit: 1, window: '1s', cost: 1 } } },
    /config\.rateLimit\.tiers\.pro\.cost is unknown/
  ],
  [{ cost: 0 }, /config\.rateLimit\.cost must be a positive integer, not 0/],
  [
    { cost: 3 },
    /config\.rateLimit\.cost is 3, but the policy "default" never allows more than 2 at once/
  ],
  [{ group: 'a b' }, /config\.rateLimit\.group must be letters/],
  [{ onFailure: 'hope' }, /config\.rateLimit\.onFailure must be one of local, open, closed/]
]

t.test('a mistake in config.rateLimit stops the boot and names route and option', async (t) => {
  for (const [rateLimit, message] of wrongRoutes) {
    const app = await limitedApp(t, TWO)
    // The types refuse these; plain JavaScript relies on the check at boot.
    const config = { rateLimit } as object
    t.throws(
      () => app.get('/x', { config }, hello),
      { code: 'WEIR_ERR_ROUTE_OPTION', message },
      String(message)
    )
  }
  const app = await limitedApp(t)
  t.throws(() => app.get('/x', { config: { rateLimit: { cost: 2 } } }, hello), {
    message: /config\.rateLimit\.limit is missing/
  })
  app.get('/a', { config: { rateLimit: { ...TWO, group: 'g' } } }, hello)
  t.throws(
    () => app.get('/b', { config: { rateLimit: { limit: 3, window: '1h', group: 'g' } } }, hello),
    {
      message:
        /^Route GET \/b: config\.rateLimit\.group is "g", in which GET \/a declares the policy "default" differently/
    }
  )
  const other = await limitedApp(t, TWO)
  t.throws(
    () =>
      other.get(
        '/x',
        { config: { rateLimit: { limit: 3, window: '1h', group: 'default' } } },
        hello
      ),
    { message: /is "default", in which the plugin itself declares the policy "default" differently/ }
  )
  t.throws(() => app.rateLimit({ max: 5 }), {
    code: 'WEIR_ERR_PLUGIN_OPTION',
    message: /declare it in config\.rateLimit/
  })
})

t.test('a mistake in the plugin\'s options names the option', async (t) => {
  const store = memoryStore()
  for (const [options, message] of [
    [{}, /weir-rate-limit: option "store" is missing/],
    [{ store, namespace: '' }, /option "namespace"/],
    [{ store, identify: 'user' }, /option "identify"/],
    [{ store, allow: ['10/8'] }, /option "allow" must be a list of addresses and ranges.*"10\/8"/],
    [{ store, deny: ['10.0.0.0/33'] }, /option "deny"/],
    [{ store, deny: ['10.0.0.0/8/8'] }, /option "deny"/],
    [{ store, deny: 5 }, /option "deny"/],
    [{ store, instances: 0 }, /option "onFailure or instances"/],
    [{ store, onFailure: 'hope' }, /option "onFailure or instances"/],
    [{ store, limit: 5 }, /option "window" is missing/],
    [{ store, limits: 5 }, /option "limits" is unknown/],
    [{ store, tiers: { pro: TWO } }, /option "limit" is missing/]
  ] as const) {
    const app = fastify()
    t.teardown(() => app.close())
    await t.rejects(
      async () => {
        await app.register(rateLimit, options as never)
      },
      { code: 'WEIR_ERR_PLUGIN_OPTION', message },
      String(message)
    )
  }
})

t.test('an order in which some requests would not count is refused', async (t) => {
  const cached = fastify()
  t.teardown(() => cached.close())
  await cached.register(responseCache, { store: cacheStore() })
  await t.rejects(
    async () => {
      await cached.register(rateLimit, { store: memoryStore() })
    },
    {
      code: 'WEIR_ERR_PLUGIN_ORDER',
      message:
        'weir-rate-limit must be registered before weir-response-cache: hits would not count'
    }
  )
  const app: FastifyInstance = await limitedApp(t)
  await t.rejects(
    async () => {
      await app.register(rateLimit, { store: memoryStore() })
    },
    { code: 'WEIR_ERR_REGISTERED_TWICE' }
  )
})
