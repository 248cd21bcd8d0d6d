import { type FastifyInstance } from 'fastify'
import t from 'tap'
import { build, metricsIn } from './support/build.js'
import { record, series, state } from './support/records.js'
import { tempDir } from './support/temp-dir.js'

const MINUTE = 60_000
const now = Date.now()
const minute = Math.floor(now / MINUTE)
const JWT_SECRET = 'a secret of the tests, which is long enough'
const as = (app: FastifyInstance, role: 'reader' | 'editor' | 'admin') =>
  ({ authorization: `Bearer ${app.jwt.HS256.sign({ sub: role, role }, { expiresIn: '1h' })}` })
const get = (app: FastifyInstance, path: string, headers: Record<string, string> = {}) =>
  app.inject({ url: `/api/stats/${path}`, headers })

t.test('what two instances counted', async (t) => {
  const directory = await tempDir(t)
  const metrics = await metricsIn(t, directory)
  const second = { run: 'run-2', instance: 'catalog-2' }
  // The clock of the instance is ahead: it was last seen when the service began, however long that
  // took.
  const routes = [{ route: 'GET /api/products', cache: { ttl: '60s' } }]
  await metrics.write(state(now + MINUTE, { startedAt: now - 1000, routes }), [
    record(minute - 30, 1, { l1: series(1000) }),
    record(
      minute - 3,
      4,
      {},
      {
        routes: [
          {
            route: 'GET /api/products',
            outcomes: {
              l1: series(60, { shared: 20, notModified: 6, bytes: 6000, savedMicros: 3_000_000 }),
              l2: series(20, { shared: 20, bytes: 2000, savedMicros: 1_000_000 }),
              miss: series(20, { bytes: 2000, ms: 50 }),
              refill: series(2)
            },
            reasons: {}
          },
          {
            route: 'POST /api/products',
            outcomes: { uncached: series(3), limited: series(4), error: series(1) },
            reasons: {}
          }
        ],
        filledBy: { 'catalog-1': 40, 'catalog-2': 40 },
        denials: [
          { route: 'POST /api/products', policy: 'writes', client: 'user:alice', count: 4 }
        ],
        caches: [
          { cache: 'queries', l1: 6, l2: 2, coalesced: 1, stale: 3, misses: 1, savedMicros: 9000 }
        ]
      }
    )
  ])
  await metrics.write(state(now - 10 * MINUTE, second), [
    record(
      minute - 2,
      7,
      {},
      {
        ...second,
        routes: [
          {
            route: 'GET /api/products',
            outcomes: { stale: series(5), coalesced: series(15), bypass: series(10) },
            reasons: { PRIVATE: 10 }
          }
        ],
        caches: [
          { cache: 'queries', l1: 1, l2: 0, coalesced: 0, stale: 0, misses: 1, savedMicros: 500 }
        ]
      }
    )
  ])
  const app = await build(t, directory, { JWT_SECRET })

  t.test('in all', async (t) => {
    const response = await get(app, 'summary')
    t.equal(response.statusCode, 200)
    t.match(response.headers, {
      'cache-control': 'no-cache',
      etag: /./,
      'cache-status': /^stats-1; fwd=uri-miss; ttl=1; stored/
    })
    const summary = response.json<{
      from: number
      to: number
      seconds: number
      requestsPerSecond: number
      outcomes: unknown[]
    }>()
    t.match(summary, {
      asOf: Number,
      connected: true,
      requests: 138,
      hits: 80,
      hitRatio: 100 / 120,
      shared: 40,
      notModified: 6,
      stale: 5,
      misses: 20,
      coalesced: 15,
      bypassed: 10,
      limited: 4,
      errors: 1,
      refills: 2,
      bytes: 10_000,
      savedMs: 4000,
      latency: { p50: Number, p90: Number, p99: Number },
      hitLatency: { p50: Number },
      missLatency: { p50: Number }
    })
    t.equal(summary.seconds, (summary.to - summary.from) / 1000)
    t.equal(summary.requestsPerSecond, 138 / summary.seconds)
    t.match(summary.outcomes[0], {
      outcome: 'l1',
      count: 60,
      notModified: 6,
      shared: 20,
      bytes: 6000,
      savedMs: 3000,
      latency: { p50: Number }
    })
    t.equal(summary.outcomes.length, 10)
  })

  t.test('of another time', async (t) => {
    const [from, to] = [(minute - 31) * MINUTE, (minute - 29) * MINUTE]
    t.match((await get(app, `summary?from=${from}&to=${to}`)).json(), {
      from,
      to,
      seconds: 120,
      requests: 1000,
      requestsPerSecond: 1000 / 120
    })
    t.match((await get(app, `summary?from=${from}`)).json(), { from, requests: 1138 })
  })

  t.test('by route', async (t) => {
    t.match((await get(app, 'routes')).json(), {
      routes: [
        {
          service: 'catalog',
          route: 'GET /api/products',
          requests: 130,
          hitRatio: 100 / 120,
          shared: 40,
          notModified: 6,
          limited: 0,
          errors: 0,
          bytes: 10_000,
          savedMs: 4000,
          latency: { p99: Number },
          outcomes: { l1: 60, l2: 20, miss: 20, refill: 2, stale: 5, coalesced: 15, bypass: 10 },
          reasons: { PRIVATE: 10 }
        },
        {
          route: 'POST /api/products',
          requests: 8,
          hitRatio: null,
          limited: 4,
          errors: 1,
          outcomes: { uncached: 3, limited: 4, error: 1 },
          reasons: {}
        }
      ]
    })
  })

  t.test('by cache', async (t) => {
    t.strictSame((await get(app, 'caches')).json<{ caches: unknown[] }>().caches, [
      {
        service: 'catalog',
        cache: 'queries',
        hits: 10,
        l1: 7,
        l2: 2,
        coalesced: 1,
        stale: 3,
        misses: 2,
        hitRatio: 10 / 12,
        savedMs: 9.5
      }
    ])
    t.strictSame(
      (await get(app, `caches?from=${(minute - 31) * MINUTE}&to=${(minute - 29) * MINUTE}`)).json<{
        caches: unknown[]
      }>().caches,
      []
    )
  })

  t.test('by instance', async (t) => {
    const { instances } = (await get(app, 'instances')).json<{ instances: unknown[] }>()
    t.equal(instances.length, 2)
    t.match(instances, [
      {
        instance: 'catalog-1',
        service: 'catalog',
        run: 'run-1',
        alive: true,
        startedAt: now - 1000,
        lastSeenAt: Number,
        pid: 4711,
        node: '20.20.2',
        rssBytes: 100_000_000,
        heapBytes: 50_000_000,
        eventLoopDelayMs: 1.5,
        l1: { entries: 3, bytes: 4096, evictions: 1 },
        requests: 108,
        hitRatio: 0.8,
        shared: 40,
        outcomes: { l1: 60, uncached: 3 },
        filledBy: { 'catalog-1': 40, 'catalog-2': 40 }
      },
      {
        instance: 'catalog-2',
        alive: false,
        lastSeenAt: now - 10 * MINUTE,
        requests: 30,
        hitRatio: 1,
        filledBy: {}
      }
    ])
    const before = (
      await get(app, `instances?from=${(minute - 31) * MINUTE}&to=${(minute - 29) * MINUTE}`)
    ).json<{ instances: unknown[] }>()
    t.match(
      before.instances,
      [{ instance: 'catalog-1', requests: 1000 }],
      'the other one began later'
    )
  })

  t.test('how much was denied, and who was, for admins', async (t) => {
    const numbers = {
      asOf: Number,
      policies: [{ service: 'catalog', policy: 'writes', denied: 4 }],
      clients: 1
    }
    for (const headers of [{}, as(app, 'reader'), as(app, 'admin')]) {
      t.match((await get(app, 'limits', headers)).json(), numbers)
    }
    const told = await get(app, 'limits/clients', as(app, 'admin'))
    t.match(told.json(), {
      asOf: Number,
      clients: [
        {
          client: 'user:alice',
          service: 'catalog',
          policy: 'writes',
          route: 'POST /api/products',
          denied: 4
        }
      ]
    })
    t.match(told.headers, { 'cache-control': 'no-store' })
    t.equal((await get(app, 'limits/clients')).statusCode, 401)
    for (const role of ['reader', 'editor'] as const) {
      t.equal((await get(app, 'limits/clients', as(app, role))).statusCode, 403, role)
    }
  })

  t.test('no other route names the denied clients', async (t) => {
    const { paths } = (await app.inject('/docs/json')).json<{ paths: object }>()
    const others = Object.keys(paths).filter(
      (path) => path.startsWith('/api/stats/') && !/clients$|live$/.test(path)
    )
    t.ok(others.length >= 7)
    for (const path of [...others, '/metrics']) {
      t.notMatch((await app.inject(path)).body, /alice|address:/, path)
    }
  })

  t.test('by minute and by hour', async (t) => {
    type Points = { step: string, points: { at: number, requests: number }[] }
    const query = `from=${(minute - 4) * MINUTE}&to=${(minute - 1) * MINUTE}`
    const byMinute = (await get(app, `history?${query}`)).json<Points>()
    t.same(byMinute.points.map(({ at }) => at / MINUTE), [minute - 4, minute - 3, minute - 2])
    t.same(byMinute.points.map(({ requests }) => requests), [0, 108, 30])
    t.match(byMinute.points, [
      {
        hitRatio: null,
        outcomes: {},
        p50: null,
        p99: null,
        hitP50: null,
        missP50: null,
        savedMs: 0
      },
      {
        hits: 80,
        misses: 20,
        stale: 0,
        limited: 4,
        errors: 1,
        shared: 40,
        notModified: 6,
        bytes: 10_000,
        savedMs: 4000,
        hitRatio: 0.8
      },
      {
        stale: 5,
        coalesced: 15,
        bypassed: 10,
        outcomes: { stale: 5, coalesced: 15, bypass: 10 },
        hitP50: null
      }
    ])
    const [, second] = (await get(app, `history?${query}`)).json<{
      points: { hitP50: number; missP50: number }[]
    }>().points
    t.ok(
      second !== undefined && second.hitP50 < second.missP50,
      'hits and misses have a median of their own'
    )
    t.match((await get(app, `history?${query}&instance=catalog-2`)).json(), {
      points: [{ requests: 0 }, { requests: 0 }, { requests: 30 }]
    })
    const route = encodeURIComponent('GET /api/products')
    const ofRoute = await get(app, `history?${query}&route=${route}&service=catalog`)
    t.match(ofRoute.json(), {
      points: [
        { requests: 0, latency: {} },
        { latency: { l1: { p50: Number, p99: Number }, miss: { p50: Number } } },
        {}
      ]
    })
    t.notOk(byMinute.points.some((point) => 'latency' in point))
    t.match((await get(app, `history?${query}&route=none`)).json(), {
      points: [{ requests: 0 }, { requests: 0 }, { requests: 0 }]
    })
    const both = await get(app, `history?${query}&route=${route}&instance=catalog-1`)
    t.match(both.json(), { status: 400, errors: [{ message: /one of them/ }] })
    t.match((await get(app, `routes?route=${route}`)).json(), {
      routes: [{ latencies: { l1: { p50: Number } }, config: { ttl: '60s' } }]
    })
    const elsewhere = await get(app, `routes?route=${route}&service=weather`)
    t.same(elsewhere.json<{ routes: unknown[] }>().routes, [])
    t.match((await get(app, `history?${query}&service=weather`)).json(), {
      points: [{ requests: 0 }, { requests: 0 }, { requests: 0 }]
    })
    const byHour = (await get(app, 'history?step=hour')).json<Points>()
    t.equal(byHour.points.length, 60)
    t.equal(byHour.points.reduce((sum, { requests }) => sum + requests, 0), 1138)
    t.equal((await get(app, 'history')).json<Points>().points.length, 60)
  })

  t.test('events', async (t) => {
    type Events = { events: { kind: string, instance: string }[], next: string | null }
    const events = await get(app, 'events?kind=started')
    t.equal(events.headers['cache-control'], 'no-store')
    const { events: started, next } = events.json<Events>()
    t.same(started.map(({ instance }) => instance).sort(), ['catalog-1', 'catalog-2'])
    t.equal(next, null)
    t.match((await get(app, 'events?instance=catalog-2')).json(), {
      events: [{ kind: 'started', service: 'catalog', namespace: null, tags: [] }]
    })
    t.same((await get(app, 'events?cursor=1-1')).json<Events>().events, [])
    for (const wrong of ['kind=other', 'cursor=x', 'from=2&to=1', 'service=']) {
      t.equal((await get(app, `events?${wrong}`)).statusCode, 400, wrong)
    }
  })

  t.test('what did not change is not sent again', async (t) => {
    const path = `history?from=${(minute - 10) * MINUTE}&to=${(minute - 1) * MINUTE}`
    const first = await get(app, path)
    const again = await get(app, path, { 'if-none-match': String(first.headers.etag) })
    t.equal(again.statusCode, 304)
    t.equal(again.body, '')
    const head = await app.inject({ method: 'HEAD', url: `/api/stats/${path}` })
    t.equal(head.statusCode, 200)
    t.equal(head.body, '')
    t.equal(head.headers.etag, first.headers.etag)
  })

  t.test('a process that begins again knows all of it', async (t) => {
    await app.close()
    const again = await build(t, directory)
    t.match((await get(again, 'summary')).json(), { requests: 138 })
    t.match((await get(again, 'history?step=hour')).json(), { points: { length: 60 } })
  })
})

t.test('nothing has been counted yet', async (t) => {
  const app = await build(t)
  t.match((await get(app, 'summary')).json(), {
    asOf: Number,
    connected: true,
    requests: 0,
    requestsPerSecond: 0,
    hitRatio: null,
    latency: { p50: null, p90: null, p99: null },
    hitLatency: { p50: null },
    missLatency: { p50: null },
    outcomes: { length: 0 }
  })
  t.match((await get(app, 'routes')).json(), { routes: { length: 0 } })
  t.match((await get(app, 'instances')).json(), { instances: { length: 0 } })
  t.match((await get(app, 'limits')).json(), { policies: { length: 0 }, clients: 0 })
  t.match((await get(app, 'history')).json(), { step: 'minute', points: { length: 60 } })
  t.same((await get(app, 'redis')).json(), { kind: 'sqlite', connected: true })
})

t.test('times that cannot be told about are a 400 that says what to ask for', async (t) => {
  const app = await build(t)
  for (const [path, field, detail] of [
    ['summary?from=yesterday', 'from', /must be integer/],
    ['summary?from=-1', 'from', />= 0/],
    ['summary?to=99999999999999999', 'to', /<= 8640000000000000/],
    ['routes?from=2000&to=1000', 'from', /before to/],
    [`instances?from=${now + 3_600_000}`, 'from', /before to/],
    [`limits?from=${now - 40 * 86_400_000}`, 'from', /31 days/],
    [`history?from=${now - 30 * 3_600_000}`, 'from', /step=hour/],
    ['history?step=day', 'step', /"minute", "hour"/]
  ] as const) {
    const response = await get(app, path)
    t.equal(response.statusCode, 400, path)
    t.match(response.headers, { 'content-type': 'application/problem+json' })
    t.match(response.json(), { detail, errors: [{ field }] }, path)
  }
})

t.test('demo users for every visitor', async (t) => {
  const app = await build(t, undefined, { JWT_SECRET, DEMO_USERS: 'true' })
  const response = await get(app, 'demo-users')
  t.match(response.headers, { 'cache-control': 'no-store' })
  const { users } = response.json<{ users: { id: string, token: string }[] }>()
  t.same(users.map(({ id }) => id), ['alice', 'bob'])
  for (const { id, token } of users) {
    t.match(app.jwt.HS256.verify(token), { sub: id, role: 'reader', exp: Number })
    t.equal((await get(app, 'summary', { authorization: `Bearer ${token}` })).statusCode, 200)
  }
  t.equal((await get(app, 'summary', { authorization: 'Bearer forged' })).statusCode, 401)
  for (const env of [{ JWT_SECRET }, { DEMO_USERS: 'true' }, { JWT_SECRET, DEMO_USERS: 'false' }]) {
    t.same((await get(await build(t, undefined, env), 'demo-users')).json(), { users: [] })
  }
})

t.test('it is limited like the others', async (t) => {
  const app = await build(t, undefined, { RATE_LIMIT_ALLOW: '' })
  t.match((await get(app, 'summary')).headers, {
    'ratelimit-policy': '"stats";q=50;w=1;weir-burst=100'
  })
})

t.test('every route is described, its errors too', async (t) => {
  const app = await build(t)
  type Route = { summary?: string, responses: object }
  const { paths } = (await app.inject('/docs/json')).json<{
    paths: Record<string, { get?: Route; post?: Route }>
  }>()
  const described = Object.entries(paths).filter(([path]) => path.startsWith('/api'))
  t.same(described.map(([path]) => path.slice('/api/stats/'.length)).sort(), [
    'advice',
    'caches',
    'demo-users',
    'edge',
    'edge/letters',
    'events',
    'history',
    'instances',
    'invalidations',
    'journal',
    'journal/why',
    'journals',
    'keys',
    'keys/entry',
    'limits',
    'limits/clients',
    'live',
    'login',
    'namespaces',
    'redis',
    'routes',
    'services',
    'summary'
  ])
  for (const [path, { get, post }] of described) {
    const route = get ?? post
    t.ok(route?.summary, path)
    t.match(route?.responses, { '4XX': { content: { 'application/problem+json': {} } } }, path)
  }
  t.match((await app.inject('/health/ready')).json(), { checks: { database: 'ok' } })
})
