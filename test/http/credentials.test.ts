import { memoryStore } from '@weir/cache/memory'
import responseCache, { type RouteCacheOptions } from '@weir/fastify/response-cache'
import Fastify from 'fastify'
import t from 'tap'
import { isHit, ours } from './cache-status.js'
import { stopClock } from './clock.js'
import { proxiedApp } from './proxied-app.js'
import { twoApps } from './two-apps.js'

type Headers = Readonly<Record<string, string>>

const FRESH = { 'cache-control': 'max-age=60' }

/**
 * The list of the route, the fields of a request, and the credential that makes its response
 * private, if any.
 */
const CASES: readonly (readonly [
  credentials: readonly string[] | undefined,
  request: Headers,
  detail: string | undefined
])[] = [
  [undefined, { authorization: 'Bearer ann' }, 'AUTHORIZATION'],
  [undefined, { cookie: 'sid=ann' }, 'COOKIE'],
  [undefined, { 'x-api-key': 'ann' }, 'X-API-KEY'],
  [undefined, { 'x-tenant': 'ann' }, 'X-TENANT'],
  [['authorization'], { authorization: 'Bearer ann' }, 'AUTHORIZATION'],
  [['Authorization', 'authorization'], { authorization: 'Bearer ann' }, 'AUTHORIZATION'],
  [['authorization'], { cookie: 'sid=ann' }, undefined],
  [['authorization'], { 'x-api-key': 'ann' }, undefined],
  [['authorization'], { 'x-tenant': 'ann' }, undefined],
  [['authorization'], { cookie: 'sid=ann', authorization: 'Bearer ann' }, 'AUTHORIZATION'],
  [['authorization', 'X-Session'], { 'x-session': 'ann' }, 'X-SESSION'],
  [['authorization', 'X-Session'], { cookie: 'sid=ann' }, undefined]
]

t.test(
  'header fields that identify a user, by plugin and route options',
  async (t) => {
    for (const [credentials, request, detail] of CASES) {
      const name = `${String(credentials)}: ${Object.keys(request).join()}`
      const { origin, get } = await proxiedApp(t, {
        credentials: ['X-Tenant'],
        cache: { ...(credentials !== undefined && { credentials }) }
      })
      origin.always('/', { headers: FRESH, body: 'text' })
      origin.always('/private', {
        headers: { 'cache-control': 'private, max-age=60' },
        body: 'text'
      })
      t.match(ours(await get('/', request)), { detail }, `${name}: a miss`)
      t.equal(isHit(await get('/')), detail === undefined, `${name}: is it stored?`)
      t.equal(isHit(await get('/', request)), detail === undefined, `${name}: a hit`)
      await get('/private', request)
      t.notOk(isHit(await get('/private', request)), `${name}: what is private stays so`)
    }
  }
)

t.test('of two instances, too', async (t) => {
  const [a, b] = await twoApps(t, { cache: { credentials: ['authorization'] } })
  a.origin.always('/', { headers: FRESH, body: 'text' })
  await a.get('/', { cookie: 'sid=ann' })
  t.ok(isHit(await b.get('/', { cookie: 'sid=bob' })))
  t.match(ours(await b.get('/', { authorization: 'Bearer bob' })), {
    fwd: 'bypass',
    detail: 'AUTHORIZATION'
  })
})

t.test('request.user counts regardless of the list', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.addHook('onRequest', async (request) => {
    if (request.headers.cookie !== undefined) {
      Object.assign(request, { user: request.headers.cookie })
    }
  })
  await app.register(responseCache, { store: memoryStore() })
  const cache: RouteCacheOptions = { ttl: '1m', credentials: ['authorization'] }
  app.get('/', { config: { cache } }, async ({ headers }) => `for ${String(headers.cookie)}`)
  for (const cookie of ['ann', 'bob']) {
    const { body, headers } = await app.inject({ url: '/', headers: { cookie } })
    t.equal(body, `for ${cookie}`)
    t.match(headers['cache-status'], /detail=USER$/)
  }
})

t.test("a background revalidation omits the user's credentials", async (t) => {
  const clock = stopClock(t)
  for (const [credentials, kept] of [
    [undefined, []],
    [['authorization'], ['cookie', 'x-api-key']],
    [['authorization', 'cookie'], ['x-api-key']]
  ] as const) {
    const { origin, get, answered } = await proxiedApp(t, {
      cache: { public: true, ...(credentials !== undefined && { credentials }) }
    })
    origin.always('/', { headers: { 'cache-control': 'max-age=60, stale-while-revalidate=60' } })
    const request = { authorization: 'Bearer ann', cookie: 'sid=ann', 'x-api-key': 'ann' }
    await get('/', request)
    clock.advance(70)
    await get('/', request)
    await answered('/', 3)
    const { headers = {} } = origin.requests('/')[1] ?? {}
    t.strictSame(
      Object.keys(request).filter((name) => headers[name] !== undefined),
      kept,
      String(credentials)
    )
  }
})

t.test('a list without Authorization is refused', async (t) => {
  for (const credentials of [
    [],
    ['cookie'],
    ['x-session', 'x-api-key'],
    'authorization',
    ['authorization', ''],
    ['authorization', '*'],
    [1]
  ]) {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(responseCache, { store: memoryStore() })
    t.throws(
      () => app.get('/', { config: { cache: { credentials } as object } }, async () => 'text'),
      {
        code: 'WEIR_ERR_ROUTE_OPTION',
        message: /cache\.credentials must be a list of header names with 'authorization'/
      },
      JSON.stringify(credentials)
    )
  }
})
