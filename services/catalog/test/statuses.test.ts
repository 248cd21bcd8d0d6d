import { readFileSync } from 'node:fs'
import { type InjectOptions } from 'fastify'
import t from 'tap'
import { access, as, editor } from './support/access.js'
import { build } from './support/build.js'

type Documented = Readonly<Record<string, readonly string[]>>
type Requests = Readonly<Record<string, InjectOptions>>

const admin = as('admin')
const json = { 'content-type': 'application/json' }
const bad = { headers: { authorization: 'Bearer x' } }
const LARGE = JSON.stringify({ name: 'x'.repeat(1_100_000) })
const product = (sku: string) => ({ sku, name: 'Tin Mug', categoryId: 1, price: 899 })
const category = (slug: string) => ({ slug, name: 'Mugs' })

/** Requests for a cached route. `stored` is in the cache, `other` is not. */
const cached = (stored: string, other = stored): Requests => ({
  504: { path: other, headers: { 'cache-control': 'only-if-cached' } },
  200: { path: stored },
  206: { path: stored, headers: { range: 'bytes=0-3' } },
  304: { path: stored, headers: { 'if-none-match': '*' } },
  412: { path: stored, headers: { 'if-match': '"other"' } },
  416: { path: stored, headers: { range: 'bytes=9999999-' } },
  401: { path: stored, ...bad }
})

/** Requests for a route with a body. */
const withBody = (headers: Record<string, string>): Requests => ({
  400: { headers: { ...headers, ...json }, payload: '{' },
  413: { headers: { ...headers, ...json }, payload: LARGE },
  415: { headers: { ...headers, 'content-type': 'application/xml' }, payload: '<x/>' },
  401: {},
  403: { headers: as('reader') }
})

const writes = (payload: object, taken: object, missing: string): Requests => ({
  ...withBody(editor),
  404: { path: missing, headers: editor, payload },
  409: { headers: editor, payload: taken },
  412: { headers: { ...editor, 'if-match': '"other"' }, payload },
  200: { headers: editor, payload }
})

/** Requests for each documented status of each route. */
const REQUESTS: Readonly<Record<string, Requests>> = {
  'GET /api/products': {
    ...cached('/api/products?limit=2'),
    400: { path: '/api/products?limit=0' }
  },
  'POST /api/products': {
    ...withBody(editor),
    201: { headers: editor, payload: product('A-1') },
    409: { headers: editor, payload: product('A-1') }
  },
  'GET /api/products/{id}': {
    ...cached('/api/products/1'),
    400: { path: '/api/products/x' },
    404: { path: '/api/products/99999' }
  },
  'PUT /api/products/{id}': writes(product('B-1'), product('A-1'), '/api/products/99999'),
  'PATCH /api/products/{id}': writes({ price: 1 }, { sku: 'A-1' }, '/api/products/99999'),
  'DELETE /api/products/{id}': {
    401: {},
    403: { headers: as('reader') },
    400: { path: '/api/products/x', headers: editor },
    404: { path: '/api/products/99999', headers: editor },
    412: { headers: { ...editor, 'if-match': '"other"' } },
    204: { headers: editor }
  },
  'GET /api/categories': cached('/api/categories'),
  'POST /api/categories': {
    ...withBody(editor),
    201: { headers: editor, payload: category('mugs') },
    409: { headers: editor, payload: category('mugs') }
  },
  'GET /api/categories/{slug}': {
    ...cached('/api/categories/cookware'),
    400: { path: '/api/categories/-' },
    404: { path: '/api/categories/none' }
  },
  'PUT /api/categories/{slug}': writes(
    category('mugs'),
    category('tableware'),
    '/api/categories/none'
  ),
  'DELETE /api/categories/{slug}': {
    401: {},
    403: { headers: as('reader') },
    400: { path: '/api/categories/-', headers: editor },
    404: { path: '/api/categories/none', headers: editor },
    409: { path: '/api/categories/tableware', headers: editor },
    412: { headers: { ...editor, 'if-match': '"other"' } },
    204: { headers: editor }
  },
  'GET /api/catalog/compare': {
    200: { path: '/api/catalog/compare?path=/api/products/1&samples=5' },
    400: { path: '/api/catalog/compare' },
    401: bad,
    // Runs beside the longest comparison.
    409: { path: '/api/catalog/compare?path=/api/products/1&samples=5' }
  },
  'POST /api/catalog/cache/invalidations': {
    ...withBody(admin),
    200: { headers: admin, payload: { tags: ['x'] } }
  },
  'GET /api/catalog/cache/entries': {
    200: { path: '/api/catalog/cache/entries?url=/api/products/1', headers: admin },
    400: { headers: admin },
    401: {},
    403: { headers: editor }
  },
  'GET /api/catalog/cache/stats': { 200: { headers: admin }, 401: {}, 403: { headers: editor } }
}

/** Path of the route, for requests without their own. */
const pathOf = (route: string) =>
  route
    .slice(route.indexOf(' ') + 1)
    .replace('{id}', '2')
    .replace('{slug}', 'mugs')
const isComparison = (route: string) => route === 'GET /api/catalog/compare'
const methodOf = (route: string) => route.slice(0, route.indexOf(' '))
const asked = (route: string, request: InjectOptions): InjectOptions => ({
  path: pathOf(route),
  ...request,
  method: methodOf(route)
})

/**
 * Sorts statuses: 504 before anything is stored; refusals of writes before successes, and conflicts
 * after them.
 */
function inOrder (statuses: readonly string[]): string[] {
  const isCached = statuses.includes('504')
  const rank = (status: string) =>
    status === '504' ? 0 : isCached ? 1 : status === '409' ? 3 : Number(status) < 400 ? 2 : 1
  return [...statuses].sort((a, b) => rank(a) - rank(b))
}

async function documented (app: Awaited<ReturnType<typeof build>>): Promise<Documented> {
  const { paths } = (await app.inject('/docs/json')).json<{
    paths: Record<string, Record<string, { responses: object }>>
  }>()
  return Object.fromEntries(
    Object.entries(paths)
      .filter(([path]) => path.startsWith('/api'))
      .flatMap(([path, operations]) =>
        Object.entries(operations).map(([method, { responses }]) => [
          `${method.toUpperCase()} ${path}`,
          Object.keys(responses).sort()
        ])
      )
  )
}

t.test('every documented status occurs, and no other', async (t) => {
  const app = await build(t, undefined, {
    ...access,
    MAX_EVENT_LOOP_DELAY: '0',
    RATE_LIMIT_DENY: '203.0.113.0/24'
  })
  const all = await documented(app)
  t.strictSame(Object.keys(all).sort(), Object.keys(REQUESTS).sort())
  for (const [route, requests] of Object.entries(REQUESTS)) {
    await app.responseCache.cache.clear()
    for (const status of inOrder(Object.keys(requests))) {
      const longest = '/api/catalog/compare?path=/api/products/1&samples=200'
      // Injected when awaited, which happens when a promise is resolved with it.
      const beside =
        status === '409' && isComparison(route) ? Promise.resolve(app.inject(longest)) : undefined
      const { statusCode, headers, body } = await app.inject(asked(route, requests[status] ?? {}))
      await beside
      t.equal(statusCode, Number(status), `${route} ${status} ${body.slice(0, 200)}`)
      if (statusCode >= 400 && statusCode !== 416) {
        t.equal(headers['content-type'], 'application/problem+json', `${route} ${status}`)
      }
    }
    t.equal(
      (await app.inject({ ...asked(route, {}), remoteAddress: '203.0.113.1' })).statusCode,
      403,
      `${route} from a denied address`
    )
    t.strictSame(
      [...new Set([...Object.keys(requests), '403', '429', '503'])].sort(),
      all[route],
      route
    )
  }
})

t.test('429: every route has a limit', async (t) => {
  const app = await build(t, undefined, {
    ...access,
    MAX_EVENT_LOOP_DELAY: '0',
    RATE_LIMIT_ALLOW: ''
  })
  for (const route of Object.keys(REQUESTS)) {
    let [tries, status] = [0, 0]
    while (status !== 429 && tries++ < 2000) {
      status = (await app.inject({ ...asked(route, {}), headers: admin })).statusCode
    }
    t.equal(status, 429, route)
  }
})

t.test('503: every route is refused while the instance is overloaded', async (t) => {
  const app = await build(t, undefined, { ...access, MAX_EVENT_LOOP_DELAY: '1' })
  await app.ready()
  const busy = setInterval(() => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  }, 1)
  t.teardown(() => { clearInterval(busy) })
  while ((await app.inject('/api/products/1')).statusCode !== 503) await new Promise(setImmediate)
  for (const route of Object.keys(REQUESTS)) {
    t.equal((await app.inject(asked(route, {}))).statusCode, 503, route)
  }
})

t.test('README.md lists the statuses of each route like OpenAPI', async (t) => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const rows = [...readme.matchAll(/^\| `([A-Z]+) (\/api\/[^`]+)` \| ([\d ]+) \|/gm)].map(
    ([, method = '', path = '', statuses = '']) => [
      `${method} ${path.replace(/:(\w+)/, '{$1}')}`,
      statuses.split(' ').filter((status) => status !== '')
    ]
  )
  t.strictSame(Object.fromEntries(rows), await documented(await build(t)))
})
