import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { keyOf, variantKeyOf } from '../response-cache/key.js'
import { normalizedPath, splitTarget } from '../response-cache/path.js'
import { queryOf } from '../response-cache/query.js'
import { cachedApp } from './support/cached-app.js'

/*
 * No byte of a key or of a header can be confused with another key, host or variant: different
 * tuples never collide.
 */

/** The parts of a request in its key. */
const asked = (host: string, url: string, headers: Record<string, string> = {}) =>
  ({ protocol: 'http', host, url, headers } as unknown as FastifyRequest)

/** Returns whole numbers below `most`, the same in each run. */
function numbers (seed: number): (most: number) => number {
  let state = seed
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor(state / 2 ** 32 * most)
  }
}

const PIECES = [
  'a',
  'b',
  '\n',
  '\n\n',
  '\\',
  '\\n',
  ':',
  '#',
  '/',
  '?',
  '%0A',
  '\u0000',
  '\u0001',
  'accept',
  'accept:',
  'x-a:1',
  'http://a'
] as const

const queryText = queryOf({}, undefined)

t.test('generated keys, routes and header values', async (t) => {
  const below = numbers(7)
  const text = () =>
    Array.from({ length: below(5) }, () => PIECES[below(PIECES.length)] ?? '').join('')
  const seen = new Map<string, string>()
  for (let i = 0; i < 50_000; i++) {
    const host = ['a', 'b', 'a:81'][below(3)] ?? 'a'
    const url = `/${text()}`
    const constraints = below(2) === 0 ? undefined : { version: `1${text()}` }
    const own = below(2) === 0 ? `k${text()}` : undefined
    const path = `/${text()}`
    // Absent headers differ from empty ones. User-Agent is compared unchanged.
    const headers = Object.fromEntries(
      ['user-agent', 'referer'].flatMap((name) => (below(3) === 0 ? [] : [[name, `v${text()}`]]))
    )
    const [vary, names] = [['referer'].slice(below(2)), ['user-agent'].slice(below(2))]
    const request = asked(host, path, headers)
    const route = { url, ...constraints && { constraints } }
    const custom = own === undefined ? undefined : () => own
    const key = keyOf({
      slash: true,
      queryText,
      hasQuerySchema: false,
      origin: undefined,
      vary,
      custom,
      route
    })(request)
    if (typeof key !== 'object') throw new Error('a key')
    const { key: whole } = names.length === 0 ? key : variantKeyOf(key, names, request)
    const selecting = (list: readonly string[]) =>
      list.map((name) => [name, headers[name]?.trim() ?? null])
    const [pathname, query] = splitTarget(path)
    const target =
      own === undefined ? [normalizedPath(pathname), query.replaceAll('\n', '%0A')] : { own }
    // A path without constraints has one route.
    const routed =
      own === undefined && constraints === undefined && !/[:*]/.test(url)
        ? undefined
        : [url, constraints]
    const tuple = JSON.stringify([host, routed, target, selecting(vary), selecting(names)])
    const other = seen.get(whole) ?? tuple
    if (other !== tuple) t.equal(tuple, other, `both have the key ${JSON.stringify(whole)}`)
    seen.set(whole, tuple)
  }
  t.ok(seen.size > 10_000)
})

t.test('a custom key that looks like a variant of another is a different key', async (t) => {
  const app = await cachedApp(t)
  app.get<{ Querystring: { key: string } }>('/x', {
    config: { cache: { ttl: '60s', key: ({ query }) => (query as { key: string }).key } }
  }, async (request, reply) => {
    if (request.query.key === 'page') reply.header('vary', 'accept')
    return request.query.key
  })
  const get = async (key: string) =>
    (await app.inject({ url: '/x', query: { key }, headers: { accept: 'text/html' } })).body
  for (const key of [
    'page',
    'page\n\naccept:text/html',
    'page\\n\\naccept:text/html',
    'page\naccept:text/html',
    'page'
  ]) {
    t.equal(await get(key), key)
    t.equal(await get(key), key)
  }
})

t.test('a Host that looks like a path is refused', async (t) => {
  const app = await cachedApp(t, { origin: undefined as never })
  app.get('/*', { config: { cache: { ttl: '60s' } } }, async ({ host, url }) => `${host} ${url}`)
  app.put('/*', async () => 'written')
  for (const host of [
    'shop.test/admin',
    'shop.test?',
    'shop.test#',
    'a@shop.test',
    'shop.test%2fadmin',
    'shop .test',
    '[::1',
    '[x]',
    'shop.test:x',
    'shop.test\\x'
  ]) {
    for (const method of ['GET', 'PUT'] as const) {
      const { statusCode, json } = await app.inject({ method, url: '/x', headers: { host } })
      t.equal(statusCode, 400, `${method} ${host}`)
      t.match(json(), { code: 'WEIR_ERR_AUTHORITY' })
    }
  }
})

t.test('one URI in any spelling is one entry', async (t) => {
  // Replaces inject's own, which would resolve the path.
  const app = await cachedApp(
    t,
    { origin: undefined as never },
    { rewriteUrl: ({ headers, url }) => String(headers['x-url'] ?? url) }
  )
  let runs = 0
  app.get('/*', { config: { cache: { ttl: '60s' } } }, async () => `run ${++runs}`)
  const spellings: [host: string, url: string][] = [
    ['shop.test', '/a/b%2Fc?x=1'],
    ['SHOP.test', '/a/b%2Fc?x=1'],
    ['shop.test:80', '/a/b%2Fc?x=1'],
    ['shop.test', '/%61/b%2fc?x=1'],
    ['shop.test', '/a/./x/../b%2fc?x=1'],
    ['shop.test:', '/a/b%2Fc?%78=1']
  ]
  for (const [host, url] of spellings) {
    t.equal((await app.inject({ url: '/', headers: { host, 'x-url': url } })).statusCode, 200)
  }
  t.equal(runs, 1)
})

t.test(
  'a write invalidates the entries of its URI with an empty query, and vice versa',
  async (t) => {
    const app = await cachedApp(
      t,
      { origin: undefined as never },
      { rewriteUrl: ({ headers, url }) => String(headers['x-url'] ?? url) }
    )
    let runs = 0
    app.get('/x', { config: { cache: { ttl: '60s' } } }, async () => `run ${++runs}`)
    app.put('/x', async () => 'written')
    const ask = async (method: 'GET' | 'PUT', url: string) =>
      (await app.inject({ method, url: '/', headers: { 'x-url': url } })).body
    for (const written of ['/x', '/x?', '/x#part']) {
      const before = [await ask('GET', '/x'), await ask('GET', '/x?')]
      await ask('PUT', written)
      for (const [i, url] of ['/x', '/x?'].entries()) {
        t.not(await ask('GET', url), before[i], `${url} after a write to ${written}`)
      }
    }
  }
)

t.test('a target with a fragment goes to the handler: routers treat it as a query', async (t) => {
  const app = await cachedApp(
    t,
    {},
    { rewriteUrl: ({ headers, url }) => String(headers['x-url'] ?? url) }
  )
  app.get('/x', { config: { cache: { ttl: '60s' } } }, async ({ query }) => query)
  const get = (url: string) => app.inject({ url: '/', headers: { 'x-url': url } })
  for (const [url, query] of [
    ['/x', {}],
    ['/x#a=1', { a: '1' }],
    ['/x#b=1', { b: '1' }],
    ['/x?a=1#b', { a: '1#b' }]
  ] as const) {
    for (let i = 0; i < 2; i++) {
      const response = await get(url)
      t.strictSame(response.json(), query, url)
      if (url.includes('#')) {
        t.equal(response.headers['cache-status'], 'weir; fwd=bypass; detail=FRAGMENT')
      }
    }
  }
})

t.test(
  'dot segments reach stored responses, but refusals of such paths are not stored',
  async (t) => {
    const app = await cachedApp(
      t,
      {},
      { rewriteUrl: ({ headers, url }) => String(headers['x-url'] ?? url) }
    )
    app.get<{ Params: { '*': string } }>(
      '/files/*',
      { config: { cache: { ttl: '60s', negative: '60s', staleIfError: '60s' } } },
      async ({ params }, reply) => {
        if (params['*'].includes('..')) {
          return reply.code(404).header('cache-control', 'max-age=60').send('no such file')
        }
        return params['*']
      }
    )
    const get = async (url: string) => await app.inject({ url: '/', headers: { 'x-url': url } })
    for (const dotted of ['/files/b/../a', '/files/b/%2e%2E/a?']) {
      const response = await get(dotted)
      t.match(
        [response.statusCode, response.headers['cache-status']],
        [404, 'weir; fwd=uri-miss; detail=DOT_SEGMENTS']
      )
    }
    t.equal((await get('/files/a')).body, 'a')
    for (const dotted of ['/files/b/../a', '/files/./a']) {
      t.match((await get(dotted)).headers['cache-status'], 'hit', dotted)
    }
    t.match(
      (await get('/files/.a')).headers['cache-status'],
      'stored',
      'a dot within a name is none'
    )
  }
)
