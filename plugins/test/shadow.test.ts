import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { mock } from 'node:test'
import { runInThisContext } from 'node:vm'
import compress from '@fastify/compress'
import { memoryStore } from '@weir/cache/memory'
import { type Certificate, certificate } from '@weir/internal/testing'
import { memoryStore as metricsStore, suggestedTags } from '@weir/metrics'
import Fastify, {
  fastify, type FastifyInstance, type InjectOptions, type RouteHandlerMethod
} from 'fastify'
import t, { type Test } from 'tap'
import observability from '../observability/index.js'
import responseCache from '../response-cache/index.js'
import { Budget } from '../shadow/budget.js'
import shadow, { type ShadowOptions } from '../shadow/index.js'
import { UNCOUNTED } from '../uncounted.js'
import { askHttp, askHttp2, type Ask, type Got } from './support/ask.js'

/** Replaces the clock of shadow mode, so that tests are about hours and do not wait. */
function clock (t: Test): (ms: number) => void {
  let at = 1000
  const mocked = mock.method(performance, 'now', () => at)
  t.teardown(() => { mocked.mock.restore() })
  return (ms) => { at += ms }
}

async function build (
  t: Test,
  routes: (app: FastifyInstance) => void,
  options: ShadowOptions = {}
): Promise<FastifyInstance> {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(shadow, options)
  routes(app)
  return app
}

/** Sends requests in turn, `ms` apart. */
async function send (
  app: FastifyInstance,
  pass: (ms: number) => void,
  requests: readonly (string | InjectOptions)[],
  { times = 1, ms = 100 } = {}
): Promise<void> {
  for (let i = 0; i < times; i++) {
    for (const request of requests) {
      await app.inject(request)
      pass(ms)
    }
  }
}

const codesOf = (app: FastifyInstance) =>
  app.shadow.advice().map(({ verdict, reasons }) => [verdict, ...reasons.map(({ code }) => code)])

/* Responses are the same with and without shadow mode. */

interface Transport {
  readonly server: (tls: Certificate) => object
  readonly ask: (app: FastifyInstance, path: string, ask?: Ask) => Promise<Got>
}

const TRANSPORTS: Readonly<Record<string, Transport>> = {
  http1: { server: () => ({}), ask: askHttp },
  'http2 with TLS': { server: (tls) => ({ http2: true, https: tls }), ask: askHttp2 }
}

const LONG = 'text that can be compressed '.repeat(100)

const HANDLERS: Readonly<Record<string, RouteHandlerMethod>> = {
  text: async () => LONG,
  json: async () => ({ text: LONG }),
  buffer: async (_request, reply) => reply.type('text/plain').send(Buffer.from(LONG)),
  stream: async (_request, reply) => reply.type('text/plain').send(Readable.from(['a ', LONG])),
  'web-stream': async () => new Response(LONG, { headers: { 'content-type': 'text/plain' } }),
  empty: async (_request, reply) => reply.code(204).send(),
  undefined: async (_request, reply) => reply.send(undefined),
  callback: (_request, reply) => { reply.send('from a callback') },
  raw: (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/plain', 'x-set': ['a', 'b'] })
    reply.raw.write('6368756e6b', 'hex')
    reply.raw.end('end')
  },
  'raw-later': (_request, reply) => {
    reply.hijack()
    reply.raw.setHeader('x-a', '1')
    reply.raw.end(() => {})
  },
  invalid: async (_request, reply) => {
    reply.raw.writeHead(200, { 'x-a': 'no\nvalue' })
    return reply
  },
  throws: async () => { throw Object.assign(new Error('no'), { statusCode: 418 }) },
  large: async () => Buffer.alloc(3 * 1024 * 1024, 'x'),
  broken: async (_request, reply) => reply.send(new Readable({
    read () { this.destroy(new Error('broken')) }
  }))
}

for (const [name, { server, ask }] of Object.entries(TRANSPORTS)) {
  t.test(`responses over ${name} are the same with shadow mode, whatever is sent`, async (t) => {
    const tls = await certificate(t.testdir({}))
    const pass = clock(t)
    const apps = await Promise.all([true, false].map(async (isObserved) => {
      const app = Fastify({ ...server(tls) }) as FastifyInstance
      t.teardown(() => app.close())
      if (isObserved) await app.register(shadow)
      await app.register(compress, { threshold: 10 })
      for (const [path, handler] of Object.entries(HANDLERS)) app.get(`/${path}`, handler)
      await app.listen({ port: 0, host: '127.0.0.1' })
      return app
    }))
    const seen = async (app: FastifyInstance | undefined, path: string, given: Ask) => {
      if (app === undefined) throw new Error('no app')
      const { headers: { date: _, ...headers }, ...rest } = await ask(app, path, given)
      return { ...rest, headers }
    }
    // Node's HTTP/2 never answers a head that it refuses.
    const paths = Object.keys(HANDLERS).filter((path) => path !== 'invalid' || name === 'http1')
    for (const path of paths) {
      for (const encoding of ['gzip', 'identity']) {
        for (const method of ['GET', 'HEAD']) {
          const given: Ask = { method, headers: { 'accept-encoding': encoding } }
          const text = `${method} ${path}, ${encoding}`
          const [mine, bare] = await Promise.all(
            apps.map((app) => seen(app, `/${path}`, given).catch((error: unknown) => String(error))))
          t.strictSame(mine, bare, text)
          pass(100)
        }
      }
    }
    const [app] = apps
    const observed = app?.shadow.findings().map(({ route, probes }) => [route, probes > 0]) ?? []
    t.strictSame(observed.filter(([, isProbed]) => isProbed !== true), [])
  })
}

/* Recommendations. */

t.test('a route whose responses repeat gets options that the response cache accepts', async (t) => {
  const pass = clock(t)
  const app = await build(t, (app) => {
    app.get('/api/products/:id', async ({ params }) => {
      pass(20)
      return params
    })
  })
  const urls = Array.from({ length: 10 }, (_, i) => `/api/products/${i}`)
  await send(app, pass, urls, { times: 9 })
  t.match(app.shadow.advice(), [{ verdict: 'more-data', missing: 110, cache: null, code: null }])
  await send(app, pass, urls, { times: 21 })
  const [advice] = app.shadow.advice()
  t.match(advice, {
    route: 'GET /api/products/:id',
    verdict: 'cache',
    cache: { ttl: '5s', tags: ['products', 'product:{id}'] },
    expected: { staleShare: 0 },
    keys: 10,
    handlerMs: 20,
    requests: 300,
    missing: 0
  })
  const config: unknown = runInThisContext(`({ ${advice?.code ?? ''} })`)
  t.strictSame(config, { config: { cache: advice?.cache } }, 'the code has the same options')

  const cached = fastify()
  t.teardown(() => cached.close())
  await cached.register(responseCache, { store: memoryStore() })
  const cache = advice?.cache
  if (cache === null || cache === undefined) throw new Error('nothing is recommended')
  cached.get('/api/products/:id', { config: { cache } }, async ({ params }) => params)
  await cached.inject('/api/products/1')
  t.match((await cached.inject('/api/products/1')).headers['cache-status'], 'hit')
})

t.test('the advised tags of any path are accepted, and responses are stored', async (t) => {
  const names = ['boxes', 'series', "we'ird", 'a.b', 'ž']
  const parameters: Readonly<Record<string, readonly string[]>> = {
    ':id': ['1'],
    ':id?': ['', '1'],
    ':id::verb': ['1:verb', '1'],
    ':a-:b.:c': ['1-2.3'],
    ':n(^\\d+)': ['1'],
    ':x_y': ['1'],
    '*': ['', '1/2']
  }
  for (const name of names) {
    for (const [parameter, values] of Object.entries(parameters)) {
      const path = `/api/${name}/${parameter}`
      const app = fastify()
      t.teardown(() => app.close())
      await app.register(responseCache, { store: memoryStore() })
      const cache = { ttl: '1m', tags: suggestedTags(path) } as const
      app.get(path, { config: { cache } }, async () => 'x')
      for (const value of values) {
        const { headers } = await app.inject(encodeURI(`/api/${name}/${value}`))
        t.match(headers['cache-status'], 'stored', `${path} with "${value}"`)
      }
    }
  }
})

t.test('two users with different bodies for one URL are found, whoever comes first', async (t) => {
  for (const [credential, options] of [
    ['authorization', {}], ['cookie', {}], ['x-api-key', {}], ['x-user', { credentials: ['X-User'] }]
  ] as const) {
    const pass = clock(t)
    const app = await build(t, (app) => {
      app.get('/me', async ({ headers }) => ({ for: headers[credential] }))
    }, options)
    const of = (user: string) => ({ url: '/me', headers: { [credential]: user } })
    await send(app, pass, [of('a'), of('b')])
    t.match(codesOf(app), [['do-not-share', 'USERS_DIFFER', 'USERS_ONLY']], 'a suspicion')
    await send(app, pass, [of('a')])
    t.match(codesOf(app), [['do-not-share', 'USER_BODIES']], `a proof, by ${credential}`)
    await send(app, pass, ['/me', of('b')], { times: 120 })
    t.match(app.shadow.advice(), [{ verdict: 'do-not-share', cache: null }], 'for ever')
  }
})

t.test('header fields named like credentials identify users, and the advice lists them', async (t) => {
  const names = [
    'x-auth-token', 'X-Access-Token', 'x-session', 'app-secret', 'apikey', 'x-user-id',
    'x-account', 'x-tenant', 'x-jwt', 'x-credential', 'proxy-authorization'
  ]
  for (const name of names) {
    const pass = clock(t)
    const app = await build(t, (app) => {
      app.get('/own/:id', async ({ params }) => params)
      app.get('/news', async () => 'the same')
    })
    const of = (url: string, user: string) => ({ url, headers: { [name]: user } })
    await send(app, pass, [of('/own/a', 'a'), of('/own/b', 'b')], { times: 150 })
    t.match(codesOf(app), [['do-not-share', 'USERS_ONLY', 'CREDENTIALS', 'CREDENTIAL_HEADERS']], name)
    await send(app, pass, ['/news', '/news', of('/news', 'a'), of('/news', 'b')], { times: 120 })
    const news = app.shadow.advice().find(({ route }) => route === 'GET /news')
    t.equal(news?.verdict, 'cache', name)
    t.match(news?.code, `{ credentials: ['${name.toLowerCase()}'] }\n`)
    t.match(runInThisContext(`({ ${news?.code ?? ''} })`), { config: { cache: news?.cache } })
  }
})

t.test('user agents are no users, whatever their name has in common', async (t) => {
  const pass = clock(t)
  const app = await build(t, (app) => { app.get('/news', async () => 'the same') })
  await send(app, pass, [{ url: '/news', headers: { 'user-agent': 'a' } }], { times: 300 })
  t.match(codesOf(app), [['cache', 'IDENTICAL']])
  t.match(app.shadow.findings(), [{ identified: 0, carried: [] }])
})

t.test('all requests of users are seen, also of those whose responses are not observed', async (t) => {
  clock(t)
  const app = await build(t, (app) => { app.get('/me', async () => 'x') })
  // No time passes, so that only the first response is observed.
  await send(app, () => {}, [{ url: '/me', headers: { cookie: 'a=1' } }], { times: 250 })
  t.match(app.shadow.findings(), [{ sampled: 250, identified: 250, probes: 1 }])
  t.match(codesOf(app), [['do-not-share', 'USERS_ONLY', 'CREDENTIALS']])
})

t.test('a user that a hook finds is a user', async (t) => {
  const pass = clock(t)
  const app = await build(t, (app) => {
    app.addHook('onRequest', async (request) => {
      Object.assign(request, { user: { sub: request.query } })
    })
    app.get('/me', async () => 'same for all')
  })
  await send(app, pass, ['/me'], { times: 300 })
  t.match(codesOf(app), [['do-not-share', 'USERS_ONLY']])
})

t.test('users with the same bodies do not prevent caching for others', async (t) => {
  const pass = clock(t)
  const app = await build(t, (app) => { app.get('/news', async () => 'the same') })
  const users = Array.from({ length: 4 }, (_, i) => ({ url: '/news', headers: { cookie: `a=${i}` } }))
  await send(app, pass, [...users, '/news', '/news'], { times: 160 })
  const [advice] = app.shadow.advice()
  t.match(codesOf(app), [['cache', 'IDENTICAL', 'CREDENTIALS']])
  t.notOk('public' in (advice?.cache ?? {}), 'users bypass the cache')
  const { savedMsPerHour = NaN } = advice?.expected ?? {}
  const { handlerMs = NaN, requestsPerHour = NaN } = advice ?? {}
  t.ok(savedMsPerHour <= handlerMs * requestsPerHour / 3, 'and are no expected hits')
})

t.test('headers by which responses differ are recommended for vary, and no others', async (t) => {
  const pass = clock(t)
  const app = await build(t, (app) => {
    app.get('/hello', async ({ headers }) => `hello in ${headers['accept-language'] ?? 'English'}`)
    app.get('/declared', async ({ headers }, reply) =>
      reply.header('vary', 'X-Tenant, Accept-Encoding').send(`for ${String(headers['x-tenant'])}`))
  })
  const of = (url: string, headers: Record<string, string>) => ({ url, headers })
  const requests = ['de', 'fr', 'de'].flatMap((language, i) => [
    of('/hello', { 'accept-language': language, 'user-agent': `browser ${i}` }),
    of('/declared', { 'x-tenant': language })
  ])
  await send(app, pass, requests, { times: 150 })
  t.match(app.shadow.advice(), [
    { verdict: 'cache', cache: { vary: ['accept-language'] }, expected: { staleShare: 0 } },
    {
      verdict: 'cache',
      cache: { ttl: '5s', tags: ['declared'] },
      reasons: [{}, { text: 'Responses have Vary: accept-encoding, x-tenant.' }]
    }
  ])
  t.notOk('vary' in (app.shadow.advice()[1]?.cache ?? {}), 'the response declares it itself')
})

t.test('responses with an unsafe sign are never recommended', async (t) => {
  const handlers: Readonly<Record<string, RouteHandlerMethod>> = {
    SET_COOKIE: async (_request, reply) => reply.header('set-cookie', 'a=1').send('x'),
    PRIVATE: async (_request, reply) => reply.header('cache-control', 'private').send('x'),
    NO_STORE: async (_request, reply) => reply.header('cache-control', 'No-Store').send('x'),
    VARY_ANY: async (_request, reply) => reply.header('vary', '*').send('x'),
    VARY_USER: async (_request, reply) => reply.header('vary', 'accept, Cookie').send('x'),
    STATUS: async (_request, reply) => reply.code(500).send('x'),
    TOO_LARGE: async () => Buffer.alloc(1024 * 1024 + 1)
  }
  for (const [code, handler] of Object.entries(handlers)) {
    const pass = clock(t)
    const app = await build(t, (app) => { app.get('/x', handler) })
    await send(app, pass, ['/x'], { times: 3 })
    t.match(codesOf(app), [['do-not-share', code]])
  }
})

t.test('equal requests with different bodies in turn are refused: something is unknown', async (t) => {
  const pass = clock(t)
  const app = await build(t, (app) => {
    app.get('/x', async ({ headers }) => `for ${String(headers['x-unknown'])}`)
  })
  const of = (value: string) => ({ url: '/x', headers: { 'x-unknown': value } })
  await send(app, pass, [of('a'), of('b')], { times: 20 })
  t.match(codesOf(app), [['do-not-share', 'ALTERNATES']])
})

t.test('a route that refuses some clients is never recommended, however few', async (t) => {
  const token = 'x-knows'
  const refusals: Readonly<Record<string, RouteHandlerMethod>> = {
    401: async (_request, reply) => reply.code(401).send({ error: 'sign in' }),
    403: async () => { throw Object.assign(new Error('not yours'), { statusCode: 403 }) },
    407: async (_request, reply) => reply.code(407).send(),
    'a redirect': async (_request, reply) => reply.redirect('/sign-in?to=x', 302),
    raw: (_request, reply) => {
      reply.hijack()
      reply.raw.writeHead(401)
      reply.raw.end()
    }
  }
  for (const [name, refuse] of Object.entries(refusals)) {
    const pass = clock(t)
    const app = await build(t, (app) => {
      app.get('/report', function (request, reply) {
        if (request.headers[token] === 'yes') return reply.send({ salary: 1 })
        return refuse.call(this, request, reply)
      })
    })
    const granted = { url: '/report', headers: { [token]: 'yes' } }
    await send(app, pass, [granted], { times: 300 })
    t.match(codesOf(app), [['cache', 'IDENTICAL']])
    // Requests at the same time are not probed.
    await send(app, pass, [granted, '/report'], { ms: 0 })
    t.match(codesOf(app), [['do-not-share', 'REFUSES']], name)
    t.equal(app.shadow.advice()[0]?.code, null)
  }
})

t.test('refusals of a hook, which runs before any cache, and other failures do not count', async (t) => {
  const pass = clock(t)
  let count = 0
  const app = await build(t, (app) => {
    app.addHook('onRequest', async ({ headers }, reply) =>
      headers['x-refuse'] === undefined ? undefined : reply.code(403).send())
    app.get('/x', async (_request, reply) => {
      const status = [429, 503, 500][count++ % 150]
      return status === undefined ? 'x' : reply.code(status).send()
    })
    app.get('/moved/:id', async ({ params }, reply) =>
      JSON.stringify(params).includes('old') ? reply.redirect('/moved/new', 302) : 'x')
  })
  await send(app, pass, [
    '/x', { url: '/x', headers: { 'x-refuse': '1' } }, '/moved/new', '/moved/old', '/moved/new'
  ], { times: 300 })
  t.match(codesOf(app), [['cache'], ['cache']])
})

t.test('a URL with 200 and 404 in turn depends on something unknown', async (t) => {
  const pass = clock(t)
  const app = await build(t, (app) => {
    app.get('/x', async ({ headers }, reply) =>
      headers['x-unknown'] === 'a' ? 'x' : reply.code(404).send())
  })
  const of = (value: string) => ({ url: '/x', headers: { 'x-unknown': value } })
  await send(app, pass, [of('a'), of('b'), of('a'), of('a')], { times: 50 })
  t.match(codesOf(app), [['do-not-share', 'ALTERNATES']])
})

t.test('rare statuses and bodies by an unknown header are never recommended', async (t) => {
  const answers: Readonly<Record<string, RouteHandlerMethod>> = {
    204: async (_request, reply) => reply.code(204).send(),
    404: async (_request, reply) => { reply.callNotFound() },
    410: async (_request, reply) => reply.code(410).send('gone'),
    302: async (_request, reply) => reply.redirect('/other', 302),
    body: async () => 'other',
    private: async (_request, reply) => reply.header('cache-control', 'private').send('x'),
    cookie: async (_request, reply) => reply.header('set-cookie', 'a=1').send('x')
  }
  for (const [name, answer] of Object.entries(answers)) {
    for (const share of [10, 50, 90]) {
      const pass = clock(t)
      const app = await build(t, (app) => {
        app.get('/x', function (request, reply) {
          if (request.headers['x-plan'] === undefined) return reply.send('x')
          return answer.call(this, request, reply)
        })
      })
      const odd = { url: '/x', headers: { 'x-plan': 'free' } }
      // Statuses and headers are seen on all responses; bodies on those that are hashed.
      const ms = name === 'body' ? 100 : 5
      const requests = Array.from({ length: share }, (_, i) => i === share >> 1 ? odd : '/x')
      await send(app, pass, requests, { times: Math.ceil(400 / share), ms })
      t.not(app.shadow.advice()[0]?.verdict, 'cache', `${name}, one in ${share}`)
      if (name !== 'body') t.match(codesOf(app), [['do-not-share']], `${name}, one in ${share}`)
    }
  }
})

t.test('a URL that a write creates and another deletes may be cached', async (t) => {
  const pass = clock(t)
  let isThere = true
  const app = await build(t, (app) => {
    app.get('/things/:id', async (_request, reply) =>
      isThere ? 'x' : reply.code(404).send('none'))
    app.put('/things/:id', async () => { isThere = true })
    app.delete('/things/:id', async () => { isThere = false })
  })
  const reads = Array.from({ length: 40 }, () => '/things/1')
  await send(app, pass, [
    ...reads, { method: 'DELETE', url: '/things/1' }, ...reads, { method: 'PUT', url: '/things/1' }
  ], { times: 4 })
  t.equal(app.shadow.findings()[0]?.statusFlips, 0)
  t.equal(app.shadow.findings()[0]?.brief, 0)
})

t.test('bodies that always change, and URLs that never repeat, bring no gain', async (t) => {
  const pass = clock(t)
  let run = 0
  const app = await build(t, (app) => {
    app.get('/clock', async () => ({ run: run++ }))
    app.get('/search', async () => 'x')
  })
  for (let i = 0; i < 250; i++) await send(app, pass, ['/clock', `/search?q=${i}`])
  t.strictSame(codesOf(app), [['no-gain', 'CHANGES'], ['no-gain', 'NO_REPEATS']])
})

t.test('writes after which responses change are found, and their tags', async (t) => {
  const pass = clock(t)
  let version = 0
  const app = await build(t, (app) => {
    app.get('/products/:id', async () => ({ version }))
    app.put('/products/:id', async () => ({ version: ++version }))
    app.post('/products', async (_request, reply) => reply.code(400).send())
    app.put('/users/:id', async () => 'unrelated')
  })
  const read = Array.from({ length: 60 }, () => '/products/1')
  const write = (method: 'PUT' | 'POST', url: string): InjectOptions => ({ method, url })
  await send(app, pass, [
    ...read, write('PUT', '/products/1'), write('POST', '/products'), ...read,
    write('PUT', '/users/1')
  ], { times: 5 })
  const [advice] = app.shadow.advice()
  t.match(advice?.writes, [
    { route: 'PUT /products/:id', changedShare: 1, invalidates: ['products', 'product:{id}'] }
  ])
  t.equal(advice?.writes.length, 1)
  t.match(advice?.reasons.map(({ code }) => code), ['IDENTICAL', 'WRITES'])
})

t.test('a changed response of another product is not due to a write to this one', async (t) => {
  const pass = clock(t)
  let version = 0
  const app = await build(t, (app) => {
    app.get('/products/:id', async () => ({ version }))
    app.put('/products/:id', async () => ({ version: ++version }))
  })
  await send(app, pass, ['/products/1', { method: 'PUT', url: '/products/2' }], { times: 20 })
  t.strictSame(app.shadow.findings().map(({ changes, writes }) => [changes, writes]), [[19, {}]])
})

t.test('routes share the budget, so that the first one of a burst does not take all', async (t) => {
  let at = 0
  const budget = new Budget(0)
  const routes = Array.from({ length: 4 }, () => ({ probes: 0 }))
  for (const route of routes) budget.add(route)
  mock.method(process, 'cpuUsage', () => ({ user: 0, system: 0 }))
  t.teardown(() => { mock.restoreAll() })
  for (let burst = 0; burst < 2000; burst++) {
    at += 50
    for (const route of routes) {
      if (!budget.has(route, at)) continue
      budget.spend(route, 0.1)
      route.probes++
    }
  }
  const probes = routes.map((route) => route.probes)
  t.ok(Math.max(...probes) - Math.min(...probes) <= 2, String(probes))
  // 5 ms at first, then 0.02% of 100 s.
  t.ok(probes.reduce((sum, n) => sum + n) * 0.1 <= 5 + 20 + 4 * 0.1, String(probes))
})

t.test('the number of observed requests follows the time that they take', async (t) => {
  const budget = new Budget(0)
  const route = {}
  budget.add(route)
  t.equal(budget.perSecond(), 500)
  let user = 0
  mock.method(process, 'cpuUsage', () => ({ user, system: 0 }))
  t.teardown(() => { mock.restoreAll() })
  const renew = (at: number, busy: number, cost: number) => {
    for (let i = 0; i < 1000; i++) budget.looked(cost)
    user += busy * 1_000_000
    budget.has(route, at)
    return Math.round(budget.perSecond())
  }
  renew(1000, 1, 0.002)
  t.equal(renew(2000, 1, 0.002), 500, '0.1% of a busy core')
  t.equal(renew(3000, 1, 0.02), 50, 'requests that take longer')
  t.equal(renew(4000, 0, 0.002), 100, '0.02% of the time of an idle process')
  t.equal(renew(5000, 0, 1), 20, 'a few in any case')
})

t.test('a busy route is observed in part, and its advice is the same', async (t) => {
  const pass = clock(t)
  const app = await build(t, (app) => {
    app.get('/news/:id', async ({ headers }) => headers.cookie ?? 'the same for all')
  })
  const users = ['a', 'b'].map((cookie) => ({ url: '/news/1', headers: { cookie } }))
  await send(app, pass, ['/news/1', '/news/2'], { times: 3000, ms: 0.5 })
  // Later requests bring the compared pairs that are needed.
  await send(app, pass, ['/news/1', '/news/2'], { times: 200, ms: 400 })
  const [advice] = app.shadow.advice()
  t.match(advice, { verdict: 'cache', requests: 6400 })
  const { observed = NaN, expected } = advice ?? {}
  t.ok(observed < 3400, `${observed} of 6,400 requests are observed`)
  t.ok((expected?.hitRatio ?? 0) > 0.9)
  await send(app, pass, ['/news/1', '/news/2', ...users], { times: 1000, ms: 0.5 })
  t.match(app.shadow.advice(), [{ verdict: 'do-not-share' }], 'users are found')
})

t.test('refusals are found among slow responses, too', async (t) => {
  const gates: (() => void)[] = []
  const app = await build(t, (app) => {
    app.get('/slow', async (_request, reply) => {
      await new Promise<void>((resolve) => { gates.push(resolve) })
      return reply.code(gates.length > 20 ? 403 : 200).send('x')
    })
  })
  const responses = Array.from({ length: 40 }, () => app.inject('/slow'))
  while (gates.length < 40) await new Promise(setImmediate)
  for (const open of gates) open()
  await Promise.all(responses)
  t.ok((app.shadow.findings()[0]?.refused ?? 0) >= 16)
})

/* Exceptions. */

t.test('routes with caching, or a decision against it, are left out', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(observability, { store: metricsStore(), service: 'shop', instance: 'shop-1' })
  await app.register(shadow)
  await app.register(responseCache, { store: memoryStore() })
  app.get('/cached', { config: { cache: { ttl: '1m' } } }, async () => 'x')
  app.get('/never', { config: { cache: false } }, async () => 'x')
  app.get('/off', { config: { shadow: false } }, async () => 'x')
  app.get('/health', { config: { metrics: false } }, async () => 'x')
  app.route({ method: ['GET', 'POST'], url: '/both', handler: async () => 'x' })
  await app.register(async (scope) => {
    scope.decorate(UNCOUNTED, true)
    scope.get('/console', async () => 'x')
  })
  for (const url of ['/cached', '/never', '/off', '/health', '/metrics', '/console', '/none', '/both']) {
    await app.inject(url)
  }
  await app.inject({ method: 'HEAD', url: '/both' })
  await app.inject({ method: 'POST', url: '/both' })
  t.match(app.shadow.findings(), [{ route: 'GET /both', requests: 1 }])
  t.equal(app.shadow.findings().length, 1)
})

t.test('HEAD, 304, clients that leave, and failures before the end teach nothing', async (t) => {
  let close = () => {}
  const app = await build(t, (app) => {
    app.get('/none', async (_request, reply) => reply.code(304).send())
    app.get('/never', (_request, reply) => {
      reply.hijack()
      reply.raw.write('begun')
      reply.raw.once('close', () => { close() })
    })
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const closed = new Promise<void>((resolve) => { close = resolve })
  const request = httpRequest({ port, path: '/never' })
  request.on('error', () => {})
  request.end()
  await once(request, 'response')
  request.destroy()
  await closed
  await app.inject('/none')
  await app.inject({ method: 'HEAD', url: '/none' })
  t.match(app.shadow.findings(), [
    { route: 'GET /none', requests: 1, probes: 0, eligible: 1 },
    { route: 'GET /never', requests: 1, probes: 0, eligible: 0 }
  ])
})

t.test('observing that fails does not fail the request', async (t) => {
  const app = await build(t, (app) => {
    app.addHook('preHandler', async (request) => {
      Object.defineProperty(request, 'user', { get () { throw new Error('no user') } })
    })
    app.get('/x', async () => 'x')
  })
  t.equal((await app.inject('/x')).body, 'x')
})

t.test('mistakes in options stop the boot', async (t) => {
  const register = async (options: object, config: object = {}) => {
    const app = fastify()
    t.teardown(() => app.close())
    await app.register(shadow, options)
    app.get('/x', { config }, async () => 'x')
    await app.register(shadow)
  }
  await t.rejects(register({ rate: 1 }), { code: 'WEIR_ERR_PLUGIN_OPTION' })
  await t.rejects(register({ credentials: 'x' }), { code: 'WEIR_ERR_PLUGIN_OPTION' })
  await t.rejects(register({}, { shadow: 'yes' }), { code: 'WEIR_ERR_ROUTE_OPTION' })
  await t.rejects(register({}), { code: 'WEIR_ERR_REGISTERED_TWICE' })
})

t.test('instances report what they observe', async (t) => {
  const store = metricsStore()
  const app = fastify()
  await app.register(observability, { store, service: 'shop', instance: 'shop-1' })
  await app.register(shadow)
  app.get('/a', async () => 'x')
  for (let i = 0; i < 60; i++) app.get(`/b${i}/:id`, async () => 'x')
  await app.ready()
  for (let i = 0; i < 60; i++) await app.inject(`/b${i}/1`)
  await app.close()
  const [state] = await store.instances()
  t.match(state?.shadow?.[0], { route: /^GET \/b\d+\/:id$/, requests: 1, keys: 1 })
  t.ok(JSON.stringify(state?.shadow).length <= 17_000, 'a bounded report')
})
