import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:tls'
import { Readable } from 'node:stream'
import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import t, { type Test } from 'tap'
import { certificate } from '@weir/internal/testing'
import type { RouteCacheOptions } from '../response-cache/index.js'
import { RecentKeys } from '@weir/internal'
import { askHttp, portOf } from './support/ask.js'
import { arrivals, cachedApp, counted, gate } from './support/cached-app.js'

/*
 * Unusual applications: each request gets a bypass with its reason, or the response it would get
 * without a cache, and never the response for another request.
 */

const cache = { ttl: '1m' } as const
const shared = { ttl: '1m', public: true } as const
const statusOf = (answer: { headers: Readonly<Record<string, unknown>> }) =>
  String(answer.headers['cache-status'])

/**
 * Returns an application whose request targets come from the header `x-url`, because `inject` would
 * resolve them.
 */
const asWritten = (t: Test): Promise<FastifyInstance> =>
  cachedApp(t, {}, { rewriteUrl: ({ headers, url }) => String(headers['x-url'] ?? url) })

t.test(
  'a path that leads elsewhere by dot segments neither reads nor writes entries of the route',
  async (t) => {
    const app = await asWritten(t)
    const onlyAdmins = async ({ headers }: FastifyRequest, reply: FastifyReply) =>
      headers['x-admin'] === undefined ? reply.code(403).send('no') : undefined
    app.get(
      '/admin/secret',
      { preHandler: onlyAdmins, config: { cache: shared } },
      async () => 'SECRET'
    )
    app.get('/about', { config: { cache: shared } }, async () => 'about')
    for (const prefix of ['/files', '/tenant']) {
      app.get(
        `${prefix}/*`,
        { config: { cache: shared } },
        async ({ params }) => `${prefix} ${(params as { '*': string })['*']}`
      )
    }
    app.get(
      '/:name',
      { config: { cache: shared } },
      async ({ params }) => `name ${(params as { name: string }).name}`
    )
    const get = async (url: string, headers: Record<string, string> = {}) =>
      (await app.inject({ url: '/', headers: { ...headers, 'x-url': url } })).body
    t.equal(await get('/admin/secret', { 'x-admin': 'yes' }), 'SECRET')
    for (const up of ['..', '%2e%2e', '.%2E', './..', 'x/../..']) {
      for (const prefix of ['/files', '/tenant']) {
        for (const there of ['/admin/secret', '/about']) {
          // Other spellings of it share one entry of its route.
          for (let i = 0; i < 2; i++) {
            t.equal(
              await get(`${prefix}/${up}${there}`),
              `${prefix} ..${there}`,
              `${prefix}/${up}${there}`
            )
          }
        }
      }
    }
    t.equal(await get('/about'), 'about')
    t.equal(await get('/..'), 'name ..')
    t.equal(await get('/admin/secret'), 'no')
  }
)

t.test('constraints: values are distinguished, or their routes are not cached', async (t) => {
  const plan = {
    name: 'plan',
    storage () {
      const handlers = new Map<string, unknown>()
      return {
        get: (value: unknown) => handlers.get(JSON.stringify(value)) ?? null,
        set (value: unknown, handler: unknown) {
          handlers.set(JSON.stringify(value), handler)
        }
      }
    },
    deriveConstraint: ({ headers }: IncomingMessage) =>
      JSON.parse(String(headers['x-plan'])) as unknown
  }
  const app = await cachedApp(t, {}, { routerOptions: { constraints: { plan: plan as never } } })
  const plans = [1, '1', { a: 1 }, { a: 2 }, ['a'], true]
  for (const [i, value] of plans.entries()) {
    app.get('/x', { constraints: { plan: value }, config: { cache } }, async () => `plan ${i}`)
  }
  for (const [i, value] of [...plans.entries(), ...plans.entries()]) {
    const { body } = await app.inject({ url: '/x', headers: { 'x-plan': JSON.stringify(value) } })
    t.equal(body, `plan ${i}`)
  }
  const hosts = await cachedApp(t)
  hosts.get('/x', { constraints: { host: /^a/ }, config: { cache } }, async () => 'a')
  hosts.get('/x', { constraints: { host: /^b/ }, config: { cache } }, async () => 'b')
  for (const host of ['a', 'b', 'a', 'b']) {
    t.equal((await hosts.inject({ url: '/x', headers: { host } })).body, host)
  }

  const odd = await cachedApp(t, {}, { routerOptions: { constraints: { plan: plan as never } } })
  odd.get('/x', { constraints: { plan: new Map([['a', 1]]) }, config: { cache } }, async () => 'x')
  t.equal(
    statusOf(await odd.inject({ url: '/x', headers: { 'x-plan': '{}' } })),
    'weir; fwd=bypass; detail=INVALID_CONSTRAINT'
  )
})

class Hidden {
  readonly #value: unknown
  constructor (value: unknown) { this.#value = value }
  toJSON () { return this.#value }
}

t.test('a query that validation changes counts as written', async (t) => {
  for (const [name, made] of [
    ['a Map', (query: object) => new Map(Object.entries(query))],
    ['a Set', (query: object) => new Set(Object.values(query))],
    ['a class with private fields', (query: object) => new Hidden(query)],
    ['with names of its own', (query: object) => ({ ...query, page: 'p' in query ? query.p : 0 })]
  ] as const) {
    const app = await cachedApp(t)
    app.setValidatorCompiler(() => (query: unknown) => ({ value: made(query as object) }))
    app.get(
      '/x',
      {
        schema: { querystring: { type: 'object', properties: { q: { type: 'string' } } } },
        config: { cache }
      },
      async ({ query }) => {
        const seen: unknown = query instanceof Map || query instanceof Set ? [...query] : query
        return JSON.stringify(seen)
      }
    )
    for (let i = 0; i < 2; i++) {
      for (const query of ['p=1', 'p=2', 'q=1']) {
        const expected: unknown = made(Object.fromEntries(new URLSearchParams(query)))
        const text = JSON.stringify(
          expected instanceof Map || expected instanceof Set ? [...expected] : expected
        )
        t.equal((await app.inject(`/x?${query}`)).body, text, `${name}: ${query}`)
      }
    }
  }
})

t.test('undeclared parameters are in no response', async (t) => {
  const app = await cachedApp(t)
  app.addHook('preHandler', async (request) => {
    Object.assign(request.query as object, { limit: 10 })
  })
  app.get(
    '/x',
    {
      schema: {
        querystring: {
          type: 'object',
          properties: { 'a b': { type: 'string' }, q: { type: 'string' } }
        }
      },
      config: { cache }
    },
    async ({ url, originalUrl, query }) => ({ url, originalUrl, query })
  )
  let logged = ''
  app.addHook('onResponse', async ({ url }) => { logged = url })
  for (const evil of ['utm=evil', 'limit=evil', '%71%71=evil', 'a+b+c=evil']) {
    const { body } = await app.inject(`/x?${evil}&q=1&a+b=2&utm2=evil`)
    t.notMatch(body, 'evil', evil)
    t.match(JSON.parse(body), { url: '/x?q=1&a+b=2', query: { q: '1', 'a b': '2' } })
    t.match(logged, evil, 'which hooks after the handler still see')
  }
  t.match(
    (await app.inject('/x?q=2')).json(),
    { query: { limit: 10 } },
    'what a hook has added is left'
  )
})

t.test('a GET with a body goes to the handler', async (t) => {
  const app = await cachedApp(t)
  app.addHttpMethod('GET', { hasBody: true })
  app.get('/x', { config: { cache } }, async ({ body }) => body ?? 'none')
  for (const payload of [{ a: 1 }, { a: 2 }]) {
    const answer = await app.inject({ method: 'GET', url: '/x', payload })
    t.strictSame(answer.json(), payload)
    t.equal(statusOf(answer), 'weir; fwd=bypass; detail=BODY')
  }
  t.match(statusOf(await app.inject('/x')), 'stored')
})

t.test('a header converted by a schema is read as text', async (t) => {
  for (const given of ['true', 'false', '5']) {
    const app = await cachedApp(t)
    const schema = {
      headers: {
        type: 'object',
        properties: {
          'x-beta': { type: ['boolean', 'integer', 'null'] },
          'cache-control': { type: 'boolean' }
        }
      }
    }
    app.get(
      '/x',
      { schema, config: { cache: { ...cache, vary: ['x-beta'] } } },
      async ({ headers }) => `${String(headers['x-beta'])}`
    )
    for (let i = 0; i < 2; i++) {
      t.match(
        await app.inject({ url: '/x', headers: { 'x-beta': given } }),
        { statusCode: 200, body: given },
        given
      )
    }
    t.equal(
      (await app.inject({ url: '/x', headers: { 'x-beta': given, 'cache-control': 'true' } }))
        .statusCode,
      200
    )
  }
})

t.test(
  'the user counts if it is known before the handler, through the handler, or from a header that a hook has removed',
  async (t) => {
    const app = await cachedApp(t)
    app.decorateRequest('user', null)
    app.addHook('onRequest', async (request) => {
      const { authorization } = request.headers
      if (authorization === undefined) return
      request.headers['x-user-id'] = authorization.replace('Bearer ', '')
      delete request.headers.authorization
    })
    app.get(
      '/gateway',
      { config: { cache } },
      async ({ headers }) => `hello ${String(headers['x-user-id'])}`
    )
    app.get('/own', { config: { cache } }, async (request) => {
      const { 'x-access-token': name } = request.headers
      if (typeof name === 'string') Object.assign(request, { user: { name } })
      return `hello ${String(name)}`
    })
    const get = async (url: string, headers: Record<string, string> = {}) => {
      const answer = await app.inject({ url, headers })
      return `${answer.body}: ${statusOf(answer)}`
    }
    t.equal(
      await get('/gateway', { authorization: 'Bearer ann' }),
      'hello ann: weir; fwd=uri-miss; detail=AUTHORIZATION'
    )
    t.equal(
      await get('/gateway', { authorization: 'Bearer bob' }),
      'hello bob: weir; fwd=uri-miss; detail=AUTHORIZATION'
    )
    t.equal(
      await get('/own', { 'x-access-token': 'ann' }),
      'hello ann: weir; fwd=uri-miss; detail=USER'
    )
    t.equal(await get('/own'), 'hello undefined: weir; fwd=uri-miss; ttl=60; stored')
  }
)

t.test('a client certificate is a credential', async (t) => {
  const tls = await certificate(t.testdir({}))
  const https = { ...tls, requestCert: true, rejectUnauthorized: false }
  const app = await cachedApp(t, { origin: undefined as never }, { https } as never)
  app.get('/x', { config: { cache } }, async () => 'x')
  await app.listen({ host: '127.0.0.1', port: 0 })
  const get = async (client: object) => {
    const socket = connect({
      port: portOf(app),
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ...client
    })
    socket.end('GET /x HTTP/1.1\r\nhost: shop.test\r\nconnection: close\r\n\r\n')
    let text = ''
    socket.on('data', (chunk: Buffer) => { text += chunk.toString() })
    await once(socket, 'close')
    return /cache-status: (.*)/i.exec(text)?.[1]?.trim()
  }
  t.equal(await get({}), 'weir; fwd=uri-miss; ttl=60; stored')
  t.equal(await get(tls), 'weir; fwd=bypass; detail=CERTIFICATE')
})

t.test('one request with a credential costs the others at most one run', async (t) => {
  for (const route of [cache, shared]) {
    const app = await cachedApp(t)
    await app.register(cookie)
    const arrived = arrivals(app, 101)
    const { open, opened } = gate()
    let runs = 0
    app.get('/x', { config: { cache: route } }, async (request, reply) => {
      runs++
      if (request.headers['x-warm'] !== undefined) {
        return reply.header('cache-control', 'public').send('warm')
      }
      await opened
      if (request.headers.cookie !== undefined) reply.setCookie('seen', '1')
      return 'x'
    })
    // The route's last response to a cookie was public.
    await app.inject({ url: '/x?warm', headers: { cookie: 'a=1', 'x-warm': '1' } })
    runs = 0
    const mine = app.inject({ url: '/x', headers: { cookie: 'a=1', 'x-counted': '1' } })
    const others = Array.from({ length: 100 }, () => app.inject(counted('/x')))
    await arrived
    open()
    t.match((await mine).headers['set-cookie'], 'seen=1')
    for (const { statusCode, headers } of await Promise.all(others)) {
      t.match(
        { statusCode, cookie: headers['set-cookie'] },
        { statusCode: 200, cookie: undefined }
      )
    }
    t.equal(runs, 2)
    t.match(statusOf(await app.inject('/x')), 'hit')
  }
})

t.test('changes that a hook makes to the reply never go with a stored body', async (t) => {
  for (const [why, hook] of [
    [
      'STATUS',
      (_request: FastifyRequest, reply: FastifyReply) => {
        reply.code(203)
      }
    ],
    [
      'NONCE',
      (_request: FastifyRequest, reply: FastifyReply) => {
        reply.header('content-security-policy', "script-src 'nonce-abc'")
      }
    ],
    [
      'NONCE',
      (_request: FastifyRequest, reply: FastifyReply) => {
        reply.raw.setHeader('content-security-policy', "script-src 'nonce-abc'")
      }
    ],
    [
      'WRITE_HEAD',
      ({ headers }: FastifyRequest, { raw }: FastifyReply) => {
        const writeHead = raw.writeHead.bind(raw)
        Object.assign(raw, {
          writeHead (...args: unknown[]) {
            raw.setHeader('set-cookie', `sid=${String(headers['x-user'])}`)
            return Reflect.apply(writeHead, undefined, args) as unknown
          }
        })
      }
    ]
  ] as const) {
    const app = await cachedApp(t)
    app.addHook('preHandler', async (request, reply) => {
      if (request.headers['x-user'] !== undefined) hook(request, reply)
    })
    app.get('/x', { config: { cache } }, async () => 'x')
    const ask = (user?: string) =>
      app.inject({ url: '/x', headers: user === undefined ? {} : { 'x-user': user } })
    t.equal(statusOf(await ask('ann')), `weir; fwd=bypass; detail=${why}`)
    t.match((await ask()).headers, { 'set-cookie': undefined, 'cache-status': /stored/ })
    const bob = await ask('bob')
    t.equal(statusOf(bob), `weir; fwd=bypass; detail=${why}`)
    if (why === 'WRITE_HEAD') t.match(bob.headers['set-cookie'], 'sid=bob')
  }
})

t.test(
  'a header set by the handler is stored, even if a hook had given it the same value',
  async (t) => {
    for (const [path, handler] of Object.entries<RouteHandlerMethod>({
      header: (_request, reply) => {
        reply.header('Content-Language', 'en').send('x')
      },
      headers: (_request, reply) => {
        reply.headers({ 'content-language': 'en' }).send('x')
      },
      returned: async (_request, reply) => {
        reply.header('content-language', 'en')
        return 'x'
      }
    })) {
      const app = await cachedApp(t)
      app.addHook('onRequest', async ({ headers }, reply) => {
        reply.header('content-language', headers['x-language'] ?? 'en')
      })
      app.get('/x', { config: { cache } }, handler)
      await app.inject('/x')
      const hit = await app.inject({ url: '/x', headers: { 'x-language': 'de' } })
      t.match(statusOf(hit), 'hit')
      t.equal(hit.headers['content-language'], 'en', path)
    }
  }
)

t.test('an error thrown by the handler reaches the error handler', async (t) => {
  const app = await cachedApp(t)
  const thrown = { statusCode: 418, message: 'a teapot' }
  let got: unknown
  app.setErrorHandler(async (error, _request, reply) => {
    got = error
    return reply.code(418).send('teapot')
  })
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- as applications do
  app.get('/sync', { config: { cache } }, () => { throw thrown })
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- as applications do
  app.get('/async', { config: { cache } }, async () => { throw thrown })
  for (const url of ['/sync', '/async']) {
    t.match(await app.inject(url), { statusCode: 418, body: 'teapot' })
    t.equal(got, thrown)
  }
})

t.test(
  'a hit with an invalid header is an error, as a miss would be, and does not hang',
  async (t) => {
    const app = await cachedApp(t)
    app.addHook('preHandler', async ({ headers }, reply) => {
      if (headers['x-odd'] !== undefined) reply.header('x-bad', 'a\nb')
    })
    app.get('/x', { config: { cache } }, async () => 'x')
    await app.inject('/x')
    t.equal((await app.inject({ url: '/x', headers: { 'x-odd': '1' } })).statusCode, 500)
  }
)

t.test('hooks after the response see what was sent, on a hit as on a miss', async (t) => {
  const app = await cachedApp(t)
  const seen: unknown[] = []
  app.addHook('onResponse', async (_request, reply) => {
    seen.push([
      reply.statusCode,
      reply.getHeader('content-type'),
      reply.getHeader('x-own'),
      reply.getHeader('content-length')
    ])
  })
  app.get('/x', { config: { cache } }, async (_request, reply) =>
    reply.header('x-own', '1').send({ a: 1 })
  )
  await app.listen({ host: '127.0.0.1', port: 0 })
  for (let i = 0; i < 2; i++) await askHttp(app, '/x')
  t.strictSame(seen[1], [200, 'application/json; charset=utf-8', '1', '7'])
})

t.test('a range of an unstored response is answered by the handler', async (t) => {
  const app = await cachedApp(t, { maxBodyBytes: 100 })
  const body = Buffer.alloc(1000, 'x')
  app.get('/x', { config: { cache } }, async ({ headers }, reply) => {
    if (headers.range !== 'bytes=0-9') {
      return reply.header('content-length', body.length).send(Readable.from([body]))
    }
    return reply.code(206).header('content-range', 'bytes 0-9/1000').send(body.subarray(0, 10))
  })
  await app.inject('/x')
  const part = await app.inject({ url: '/x', headers: { range: 'bytes=0-9' } })
  t.match(
    [part.statusCode, part.body.length, statusOf(part)],
    [206, 10, 'weir; fwd=bypass; detail=TOO_LARGE']
  )
})

t.test('an incomplete response, or one with a custom reason phrase, is not stored', async (t) => {
  const app = await cachedApp(t)
  const raw = (write: (reply: FastifyReply) => void): RouteHandlerMethod => (_request, reply) => {
    reply.hijack()
    write(reply)
  }
  app.get(
    '/short',
    { config: { cache } },
    raw(({ raw }) => {
      raw.writeHead(200, { 'content-length': '10' }).end('short')
    })
  )
  app.get(
    '/reason',
    { config: { cache } },
    raw(({ raw }) => {
      raw.writeHead(200, 'Fine').end('x')
    })
  )
  app.get('/close', { config: { cache } }, async (_request, reply) =>
    reply.header('connection', 'close').send('x')
  )
  t.equal(statusOf(await app.inject('/short')), 'weir; fwd=uri-miss; detail=INCOMPLETE')
  const reason = await app.inject('/reason')
  t.match([reason.statusMessage, statusOf(reason)], ['Fine', 'weir; fwd=uri-miss; detail=REASON'])
  t.match((await app.inject('/close')).headers, { connection: 'close', 'cache-status': /stored/ })
  t.not((await app.inject('/close')).headers['connection'], 'close')
})

t.test('errors are stored for `negative`, regardless of heuristics', async (t) => {
  for (const [path, options] of Object.entries<RouteCacheOptions>({
    proxied: { negative: '5s' },
    own: { ttl: '1h', negative: '5s' }
  })) {
    const app = await cachedApp(t)
    app.get(`/${path}`, { config: { cache: options } }, async ({ headers }, reply) => {
      if (headers['x-modified'] !== undefined) {
        reply.header('last-modified', 'Thu, 01 Jan 1970 00:00:00 GMT')
      }
      return reply.code(404).send('none')
    })
    t.match(
      statusOf(await app.inject({ url: `/${path}?1`, headers: { 'x-modified': '1' } })),
      'ttl=5; stored',
      path
    )
    t.match(statusOf(await app.inject(`/${path}?2`)), 'ttl=5; stored', path)
  }
})

t.test(
  'clients renew a key at most once a second, regardless of directives and results',
  async (t) => {
    for (const [name, method, asked, code] of [
      ['GET', 'GET', 'max-age=0', 200],
      ['HEAD', 'HEAD', 'no-cache', 200],
      ['failing', 'GET', 'no-cache', 500]
    ] as const) {
      const app = await cachedApp(t)
      let runs = 0
      app.get('/x', { config: { cache: { ttl: '1m' } } }, async (_request, reply) =>
        reply.code(++runs > 1 ? code : 200).send('x')
      )
      await app.inject('/x')
      const later = Date.now() + 5000
      const { now } = Date
      Date.now = () => later
      t.teardown(() => {
        Date.now = now
      })
      for (let i = 0; i < 20; i++) {
        await app.inject({ method, url: '/x', headers: { 'cache-control': asked } })
      }
      Date.now = now
      t.equal(runs, 2, name)
    }
  }
)

t.test('a HEAD with a credential does not affect others', async (t) => {
  const app = await cachedApp(t)
  app.get(
    '/x',
    { config: { cache: { staleIfError: '1m' } } },
    async ({ headers, method }, reply) => {
      if (method === 'GET' && headers['x-fail'] !== undefined) return reply.code(503).send('fails')
      return reply
        .header('cache-control', 'max-age=0, stale-if-error=60')
        .header('etag', headers.cookie === undefined ? '"all"' : '"ann"')
        .send('x')
    }
  )
  await app.inject('/x')
  await app.inject({ method: 'HEAD', url: '/x', headers: { cookie: 'ann' } })
  t.match(await app.inject({ url: '/x', headers: { 'x-fail': '1' } }), {
    statusCode: 200,
    body: 'x'
  })
})

t.test('a refill that reaches a different response is given up', async (t) => {
  const app = await cachedApp(
    t,
    {},
    {
      rewriteUrl: ({ headers, url = '' }) =>
        String(headers.cookie).includes('beta') ? `/beta${url}` : url
    }
  )
  let homes = 0
  app.get(
    '/:edition',
    { config: { cache: { ttl: 1, staleWhileRevalidate: '1m', public: true } } },
    async () => `home ${++homes}`
  )
  app.get(
    '/beta/:edition',
    { config: { cache: { ttl: 1, staleWhileRevalidate: '1m', public: true } } },
    async () => 'beta'
  )
  const later = Date.now()
  const { now } = Date
  t.teardown(() => { Date.now = now })
  for (let i = 0; i < 6; i++) {
    Date.now = () => later + i * 1000
    t.equal((await app.inject({ url: '/x', headers: { cookie: 'beta=1' } })).body, 'beta')
    await new Promise(setImmediate)
  }
})

t.test('resuming with If-Range never mixes encodings', async (t) => {
  const app = await cachedApp(t)
  await app.register(compress, { threshold: 10 })
  const text = 'text that can be compressed '.repeat(50)
  // The tag is computed before encoding: both encodings have it.
  app.get('/x', { config: { cache } }, async (_request, reply) =>
    reply.header('etag', '"1"').type('text/plain').send(text)
  )
  const get = (headers: Record<string, string>) => app.inject({ url: '/x', headers })
  for (let i = 0; i < 2; i++) {
    t.equal((await get({ 'accept-encoding': 'gzip' })).headers['content-encoding'], 'gzip')
    t.match((await get({ 'accept-encoding': 'gzip', range: 'bytes=0-9' })).body, text.slice(0, 10))
    const resumed = await get({ 'accept-encoding': 'gzip', range: 'bytes=10-', 'if-range': '"1"' })
    t.match([resumed.statusCode, resumed.headers['content-encoding']], [200, 'gzip'])
  }
  await get({ 'accept-encoding': 'identity' })
  const part = await get({ 'accept-encoding': 'identity', range: 'bytes=10-', 'if-range': '"1"' })
  t.strictSame([part.statusCode, part.body], [206, text.slice(10)])
})

t.test('the knowledge about keys is limited: the oldest is forgotten', async (t) => {
  const keys = new RecentKeys<number>()
  for (let i = 0; i < 1000; i++) keys.set(`key ${i}`, i)
  for (let i = 0; i < 1000; i++) keys.set(`another ${i}`, i)
  t.equal(keys.get('key 0'), 0)
  keys.set('key 1', 1)
  t.strictSame([keys.get('key 0'), keys.get('key 1'), keys.get('another 0')], [undefined, 1, 0])
  keys.delete('key 1')
  keys.delete('another 0')
  t.strictSame(
    [keys.get('key 1'), keys.get('another 0'), keys.get('another 1')],
    [undefined, undefined, 1]
  )
})

t.test('fewer keys are remembered if they are as long as URLs can be', async (t) => {
  const keys = new RecentKeys<number>()
  const long = (i: number) => `/${i}?`.padEnd(16_384, 'x')
  for (let i = 0; i < 1000; i++) keys.set(long(i), i)
  const known = Array.from({ length: 1000 }, (_, i) => i).filter(
    (i) => keys.get(long(i)) !== undefined
  )
  t.ok(known.length >= 16 && known.length <= 34, `${known.length} of them`)
  t.equal(keys.get(long(999)), 999)
})

t.test(
  'an unrequested part is fetched again once, and then sent unchanged',
  async (t) => {
    const app = await cachedApp(t)
    let runs = 0
    app.get('/part', { config: { cache: { ttl: '1h' } } }, async (_request, reply) => {
      runs++
      return reply
        .code(206)
        .header('content-range', 'bytes 0-1/3')
        .header('etag', '"v1"')
        .send(Buffer.from('ab'))
    })
    for (let i = 1; i <= 2; i++) {
      const { statusCode, payload } = await app.inject('/part')
      t.strictSame([statusCode, payload, runs], [206, 'ab', 2 * i])
    }
  }
)
