import cookie from '@fastify/cookie'
import { fastify } from 'fastify'
import t, { type Test } from 'tap'
import { memoryStore } from '@weir/cache/memory'
import responseCache, {
  type ResponseCacheOptions,
  type RouteCacheOptions
} from '../response-cache/index.js'

/*
 * A response to a request with a credential is private, unless the response or the route declares
 * it as public.
 */

async function app (
  t: Test,
  options: Partial<ResponseCacheOptions> = {},
  cache: RouteCacheOptions = {}
) {
  const app = fastify()
  t.teardown(() => app.close())
  app.decorateRequest('user', null)
  app.addHook('preHandler', async (request) => {
    if (request.headers['x-login'] !== undefined) {
      Object.assign(request, { user: { id: String(request.headers['x-login']) } })
    }
  })
  await app.register(responseCache, {
    store: memoryStore(),
    origin: 'http://shop.test',
    ...options
  })
  let runs = 0
  app.get('/x', { config: { cache: { ttl: '1m', ...cache } } }, async (request, reply) => {
    if (typeof request.headers['x-say'] === 'string') {
      reply.header('cache-control', request.headers['x-say'])
    }
    return `run ${++runs}`
  })
  const get = async (headers: Record<string, string> = {}) => {
    const {
      body,
      headers: { 'cache-status': status }
    } = await app.inject({ url: '/x', headers })
    return { body, status: String(status) }
  }
  return { app, get }
}

const CREDENTIALS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  AUTHORIZATION: { authorization: 'Bearer ann' },
  COOKIE: { cookie: 'session=ann' },
  'X-API-KEY': { 'x-api-key': 'ann' },
  USER: { 'x-login': 'ann' },
  'X-TENANT-TOKEN': { 'x-tenant-token': 'ann' }
}
const options = { credentials: ['X-Tenant-Token'] }

for (const [name, headers] of Object.entries(CREDENTIALS)) {
  t.test(`${name}: its response is not stored, and it is not served a stored one`, async (t) => {
    const { get } = await app(t, options)
    t.equal((await get(headers)).body, 'run 1')
    const others = await get()
    t.equal(others.body, 'run 2', 'other clients do not get it')
    t.match(others.status, /stored/)
    const again = await get(headers)
    t.equal(again.body, 'run 3', 'nor does it get theirs')
    t.ok(again.status.endsWith(`fwd=bypass; detail=${name}`), again.status)
    t.match(await get(), { body: 'run 2', status: /hit/ }, 'which is still stored')
  })

  t.test(`${name}: a public response is shared`, async (t) => {
    for (const say of ['public', 's-maxage=60', 'must-revalidate, max-age=60']) {
      const { get } = await app(t, options)
      t.equal((await get({ ...headers, 'x-say': say })).body, 'run 1')
      t.match(await get(), { body: 'run 1', status: /hit/ }, `${say}: stored for others`)
      t.match(await get(headers), { body: 'run 1', status: /hit/ }, 'and served to users')
    }
  })

  t.test(`${name}: so is each response of a public route`, async (t) => {
    const { get } = await app(t, options, { public: true })
    t.equal((await get(headers)).body, 'run 1')
    t.match(await get(), { body: 'run 1', status: /hit/ })
    t.match(await get({ ...headers, 'x-other': '1' }), { body: 'run 1', status: /hit/ })
  })
}

t.test(
  'a cookie set by a hook reaches its client, even if the response is stored',
  async (t) => {
    const app = fastify()
    t.teardown(() => app.close())
    await app.register(cookie)
    app.addHook('preHandler', async (request, reply) => {
      if (request.headers['x-greet'] !== undefined) reply.setCookie('greeted', '1')
    })
    await app.register(responseCache, { store: memoryStore() })
    app.get('/x', { config: { cache: { ttl: '1m' } } }, async () => 'x')
    await app.inject('/x')
    t.match((await app.inject('/x')).headers['cache-status'], /hit/)
    const greeted = await app.inject({ url: '/x', headers: { 'x-greet': '1' } })
    t.match(greeted.headers['set-cookie'], /^greeted=1/)
    t.match(greeted.headers['cache-status'], /fwd=bypass; detail=SET_COOKIE/)
  }
)

t.test('credentials: a list of names, or the boot fails', async (t) => {
  for (const credentials of ['x-token', [1], ['']]) {
    await t.rejects(
      async () =>
        fastify().register(responseCache, {
          store: memoryStore(),
          credentials: credentials as never
        }),
      { code: 'WEIR_ERR_PLUGIN_OPTION' }
    )
  }
})
