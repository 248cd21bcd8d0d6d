import { channel } from 'node:diagnostics_channel'
import { request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import { mock } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import createError from '@fastify/error'
import { fastify, type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { createCache } from '@weir/cache'
import { memoryStore as cacheStore } from '@weir/cache/memory'
import { memoryStore as limitStore } from '@weir/limiter'
import {
  memoryStore,
  type MetricsStore,
  type MinuteRecord,
  type Outcome,
  type RouteCounts
} from '@weir/metrics'
import conditional from '../conditional/index.js'
import invalidation from '../invalidation/index.js'
import observability from '../observability/index.js'
import rateLimit from '../rate-limit/index.js'
import responseCache from '../response-cache/index.js'
import { expected } from '../service/index.js'
import { gate } from './support/cached-app.js'
import { buildService } from './support/service-app.js'

const IPV4 = '192.0.2.77'

/** Returns a service with counters, registered like in the services; it closes with the test. */
async function countingApp (t: Test, store: MetricsStore = memoryStore(), instance = 'a') {
  const { app, lines } = await buildService(t)
  await app.register(observability, { store, service: 'demo', instance })
  return { app, lines, store }
}

async function withCache (app: FastifyInstance, store = cacheStore(), name = 'a') {
  await app.register(conditional)
  await app.register(responseCache, { store, name, origin: 'http://shop.test' })
  await app.register(invalidation)
}

/** Closes the application, and returns its counts of one route. */
async function counted (
  app: FastifyInstance,
  store: MetricsStore,
  route: string
): Promise<RouteCounts | undefined> {
  await app.close()
  return (await recordsOf(store))
    .flatMap(({ routes }) => routes)
    .find((counts) => counts.route === route)
}

const recordsOf = (store: MetricsStore): Promise<MinuteRecord[]> => store.read(0)

/** Returns requests by outcome. */
const outcomesOf = (counts: RouteCounts | undefined) =>
  Object.fromEntries(
    Object.entries(counts?.outcomes ?? {}).map(([outcome, { count }]) => [
      outcome as Outcome,
      count
    ])
  )

t.test('each request is counted once, by its outcome', async (t) => {
  const { app, store } = await countingApp(t)
  await withCache(app)
  let status = 200
  app.get('/x', { config: { cache: { ttl: '1h' } } }, async (_request, reply) =>
    reply.code(status).send('hello')
  )
  app.get('/private', { config: { cache: { ttl: '1h' } } }, async (_request, reply) =>
    reply.header('cache-control', 'private').send('mine')
  )
  app.get('/plain', async () => 'plain')
  app.get('/fails', async () => { throw new Error('on purpose') })

  const { headers: { etag } } = await app.inject('/x')
  for (let i = 0; i < 3; i++) await app.inject('/x')
  t.equal(
    (await app.inject({ url: '/x', headers: { 'if-none-match': String(etag) } })).statusCode,
    304
  )
  t.equal((await app.inject({ method: 'HEAD', url: '/x' })).statusCode, 200)
  await app.inject('/private')
  await app.inject('/plain')
  await app.inject('/fails')
  status = 404
  await app.inject('/x?page=2')
  for (const url of ['/nowhere', '/nowhere/else']) await app.inject(url)

  const counts = await counted(app, store, 'GET /x')
  t.strictSame(outcomesOf(counts), { l1: 4, miss: 1, bypass: 1 })
  t.match(counts?.outcomes.l1, { count: 4, shared: 0, notModified: 1, bytes: 15 })
  t.equal(counts?.outcomes.l1?.latency.reduce((sum, count) => sum + count), 4)
  t.ok((counts?.outcomes.l1?.latencySumMicros ?? 0) > 0)
  t.ok((counts?.outcomes.l1?.savedMicros ?? 0) > 0)
  t.strictSame(counts?.reasons, { NEGATIVE: 1 })
  const routes = new Map(
    (await recordsOf(store)).flatMap(({ routes }) =>
      routes.map((counts) => [counts.route, counts])
    )
  )
  t.strictSame(outcomesOf(routes.get('HEAD /x')), { l1: 1 })
  t.equal(routes.get('HEAD /x')?.outcomes.l1?.bytes, 0)
  t.strictSame(
    [outcomesOf(routes.get('GET /private')), routes.get('GET /private')?.reasons],
    [{ bypass: 1 }, { PRIVATE: 1 }]
  )
  t.strictSame(outcomesOf(routes.get('GET /plain')), { uncached: 1 })
  t.strictSame(outcomesOf(routes.get('GET /fails')), { error: 1 })
  t.strictSame(outcomesOf(routes.get('404')), { uncached: 2 })
  t.strictSame([...routes.keys()].sort(), [
    '404',
    'GET /fails',
    'GET /plain',
    'GET /private',
    'GET /x',
    'HEAD /x'
  ])
})

t.test('an expected refusal is no error, and any other 5xx is', async (t) => {
  const { app, store } = await countingApp(t)
  await withCache(app)
  const [Busy, Down] = [
    expected('info', createError('DEMO_ERR_BUSY', 'Later', 503, Error, false)),
    expected('warn', createError('DEMO_ERR_DOWN', 'Later', 503, Error, false))
  ]
  app.get('/busy', async () => { throw new Busy() })
  app.get('/down', async () => { throw new Down() })
  app.get('/fails', async () => { throw new Error('it is broken') })
  app.get('/x', { config: { cache: { ttl: '1h' } } }, async () => 'hello')
  const only = { headers: { 'cache-control': 'only-if-cached' } }
  const statuses = []
  for (const request of [
    { url: '/busy' },
    { url: '/down' },
    { url: '/fails' },
    { url: '/x', ...only },
    { url: '/x' },
    { url: '/x', ...only }
  ]) {
    statuses.push((await app.inject(request)).statusCode)
  }
  t.same(statuses, [503, 503, 500, 504, 200, 200])
  await app.close()
  const routes = new Map(
    (await recordsOf(store)).flatMap(({ routes }) =>
      routes.map((counts) => [counts.route, outcomesOf(counts)])
    )
  )
  t.strictSame(Object.fromEntries(routes), {
    'GET /busy': { uncached: 1 },
    'GET /down': { error: 1 },
    'GET /fails': { error: 1 },
    'GET /x': { l1: 1, miss: 1, uncached: 1 }
  })
})

t.test('a hit of a response computed by another instance counts as shared', async (t) => {
  const [store, responses] = [memoryStore(), cacheStore()]
  const apps = [
    (await countingApp(t, store, 'a')).app,
    (await countingApp(t, store, 'b')).app
  ] as const
  for (const [i, app] of apps.entries()) {
    await withCache(app, responses, ['a', 'b'][i] ?? '')
    app.get('/x', { config: { cache: { ttl: '1h' } } }, async () => 'hello')
  }
  for (const app of [apps[0], apps[0], apps[1], apps[1], apps[1]]) await app.inject('/x')
  await Promise.all(apps.map((app) => app.close()))
  const records = await recordsOf(store)
  const of = (instance: string) => records.find((record) => record.instance === instance)
  t.match(of('a')?.routes, [
    { outcomes: { miss: { count: 1, shared: 0 }, l1: { count: 1, shared: 0 } } }
  ])
  t.match(of('b')?.routes, [
    { outcomes: { l2: { count: 1, shared: 1 }, l1: { count: 2, shared: 2 } } }
  ])
  t.strictSame([of('a')?.filledBy, of('b')?.filledBy], [{ a: 1 }, { a: 3 }])
})

t.test('the instance names its entries, whatever Cache-Status calls the cache', async (t) => {
  const { app, store } = await countingApp(t, memoryStore(), 'shop-1')
  await app.register(responseCache, { store: cacheStore(), origin: 'http://shop.test' })
  app.get('/x', { config: { cache: { ttl: '1h' } } }, async () => 'hello')
  await app.inject('/x')
  t.match((await app.inject('/x')).headers['cache-status'], /^weir; hit/)
  await app.close()
  const [record] = await recordsOf(store)
  t.strictSame(record?.filledBy, { 'shop-1': 1 })
  t.match(record?.routes, [{ outcomes: { l1: { count: 1, shared: 0 } } }])
})

t.test('a response cache registered before does not know the instance: refused', async (t) => {
  const app = fastify()
  t.teardown(async () => { await app.close() })
  await withCache(app, cacheStore(), 'weir')
  await app.register(observability, { store: memoryStore(), service: 'shop', instance: 'shop-1' })
  await t.rejects(async () => { await app.ready() }, {
    code: 'WEIR_ERR_PLUGIN_ORDER',
    message: /^weir-observability must be registered before weir-response-cache: /
  })
})

t.test('a refill is the application\'s own request, regardless of its result', async (t) => {
  const { app, store } = await countingApp(t)
  await withCache(app)
  const { open, opened } = gate()
  let runs = 0
  app.addHook('onResponse', (request, _reply, done) => {
    if (request.cacheResult?.outcome === 'refill') open()
    done()
  })
  app.get(
    '/x',
    { config: { cache: { ttl: '1s', staleWhileRevalidate: '1h' } } },
    async (_request, reply) => {
      return reply.code(++runs === 1 ? 200 : 500).send('x')
    }
  )
  mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.teardown(() => { mock.timers.reset() })
  await app.inject('/x')
  mock.timers.tick(1001)
  t.equal((await app.inject('/x')).statusCode, 200)
  await opened
  t.strictSame(outcomesOf(await counted(app, store, 'GET /x')), { miss: 1, stale: 1, refill: 1 })
})

t.test(
  'denials are counted by policy and by client, with addresses reduced to their network',
  async (t) => {
    const { app, store } = await countingApp(t)
    app.addHook('onRequest', (request, _reply, done) => {
      const { 'x-user': id } = request.headers
      if (typeof id === 'string') request.user = { id, role: 'reader' }
      done()
    })
    await app.register(rateLimit, {
      store: limitStore(),
      policies: [{ name: 'burst', limit: 1, window: '1h' }]
    })
    app.decorateRequest('user', null)
    app.get('/x', async () => 'hello')
    app.get('/own', async (_request, reply) => reply.code(429).send('not by us'))
    for (const remoteAddress of [IPV4, IPV4, IPV4, '2001:db8:1:2::3', '2001:db8:1:2::4']) {
      await app.inject({ url: '/x', remoteAddress })
    }
    for (let i = 0; i < 2; i++) await app.inject({ url: '/x', headers: { 'x-user': 'ada' } })
    await app.inject({ url: '/own', headers: { 'x-user': 'bob' } })
    await app.inject({ url: '/nowhere', headers: { 'x-user': 'bob' } })

    const metrics = (await app.inject('/metrics')).body
    t.match(metrics, 'weir_limited_total{service="demo",route="GET /x",policy="burst"} 4')
    t.strictSame(outcomesOf(await counted(app, store, 'GET /x')), { limited: 4, uncached: 3 })
    const [record] = await recordsOf(store)
    t.strictSame(record?.denials, [
      { route: 'GET /x', policy: 'burst', client: 'address:192.0.2.0/24', count: 2 },
      { route: 'GET /x', policy: 'burst', client: 'address:2001:db8:1::/48', count: 1 },
      { route: 'GET /x', policy: 'burst', client: 'user:ada', count: 1 },
      { route: '404', policy: 'burst', client: 'user:bob', count: 1 }
    ])
    t.strictSame(
      record?.routes
        .filter(({ route }) => route !== 'GET /x')
        .map((counts) => [counts.route, outcomesOf(counts)]),
      [
        ['404', { limited: 1 }],
        ['GET /own', { uncached: 1 }]
      ]
    )
  }
)

t.test(
  'routes of several methods, uncounted routes, and those of the service itself',
  async (t) => {
    const { app, store } = await countingApp(t)
    app.route({ method: ['PUT', 'DELETE'], url: '/many', handler: async () => 'done' })
    app.get('/silent', { config: { metrics: false } }, async () => 'hello')
    app.get(
      '/two',
      {
        onResponse: [
          (_request, _reply, done) => {
            done()
          }
        ],
        config: { metrics: true }
      },
      async () => 'hello'
    )
    await app.register(
      async (child) => {
        child.get('/:id', async () => 'hello')
      },
      { prefix: '/inner' }
    )
    for (const [method, url] of [
      ['PUT', '/many'],
      ['PUT', '/many'],
      ['DELETE', '/many'],
      ['GET', '/silent'],
      ['GET', '/two'],
      ['GET', '/inner/7'],
      ['GET', '/health/live'],
      ['GET', '/health/ready'],
      ['GET', '/docs/json'],
      ['GET', '/metrics'],
      ['HEAD', '/metrics']
    ] as const) {
      await app.inject({ method, url })
    }
    await app.close()
    t.strictSame(
      (await recordsOf(store))[0]?.routes.map((counts) => [counts.route, outcomesOf(counts)]),
      [
        ['PUT /many', { uncached: 2 }],
        ['DELETE /many', { uncached: 1 }],
        ['GET /two', { uncached: 1 }],
        ['GET /inner/:id', { uncached: 1 }]
      ]
    )
  }
)

t.test(
  'over the wire: bytes of streams with a length; clients that leave are not counted',
  async (t) => {
    const { app, store } = await countingApp(t)
    const [arrived, left] = [gate(), gate()]
    app.get('/stream', async (_request, reply) => reply.send(Readable.from(['abc', 'def'])))
    app.get('/sized', async (_request, reply) =>
      reply.header('content-length', 6).send(Readable.from(['abc', 'def']))
    )
    app.get('/slow', async (request) => {
      request.raw.once('close', left.open)
      arrived.open()
      await left.opened
      return 'late'
    })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    for (const path of ['/stream', '/sized']) await (await fetch(url + path)).text()
    const leaving = httpRequest(`${url}/slow`).end()
    // Requests without a response are not counted.
    leaving.once('error', () => {})
    await arrived.opened
    leaving.destroy()
    await left.opened
    await app.close()
    const [record] = await recordsOf(store)
    t.strictSame(
      record?.routes.map(({ route, outcomes }) => [
        route,
        outcomes.uncached?.count,
        outcomes.uncached?.bytes
      ]),
      [
        ['GET /stream', 1, 0],
        ['GET /sized', 1, 6]
      ]
    )
  }
)

t.test(
  '/metrics reports the delay of the event loop since the last scrape, each figure once',
  async (t) => {
    const { app } = await countingApp(t)
    const end = performance.now() + 300
    while (performance.now() < end);
    // The timer is delayed.
    await setTimeout(20)
    const lags = async () =>
      new Map(
        [
          ...(await app.inject('/metrics')).body.matchAll(/^nodejs_eventloop_lag_(\w+) (\S+)$/gm)
        ].map(([, name = '', value]) => [name, Number(value)])
      )
    const names = ['max', 'mean', 'min', 'p50', 'p90', 'p99', 'stddev'].map(
      (name) => `${name}_seconds`
    )
    const late = await lags()
    t.strictSame([...late.keys()].sort(), [...names, 'seconds'].sort())
    t.ok(Number(late.get('max_seconds')) > 0.2, JSON.stringify([...late]))
    t.ok(Number((await lags()).get('max_seconds')) < Number(late.get('max_seconds')))
    t.equal(
      (await app.inject('/metrics')).body.match(/^# HELP nodejs_eventloop_lag_/gm)?.length,
      8
    )
  }
)

t.test('/metrics is text for Prometheus, with numbers that only increase', async (t) => {
  const { app } = await countingApp(t)
  await withCache(app)
  app.get('/x', { config: { cache: { ttl: '1h' } } }, async () => 'hello')
  for (let i = 0; i < 3; i++) await app.inject('/x')
  const { headers, body, statusCode } = await app.inject('/metrics')
  t.equal(statusCode, 200)
  t.match(headers, {
    'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    'cache-control': 'no-store'
  })
  const line = (start: string, text = body) =>
    text.split('\n').find((line) => line.startsWith(`${start} `))?.slice(start.length + 1)
  const of = (name: string, labels: string) => line(`weir_${name}{service="demo",${labels}}`)
  t.equal(of('requests_total', 'route="GET /x",outcome="l1"'), '2')
  t.equal(of('requests_total', 'route="GET /x",outcome="miss"'), '1')
  t.equal(of('response_bytes_total', 'route="GET /x",outcome="l1"'), '10')
  t.ok(Number(of('saved_seconds_total', 'route="GET /x"')) > 0)
  t.equal(
    line(
      'weir_request_duration_seconds_bucket{le="+Inf",service="demo",route="GET /x",outcome="l1"}'
    ),
    '2'
  )
  t.equal(
    line(
      'weir_request_duration_seconds_bucket{le="10",service="demo",route="GET /x",outcome="l1"}'
    ),
    '2'
  )
  t.equal(
    line('weir_request_duration_seconds_count{service="demo",route="GET /x",outcome="l1"}'),
    '2'
  )
  t.ok(
    Number(line('weir_request_duration_seconds_sum{service="demo",route="GET /x",outcome="l1"}')) >
      0
  )
  t.equal(line('weir_cache_entries{service="demo"}'), '1')
  t.equal(line('weir_cache_evictions_total{service="demo"}'), '0')
  t.equal(line('weir_cache_reads_total{service="demo",cache="responses",outcome="l1"}'), '2')
  t.equal(line('weir_cache_reads_total{service="demo",cache="responses",outcome="miss"}'), '1')
  t.equal(line('weir_cache_errors_total{service="demo",operation="read"}'), '0')
  t.equal(line('weir_metrics_unsent_records{service="demo"}'), '0')
  t.match(body, /^process_resident_memory_bytes \d/m)
  t.notMatch(body, 'weir_redis_up')
  const lines = body.split('\n').filter((line) => /_bucket.*outcome="l1"/.test(line))
  const buckets = lines.map((line) => Number(line.split(' ').at(-1)))
  t.strictSame(buckets, buckets.toSorted((a, b) => a - b), 'cumulative')
  await app.inject('/x')
  const again = (await app.inject('/metrics')).body
  t.equal(line('weir_requests_total{service="demo",route="GET /x",outcome="l1"}', again), '3')
  t.notMatch((await app.inject('/docs/json')).json(), { paths: { '/metrics': {} } })
})

t.test('the state: the last invalidations, and the entries in memory', async (t) => {
  const { app, store } = await countingApp(t)
  await withCache(app)
  app.get('/x', { config: { cache: { ttl: '1h' } } }, async () => 'hello')
  const odd = { cache: { ttl: 60_000, tags: ['y:{id}'], unless: () => false } }
  app.get('/y/:id', { config: odd }, async () => 'hello')
  app.get('/z', async () => 'hello')
  await app.inject('/x')
  await app.responseCache.invalidate(['early'])
  for (let i = 0; i < 18; i++) await app.responseCache.invalidate([`tag-${i}`])
  await app.responseCache.invalidate([
    ...app.responseCache.uriTags('http://shop.test', '/x'),
    ...Array.from({ length: 50 }, (_, i) => `${i}`)
  ])
  await app.responseCache.cache.clear()
  await app.inject('/x')
  await app.close()
  const [state] = await store.instances()
  t.match(state?.routes, [
    { route: 'GET /x', cache: { ttl: '1h' } },
    { route: 'GET /y/:id', cache: { tags: ['y:{id}'], unless: { function: true } } }
  ])
  t.equal(state?.routes?.length, 2)
  t.match(state, { service: 'demo', instance: 'a', pid: process.pid, l1: { entries: 1 } })
  t.match(state, { rssBytes: Number, heapBytes: Number, eventLoopDelayMs: Number })
  t.equal(state?.invalidations.length, 20)
  t.match(state?.invalidations[0], { namespace: 'responses', tags: ['tag-0'], at: Number })
  t.match(state?.invalidations[18]?.tags, [
    'http://shop.test/x',
    'http://shop.test/x#',
    'POST http://shop.test/x',
    '0'
  ])
  t.equal(state?.invalidations[18]?.tags.length, 20)
  t.match(state?.invalidations[19], { tags: [] })
})

t.test('reads of caches are counted by the name of the cache', async (t) => {
  const { app } = await buildService(t)
  const store = memoryStore()
  const cache = createCache<string>({ store: cacheStore(), namespace: 'n' })
  const unread = createCache<string>({ store: cacheStore(), namespace: 'm' })
  await app.register(observability, {
    store,
    service: 'demo',
    instance: 'a',
    caches: () => ({ products: cache, unread })
  })
  await app.ready()
  for (let i = 0; i < 3; i++) await cache.remember('key', { ttl: '1m' }, () => 'value')
  await app.close()
  const [record] = await recordsOf(store)
  t.match(record?.caches, [
    { cache: 'products', l1: 2, l2: 0, coalesced: 0, stale: 0, misses: 1, savedMicros: Number }
  ])
  t.equal(record?.caches?.length, 1)
  const [state] = await store.instances()
  t.match(state, { l1: { entries: 1 } })
})

t.test(
  'a failing store is logged once when it becomes unavailable and once when it is back, and does not block closing',
  async (t) => {
    const inner = memoryStore()
    let write = async (): Promise<boolean> => {
      throw new Error('no store')
    }
    mock.timers.enable({ apis: ['setInterval'] })
    t.teardown(() => {
      mock.timers.reset()
    })
    const { app, lines } = await countingApp(t, { ...inner, write: () => write() })
    await app.ready()
    const seconds = async (count: number) => {
      for (let i = 0; i < count; i++) {
        mock.timers.tick(1000)
        await setImmediate()
      }
    }
    await seconds(3)
    write = async () => true
    await seconds(3)
    write = () => new Promise(() => {})
    await seconds(1)
    await app.close()
    t.strictSame(
      lines.filter(({ msg }) => /statistics/.test(msg)).map(({ msg }) => msg.replace(/:.*/, '')),
      [
        'the store does not accept statistics',
        'the store accepts statistics again',
        'the store does not accept statistics'
      ]
    )
    t.match(
      lines.find(({ msg }) => /statistics/.test(msg)),
      { reason: 'Error: no store' }
    )
    t.notMatch(JSON.stringify(lines), /\\n\s+at /, 'no stack: the failed operation is known')
  }
)

t.test('a mistake stops the boot', async (t) => {
  const boot = async (options: object) => {
    const app = fastify()
    t.teardown(() => app.close())
    await app.register(observability, {
      store: memoryStore(),
      service: 'demo',
      instance: 'a',
      ...options
    })
    return app
  }
  await t.rejects(boot({ store: undefined }), {
    code: 'WEIR_ERR_PLUGIN_OPTION',
    message: /store is missing/
  })
  await t.rejects(boot({ service: '' }), {
    code: 'WEIR_ERR_PLUGIN_OPTION',
    message: /service must be/
  })
  const app = await boot({})
  // A mistake in JavaScript.
  const config = JSON.parse('{"metrics":"no"}') as { metrics: boolean }
  t.throws(() => app.get('/x', { config }, async () => 'x'), {
    code: 'WEIR_ERR_ROUTE_OPTION',
    message: /GET \/x: config.metrics must be/
  })
})

t.test('the state: circuit breakers, those of one name as one', async (t) => {
  const { app, store } = await countingApp(t)
  await app.ready()
  const change = (name: string, isOpen: boolean) =>
    channel('weir:breaker:change').publish({ name, isOpen })
  change('redis', true)
  change('redis', true)
  change('redis', false)
  change('redis', false)
  change('weather', false)
  await app.close()
  const [state] = await store.instances()
  t.match(state?.breakers, [
    { at: Number, name: 'redis', isOpen: true },
    { at: Number, name: 'redis', isOpen: false }
  ])
  t.equal(state?.breakers?.length, 2)
  t.ok(state?.endedAt, 'and that it ended in good order')
})

t.test('the state: cache options of routes, within bounds, and only data', async (t) => {
  const [app, store] = [fastify(), memoryStore()]
  t.teardown(() => app.close())
  await app.register(observability, { store, service: 'demo', instance: 'a' })
  // Any plugin may own config.cache if there is no response cache.
  const circular: { tags: string[] } = { tags: [] }
  Object.assign(circular, { circular })
  app.get('/circular', { config: { cache: circular } }, async () => 'x')
  app.get('/first', { config: { cache: { ttl: '1m', tags: () => [] } } }, async () => 'x')
  for (let i = 0; i < 500; i++) {
    app.get(`/${i}`, { config: { cache: { ttl: '1m', tags: ['a'.repeat(50)] } } }, async () => 'x')
  }
  await app.ready()
  await app.close()
  const [state] = await store.instances()
  t.strictSame(state?.routes?.[0], {
    route: 'GET /first',
    cache: { ttl: '1m', tags: { function: true } }
  })
  const size = JSON.stringify(state?.routes).length
  t.ok(size > 5000 && size < 16_000, `${size} characters`)
})
