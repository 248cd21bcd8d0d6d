import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { connect, type ClientHttp2Session } from 'node:http2'
import { get, type IncomingMessage } from 'node:http'
import { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import fastifyBasicAuth from '@fastify/basic-auth'
import fastifyCompress from '@fastify/compress'
import fastifyFormbody from '@fastify/formbody'
import fastifyHelmet from '@fastify/helmet'
import fastifyRateLimit from '@fastify/rate-limit'
import { memoryStore as cacheStore } from '@weir/cache/memory'
import auth from '@weir/fastify/auth'
import conditional from '@weir/fastify/conditional'
import invalidation from '@weir/fastify/invalidation'
import observability from '@weir/fastify/observability'
import rateLimit from '@weir/fastify/rate-limit'
import responseCache from '@weir/fastify/response-cache'
import service from '@weir/fastify/service'
import { memoryStore as limitStore } from '@weir/limiter'
import { memoryStore } from '@weir/metrics'
import { fastify, type FastifyInstance, type InjectOptions, type LightMyRequestResponse } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import t, { type Test } from 'tap'
import { type Action, type Authorize, CODE_PATTERN, type ConsoleOptions } from '../src/index.js'
import consolePlugin from '../src/index.js'
import { record, series, state } from './support/records.js'
import { tempDir } from './support/temp-dir.js'

const CODE = `${Date.now() + 60_000}.${'x'.repeat(32)}`
const allow: Authorize = () => true
const options = (more: Partial<ConsoleOptions> = {}): ConsoleOptions =>
  ({ store: memoryStore(), authorize: allow, ...more })

function closing<App extends { close (): unknown }> (t: Test, app: App): App {
  t.teardown(() => app.close())
  return app
}

t.test('below a prefix, of its own and of the scope that it is in', async (t) => {
  const app = closing(t, fastify())
  await app.register(async (scope) => {
    await scope.register(consolePlugin, options({ prefix: '/weir/' }))
  }, { prefix: '/ops' })

  const page = await app.inject('/ops/weir/')
  t.equal(page.statusCode, 200)
  t.match(page.headers['content-type'], 'text/html')
  t.notMatch(page.body, /(?:src|href)="\//, 'addresses are relative')
  for (const path of ['main.js', 'main.css', 'favicon.svg', 'api/stats/summary']) {
    t.equal((await app.inject(`/ops/weir/${path}`)).statusCode, 200, path)
  }
  const bare = await app.inject('/ops/weir?from=mail')
  t.match(bare.body, 'location.replace(location.pathname + ', 'the browser adds the slash')
  t.match(bare.headers['content-security-policy'], /^default-src 'none'; script-src 'sha256-/)
  for (const url of ['/', '/api/stats/summary', '/ops', '/ops/', '/weir/']) {
    t.equal((await app.inject(url)).statusCode, 404, url)
  }
})

t.test('routes that ignore a final slash still lead to the page with one', async (t) => {
  const app = closing(t, fastify({ routerOptions: { ignoreTrailingSlash: true } }))
  await app.register(consolePlugin, options({ prefix: '/weir' }))
  t.match((await app.inject('/weir')).body, 'location.replace(')
  t.match((await app.inject('/weir/')).body, 'src="main.js"')
})

/** Returns every route that the console declares, with its methods. */
async function routesOf (t: Test, more: Partial<ConsoleOptions>) {
  const app = closing(t, fastify())
  const routes: (InjectOptions & { readonly url: string })[] = []
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) {
      const payload = one === 'POST' ? { code: CODE } : undefined
      routes.push({ method: one, url, ...(payload && { payload }) })
    }
  })
  await app.register(consolePlugin, options({ login: { code: CODE, users: () => [] }, ...more }))
  return { app, routes }
}

t.test('authorize decides about every route, pages and HEAD too', async (t) => {
  const asked: Action[] = []
  let isAllowed: unknown = false
  const { app, routes } = await routesOf(t, {
    authorize: (_request, action) => {
      asked.push(action)
      return isAllowed as boolean
    }
  })
  t.ok(routes.length > 25, String(routes.length))
  const login = routes.filter(({ url }) => url === '/api/stats/login')
  t.equal(login.length, 1)
  for (const route of routes.filter((one) => !login.includes(one))) {
    for (const refused of [false, undefined, 'yes', 1, {}, Promise.resolve(false)]) {
      isAllowed = refused
      asked.length = 0
      const response = await app.inject(route)
      t.equal(response.statusCode, 403, `${String(route.method)} ${route.url}`)
      t.same(asked, ['view'])
      if (route.method === 'GET') {
        t.match(response.headers['content-type'], 'application/problem+json')
        t.match(response.json(), { code: 'CONSOLE_ERR_FORBIDDEN', detail: /may not view/ })
      }
    }
  }
  for (const route of login) t.equal((await app.inject(route)).statusCode, 200)
})

/** Routes that write: a body, and the answer to it. */
const WRITES: Readonly<Record<string, { readonly body: string, readonly done: unknown[] }>> = {
  '/api/stats/edge/letters': {
    body:
      '{"service":"shop","action":"retry","letters":[{"destination":"cdn","id":"1","instance":null}]}',
    done: [404, 'CONSOLE_ERR_NO_EDGE']
  },
  '/api/stats/invalidations': { body: '{"namespace":"responses","tags":["a"]}', done: [200] },
  '/api/stats/login': { body: '{"code":"x"}', done: [403, 'STATS_ERR_LOGIN_UNKNOWN'] }
}

t.test('no page of another site can write with the cookies of a visitor', async (t) => {
  const app = closing(t, fastify())
  const writes: string[] = []
  app.addHook('onRoute', ({ method, url }) => { if (method === 'POST') writes.push(url) })
  // An application that parses forms: a form of any site reaches it without a preflight.
  await app.register(fastifyFormbody)
  const login = { code: CODE, users: () => [] }
  const cache = cacheStore()
  await app.register(consolePlugin, options({ cache, login }))
  t.same(writes.toSorted(), Object.keys(WRITES))
  const host = 'console.example:8080'
  const own = `http://${host}`
  const sites = [undefined, 'same-origin', 'none', 'same-site', 'cross-site', '']
  const origins = [
    undefined, own, `https://${host}`, 'http://console.example', 'http://evil.example:8080',
    'http://evil.example', 'null', 'console.example:8080', ''
  ]
  const types = [
    'application/json', 'Application/JSON; charset=utf-8', 'application/x-www-form-urlencoded',
    'text/plain', 'multipart/form-data; boundary=x', 'application/json-patch+json', ''
  ]
  const statusOf = async (url: string, headers: Record<string, string | undefined>) => {
    const given = Object.fromEntries(Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const]))
    const payload = WRITES[url]?.body ?? ''
    const { statusCode, json } = await app.inject({ method: 'POST', url, payload, headers: given })
    return statusCode === 200 ? [200] : [statusCode, json<{ code: string }>().code]
  }
  for (const url of writes) {
    const done = WRITES[url]?.done
    for (const site of sites) {
      for (const origin of origins) {
        for (const type of types) {
          const isOwn = site === undefined
            ? [undefined, own, `https://${host}`].includes(origin)
            : ['same-origin', 'none'].includes(site)
          const expected = !isOwn
            ? [403, 'CONSOLE_ERR_OTHER_SITE']
            : /^application\/json(?:;|$)/i.test(type) ? done : [415, 'CONSOLE_ERR_NOT_JSON']
          const headers = { host, origin, 'sec-fetch-site': site, 'content-type': type }
          const status = await statusOf(url, headers)
          if (String(status) !== String(expected)) t.same(status, expected, JSON.stringify(headers))
        }
      }
    }
  }
  const read = { url: '/api/stats/summary', headers: { 'sec-fetch-site': 'cross-site' } }
  t.equal((await app.inject(read)).statusCode, 200, 'links lead to the console')
})

t.test('clients that were denied are for those that may inspect', async (t) => {
  const actions: Action[] = []
  const app = closing(t, fastify())
  await app.register(consolePlugin, options({
    authorize (_request, action) {
      actions.push(action)
      return action === 'view'
    }
  }))
  t.equal((await app.inject('/api/stats/limits')).statusCode, 200)
  const refused = await app.inject('/api/stats/limits/clients')
  t.match(refused.json(), { status: 403, detail: /may not inspect/ })
  t.same(actions, ['view', 'view', 'inspect'])
})

t.test('an application with users of its own, and errors of its own', async (t) => {
  class Unknown extends Error { statusCode = 401 }
  const app = closing(t, fastify())
  app.decorateRequest('who', '')
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof Unknown) return reply.redirect('/login')
    return reply.code(418).send({ mine: true })
  })
  await app.register(consolePlugin, options({
    prefix: '/weir',
    async authorize ({ headers }) {
      if (headers.cookie === undefined) throw new Unknown()
      if (headers.cookie === 'broken') throw new Error('the database of users is away')
      return headers.cookie === 'admin'
    }
  }))
  const ask = (cookie?: string, path = '') =>
    app.inject({ url: `/weir/${path}`, headers: { ...(cookie !== undefined && { cookie }) } })
  t.equal((await ask()).headers.location, '/login')
  t.match((await ask('broken')).json(), { mine: true })
  t.match((await ask('visitor')).json(), { code: 'CONSOLE_ERR_FORBIDDEN' })
  t.equal((await ask('admin')).statusCode, 200)
  t.match((await ask('admin', 'api/stats/summary?from=x')).json(), {
    status: 400,
    errors: [{ field: 'from' }]
  })
  t.match((await ask('admin', 'api/stats/summary?from=9')).json(), { code: 'STATS_ERR_RANGE' })
  t.match((await ask('admin', 'api/stats/history')).json(), { step: 'minute' })
  t.match((await ask('admin', 'api/stats/summary')).headers['cache-control'], 'private')
})

t.test('basic authentication around it', async (t) => {
  const app = closing(t, fastify())
  await app.register(fastifyBasicAuth, {
    authenticate: true,
    validate: async (name, password) => {
      if (name !== 'ops' || password !== 'secret') throw new Error('no')
    }
  })
  await app.register(async (scope) => {
    scope.addHook('onRequest', scope.basicAuth)
    await scope.register(consolePlugin, options({ prefix: '/weir' }))
  })
  t.match((await app.inject('/weir/')).headers['www-authenticate'], 'Basic')
  const authorization = `Basic ${Buffer.from('ops:secret').toString('base64')}`
  t.equal((await app.inject({ url: '/weir/', headers: { authorization } })).statusCode, 200)
})

t.test('helmet with a policy of its own, compression, and limits of another plugin', async (t) => {
  const app = closing(t, fastify())
  await app.register(fastifyHelmet, {
    contentSecurityPolicy: { directives: { scriptSrc: ["'none'"] } }
  })
  await app.register(fastifyCompress, { threshold: 0 })
  await app.register(fastifyRateLimit, { max: 1000 })
  await app.register(consolePlugin, options({ prefix: '/weir', login: { code: CODE, users: () => [] } }))
  const page = await app.inject({ url: '/weir/', headers: { 'accept-encoding': 'gzip' } })
  t.equal(page.statusCode, 200)
  t.match(page.headers, {
    'content-security-policy': "script-src 'self'",
    'content-encoding': 'gzip',
    'x-content-type-options': 'nosniff'
  })
  const login = await app.inject({ method: 'POST', url: '/weir/api/stats/login', payload: { code: 'x' } })
  t.equal(login.json<{ code: string }>().code, 'STATS_ERR_LOGIN_UNKNOWN')

  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const live = get({ port, path: '/weir/api/stats/live', headers: { 'accept-encoding': 'gzip, br' } })
  const response = await new Promise<IncomingMessage>((resolve) => live.once('response', resolve))
  t.notOk(response.headers['content-encoding'], 'events are not held back')
  t.match(await firstData(response), 'retry: 1000')
  live.destroy()
})

t.test('schemas of Zod are the application\'s, not those of the console', async (t) => {
  const app = closing(t, fastify())
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  await app.register(consolePlugin, options())
  t.equal((await app.inject('/api/stats/summary')).statusCode, 200)
  t.match((await app.inject('/api/stats/history?step=hour')).json(), { step: 'hour' })
  t.match((await app.inject('/api/stats/history')).json(), { step: 'minute' })
  t.match((await app.inject('/api/stats/history?step=day')).json(), { errors: [{ field: 'step' }] })
  t.match((await app.inject('/api/stats/keys?namespace[]=a')).json(), {
    errors: [{ field: 'namespace' }, { field: 'namespace[]' }]
  })
  t.match((await app.inject({ method: 'POST', url: '/api/stats/login', payload: {} })).json(), {
    status: 400,
    errors: [{ field: 'code' }]
  })
})

t.test('two consoles, of two stores', async (t) => {
  const app = closing(t, fastify())
  const [first, second] = [memoryStore(), memoryStore()]
  const now = Date.now()
  await first.write(state(now), [record(Math.floor(now / 60_000), 1, { l1: series(3) })])
  const file = join(await tempDir(t), 'second.db')
  await app.register(consolePlugin, options({ store: first, prefix: '/one' }))
  await app.register(consolePlugin, options({
    store: second,
    prefix: '/two',
    authorize: () => false,
    file
  }))
  t.match((await app.inject('/one/api/stats/summary')).json(), { requests: 3 })
  t.equal((await app.inject('/two/api/stats/summary')).statusCode, 403)
  t.ok(await app.console.checkDatabase())
})

t.test('HTTP/2', async (t) => {
  const app = closing(t, fastify({ http2: true }))
  await app.register(consolePlugin, options({ prefix: '/weir' }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const session = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
  t.teardown(() => { session.destroy() })
  t.match(await first(session, '/weir/'), { status: 200, data: '<!doctype html>' })
  t.match(await first(session, '/weir/api/stats/summary'), { status: 200, data: '"requests":0' })
  t.match(await first(session, '/weir/api/stats/live'), { status: 200, data: 'retry: 1000' })
  t.match(await first(session, '/weir'), { status: 200, data: 'location.replace' })
})

/** Returns the status and the first bytes of a response over HTTP/2. */
async function first (session: ClientHttp2Session, path: string) {
  const stream = session.request({ ':path': path })
  const status = await new Promise<number | undefined>((resolve) => {
    stream.once('response', (headers) => { resolve(headers[':status']) })
  })
  const data = status === 200 ? await firstData(stream) : ''
  stream.close()
  return { status, data }
}

const firstData = (stream: NodeJS.ReadableStream) => new Promise<string>((resolve) => {
  stream.once('data', (data: Buffer) => { resolve(data.toString()) })
})

t.test('requests for the counts are not counted where they are shown', async (t) => {
  const count = async (isSame: boolean): Promise<string> => {
    const app: FastifyInstance = closing(t, fastify())
    const store = memoryStore()
    await app.register(observability, {
      store: isSame ? store : memoryStore(),
      service: 'shop',
      instance: 'shop-1'
    })
    await app.register(consolePlugin, options({ store, prefix: '/weir' }))
    app.get('/products', () => [])
    const answers: LightMyRequestResponse[] = []
    for (const url of ['/weir/', '/weir/api/stats/summary', '/products']) {
      answers.push(await app.inject(url))
    }
    t.same(answers.map(({ statusCode }) => statusCode), [200, 200, 200])
    return (await app.inject('/metrics')).body
  }
  const own = await count(true)
  t.match(own, 'route="GET /products"')
  t.notMatch(own, '/weir')
  t.match(await count(false), 'route="GET /weir/api/stats/summary"')
})

t.test('plugins of the application do not act on the console', async (t) => {
  const app = closing(t, fastify())
  const cache = cacheStore()
  await app.register(responseCache, { store: cache, name: 'shop-1' })
  await app.register(invalidation)
  app.post('/products', () => ({}))
  await app.register(consolePlugin, options({
    cache,
    prefix: '/weir',
    login: { code: CODE, users: () => [] }
  }))
  const heard: unknown[] = []
  const hear = (message: unknown) => { heard.push(message) }
  subscribe('weir:cache:invalidate', hear)
  t.teardown(() => { unsubscribe('weir:cache:invalidate', hear) })
  const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload })
  t.equal((await post('/weir/api/stats/login', { code: CODE })).statusCode, 200)
  t.same(heard, [], 'a login changes no response')
  const body = { namespace: 'responses', tags: ['a'] }
  t.equal((await post('/weir/api/stats/invalidations', body)).statusCode, 200)
  t.match(heard, [{ namespace: 'responses', tags: ['a'] }], 'only what was asked for')
  await post('/products', {})
  t.equal(heard.length, 2, 'writes of the application still invalidate')
  for (const path of ['summary', 'routes', 'services', 'limits', 'history', 'instances']) {
    await app.inject(`/weir/api/stats/${path}`)
  }
  const listed = await app.inject('/weir/api/stats/keys?namespace=responses')
  t.match(listed.json(), { keys: { length: 0 } }, 'responses of the console are not stored')
})

t.test('with any one of the plugins of @weir/fastify, and none of the others', async (t) => {
  const jwt = [{ algorithm: 'HS256', secret: 'a secret of the tests, which is long enough' }] as const
  const plugins: Record<string, (app: FastifyInstance) => Promise<void>> = {
    async auth (app) { await app.register(auth, { jwt }) },
    async rateLimit (app) {
      await app.register(rateLimit, { store: limitStore(), policies: [{ name: 'a', limit: 100, window: '1s' }] })
    },
    async conditional (app) { await app.register(conditional) },
    async responseCache (app) { await app.register(responseCache, { store: cacheStore() }) },
    async service (app) {
      await app.register(service, { name: 'a', version: '1', title: 'A', description: '' })
    }
  }
  for (const [name, register] of Object.entries(plugins)) {
    const app = closing(t, fastify())
    await register(app)
    await app.register(consolePlugin, options({ prefix: '/weir', login: { code: CODE, users: () => [] } }))
    for (const path of ['', 'api/stats/summary', 'api/stats/services', 'api/stats/limits/clients']) {
      t.equal((await app.inject(`/weir/${path}`)).statusCode, 200, `${name}: ${path}`)
    }
    const login = { method: 'POST', url: '/weir/api/stats/login', payload: { code: 'x' } } as const
    t.equal((await app.inject(login)).statusCode, 403, name)
  }
})

t.test('options that cannot be used stop the boot, each by name', async (t) => {
  t.match(CODE, new RegExp(CODE_PATTERN))
  const bad: [given: object, option: string, message: RegExp][] = [
    [{ store: undefined }, 'store', /is missing: give it redisStore\(\)/],
    [{ store: 'redis://localhost' }, 'store', /cannot be "redis:\/\/localhost"/],
    [{ authorize: undefined }, 'authorize', /is missing.*no console is public by accident/],
    [{ authorize: true }, 'authorize', /cannot be true/],
    [{ authorise: allow }, 'authorise', /is unknown: there is store, authorize/],
    [{ prefix: 'weir' }, 'prefix', /cannot be "weir": write a path such as "\/console"/],
    [{ prefix: '/:id' }, 'prefix', /cannot be "\/:id"/],
    [{ file: '' }, 'file', /cannot be ""/],
    [{ file: 7 }, 'file', /cannot be 7/],
    [{ cache: {} }, 'cache', /cannot be that object/],
    [{ redis: 'redis://localhost' }, 'redis', /client of ioredis/],
    [{ demoUsers: [] }, 'demoUsers', /give it a function/],
    [{ login: { code: CODE } }, 'login.users', /is missing/],
    [{ login: { code: 'secret', users: () => [] } }, 'login.code', /is not a login code/]
  ]
  for (const [given, option, message] of bad) {
    const app = fastify()
    await t.rejects(
      async () => { await app.register(consolePlugin, options(given)) },
      { code: 'CONSOLE_ERR_OPTION', message: new RegExp(`^Option "${option}" .*${message.source}`) },
      option
    )
    await app.close()
  }
})
