import { Type } from 'typebox'
import { memoryStore } from '@weir/cache/memory'
import Fastify, { type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import responseCache, { type RouteCacheOptions } from '../response-cache/index.js'
import { askBy, TRANSPORTS } from './support/ask.js'
import { gate } from './support/cached-app.js'

const isAdmin = ({ headers }: FastifyRequest) => headers['x-role'] === 'admin'
const admin = { 'x-role': 'admin' }

/**
 * Returns an application with one cached route, whose response has its run and the query it has
 * seen.
 */
async function newApp (
  t: Test,
  cache: RouteCacheOptions,
  { schema = {}, http2 = false, log = [] as string[] } = {}
) {
  const logger = {
    level: 'error',
    stream: {
      write: (line: string) => {
        log.push(line)
      }
    }
  }
  const app = http2 ? (Fastify({ http2: true, logger }) as never) : Fastify({ logger })
  t.teardown(() => app.close())
  app.decorateRequest('user', null)
  app.addHook('onRequest', async (request) => {
    const { 'x-user': role } = request.headers
    if (typeof role === 'string') Object.assign(request, { user: { id: 'ana', role } })
  })
  await app.register(responseCache, { store: memoryStore() })
  const seen = { runs: 0, url: '', query: {}, cookie: undefined as string | undefined }
  app.get('/x', { schema, config: { cache: { ttl: '1m', ...cache } } }, async (request, reply) => {
    seen.runs++
    seen.url = request.url
    seen.query = { ...(request.query as object) }
    seen.cookie = request.headers.cookie
    if (request.headers['x-status'] !== undefined) {
      reply.header('x-complete', request.headers['x-status'])
    }
    return `run ${seen.runs}`
  })
  return { app, seen }
}

for (const transport of TRANSPORTS) {
  t.test(
    `refresh=1 renews for authorized requests, and has no effect for others: ${transport}`,
    async (t) => {
      const { app, seen } = await newApp(t, { refresh: isAdmin }, { http2: transport === 'http2' })
      if (transport !== 'inject') await app.listen({ host: '127.0.0.1', port: 0 })
      const get = async (url: string, headers: Record<string, string> = {}) => {
        const {
          body,
          headers: { 'cache-status': status }
        } = await askBy(transport, app, url, { headers })
        return { body, status: String(status) }
      }
      t.match(await get('/x?a=1'), { body: 'run 1', status: /stored/ })
      t.match(
        await get('/x?a=1&refresh=1'),
        { body: 'run 1', status: /hit/ },
        'who may not gets the hit'
      )
      t.match(await get('/x?refresh=1&a=1', admin), {
        body: 'run 2',
        status: /fwd=request; ttl=60; stored/
      })
      t.strictSame([seen.url, seen.query], ['/x?a=1', { a: '1' }], 'the handler does not see it')
      for (const url of ['/x?a=1', '/x?a=1&refresh=0', '/x?a=1&refresh', '/x?a=1&refresh=1']) {
        t.match(await get(url), { body: 'run 2', status: /hit/ }, url)
      }
      t.match(await get('/x?a=1&refresh=0', admin), { body: 'run 2', status: /hit/ })
      t.match(
        await get('/x?refresh=1'),
        { body: 'run 3', status: /stored/ },
        'of what is not stored it is a miss like any other'
      )
      t.match(await get('/x'), { body: 'run 3', status: /hit/ })
      t.match(await get('/x?refreshed=1', admin), { body: 'run 4' }, 'another parameter')
    }
  )
}

t.test('refresh: conditions, HEAD, variants, schemas, roles', async (t) => {
  const query = Type.Object({ a: Type.Optional(Type.String()) }, { additionalProperties: false })
  for (const [name, cache, options] of [
    ['plain', {}, {}],
    ['schema', {}, { schema: { querystring: query } }],
    ['vary', { vary: ['accept-language'] }, {}],
    ['key', { key: () => 'x' }, {}]
  ] as const) {
    const { app, seen } = await newApp(t, { refresh: 'editor', public: true, ...cache }, options)
    const get = (headers: Record<string, string>, method: 'GET' | 'HEAD' = 'GET') =>
      app.inject({ method, url: '/x?refresh=1', headers })
    await get({})
    for (const [role, runs] of [
      ['reader', 1],
      ['editor', 2],
      ['admin', 3],
      ['root', 3]
    ] as const) {
      t.equal((await get({ 'x-user': role })).body, `run ${runs}`, `${name} ${role}`)
    }
    t.match(
      await get({ 'x-user': 'admin', 'if-none-match': '"other"' }),
      { body: 'run 4' },
      'the whole'
    )
    await get({ 'x-user': 'admin' }, 'HEAD')
    t.equal(seen.runs, 4, 'HEAD computes nothing')
  }
  await t.rejects(
    newApp(
      t,
      { refresh: isAdmin },
      { schema: { querystring: Type.Object({ refresh: Type.Integer() }) } }
    ),
    {
      code: 'WEIR_ERR_ROUTE_OPTION',
      message: /cache.refresh uses the query parameter refresh, which the route's schema declares/
    }
  )
})

t.test(
  "refresh with credentials: computed without them, so that the admin's content is not shared",
  async (t) => {
    const { app, seen } = await newApp(t, { refresh: isAdmin })
    const get = async (url: string, headers: Record<string, string> = {}) =>
      (await app.inject({ url, headers })).body
    t.equal(await get('/x'), 'run 1')
    const own = await app.inject({
      url: '/x?refresh=1',
      headers: { ...admin, cookie: 'session=secret' }
    })
    t.match(
      own,
      { body: 'run 3', headers: { 'cache-status': /fwd=bypass; detail=COOKIE|detail=COOKIE/ } },
      "the admin's own answer is another run"
    )
    t.equal(seen.cookie, 'session=secret')
    t.equal(await get('/x'), 'run 2', 'the shared response was computed without the cookie')
    t.equal(seen.runs, 3)
  }
)

t.test('concurrent refreshes are one', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(responseCache, { store: memoryStore() })
  const seen = { runs: 0 }
  let { open, opened } = gate()
  open()
  app.get('/x', { config: { cache: { ttl: '1m', refresh: () => true } } }, async () => {
    const run = ++seen.runs
    await opened
    return `run ${run}`
  })
  await app.inject('/x')
  ;({ open, opened } = gate())
  const asked = [1, 2, 3, 4].map(() => app.inject('/x?refresh=1'))
  while (seen.runs < 2) await new Promise(setImmediate)
  open()
  const bodies = (await Promise.all(asked)).map(({ body }) => body)
  t.ok(seen.runs <= 3, `${seen.runs} runs`)
  t.notOk(bodies.includes('run 1'))
})

t.test('unless: neither served from the cache nor stored', async (t) => {
  const { app, seen } = await newApp(t, { unless: ({ headers }) => headers['x-preview'] === '1' })
  const get = async (headers: Record<string, string> = {}) => {
    const { body, headers: { 'cache-status': status } } = await app.inject({ url: '/x', headers })
    return `${body}: ${String(status)}`
  }
  t.equal(await get({ 'x-preview': '1' }), 'run 1: weir; fwd=bypass; detail=UNLESS')
  t.match(await get(), /^run 2: .*stored/)
  t.equal(await get({ 'x-preview': '1' }), 'run 3: weir; fwd=bypass; detail=UNLESS')
  t.match(await get(), /^run 2: .*hit/)
  t.equal(seen.runs, 3)
})

t.test('onlyIf: decided by the response', async (t) => {
  const { app } = await newApp(t, {
    onlyIf: (_request, reply) => reply.getHeader('x-complete') === 'yes'
  })
  const get = async (complete: string) =>
    String(
      (await app.inject({ url: '/x', headers: { 'x-status': complete } })).headers['cache-status']
    )
  t.equal(await get('no'), 'weir; fwd=uri-miss; detail=ONLY_IF')
  t.match(await get('yes'), /stored/)
  t.match(await get('no'), /hit/)
})

t.test(
  'functions that return neither true nor false: nothing is served or stored, and it is logged once',
  async (t) => {
    for (const answer of [
      undefined,
      null,
      1,
      'true',
      Promise.resolve(true),
      Promise.reject(new Error('x')),
      new Error('x')
    ]) {
      const say = (): never => {
        if (answer instanceof Error) throw answer
        return answer as never
      }
      if (answer instanceof Promise) answer.catch(() => {})
      for (const [cache, status, code] of [
        [{ unless: say }, /^weir; fwd=bypass; detail=INVALID_UNLESS$/, 'unless'],
        [{ onlyIf: say }, /detail=INVALID_ONLY_IF$/, 'onlyIf'],
        [{ refresh: say }, /stored|hit/, 'refresh']
      ] as const) {
        const log: string[] = []
        const { app } = await newApp(t, cache, { log })
        for (let i = 0; i < 3; i++) {
          t.match((await app.inject('/x?refresh=1')).headers['cache-status'], status)
        }
        t.equal(log.length, 1)
        t.match(log[0], new RegExp(`config.cache.${code} returned neither true nor false`))
      }
    }
  }
)
