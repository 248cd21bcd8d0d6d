import { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import t from 'tap'
import { measure } from '../src/compare/measure.js'
import { editor } from './support/access.js'
import { build } from './support/build.js'
import { gate } from './support/gate.js'
import { tempDir } from './support/temp-dir.js'

const compare = (app: FastifyInstance, path: string, samples = 40) =>
  app.inject({ url: '/api/catalog/compare', query: { path, samples: String(samples) } })
const results = (answer: LightMyRequestResponse) =>
  answer.json<{
    results: { source: string; samples: number; leftOut: number; medianMs: number }[]
  }>().results

t.test('a page is compared by its sources', async (t) => {
  const app = await build(t)
  const path = '/api/products?limit=3&sort=name'
  const answer = await compare(app, path)
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['cache-control'], 'no-store')
  t.match(answer.json(), { path, samples: 40, bytes: (await app.inject(path)).rawPayload.length })
  t.match(results(answer), ['handler', 'store', 'memory'].map((source) =>
    ({ source, medianMs: Number, p90Ms: Number, p99Ms: Number, requestsPerSecond: Number })))
  for (const { medianMs, samples, leftOut } of results(answer)) {
    t.ok(medianMs > 0)
    t.equal(samples + leftOut, 40)
  }
  t.match(
    (await app.inject(path)).headers['cache-status'],
    /hit; .*detail=memory$/,
    'the page is still in its place'
  )
})

t.test('unsuitable pages are refused', async (t) => {
  const app = await build(t)
  const bad = [
    '',
    'api/products',
    'https://elsewhere.test/',
    '//elsewhere.test/',
    '/health/live',
    '/docs/json',
    '/api/catalog/compare?path=/api/products',
    '/nowhere',
    '/api/products?limit=1000',
    '/api/products/no-number',
    '/api/products/99999999',
    '/api/products?category=lava'
  ]
  for (const path of bad) {
    const answer = await compare(app, path)
    t.match(answer.json(), { status: 400, errors: [{ field: 'path' }] }, path)
  }
  t.match((await compare(app, '/api/products/99999999')).json(), {
    code: 'CATALOG_ERR_NO_SUCH_PAGE',
    detail: /it is answered 404\. Give one like/
  })
  for (const samples of [4, 201]) {
    t.equal((await compare(app, '/api/categories', samples)).statusCode, 400)
  }

  // Simulates other requests that evict entries from memory.
  app.responseCache.cache.evict = () => {}
  const unlike = await compare(app, '/api/categories')
  t.match(unlike.json(), {
    status: 503,
    code: 'CATALOG_ERR_INCOMPARABLE',
    detail: /No response came from the store/
  })
  t.equal(unlike.headers['retry-after'], '1')
  const page = { path: '/api/categories', key: 'http://catalog/api/categories' }
  await t.rejects(
    measure(app, page, 5, AbortSignal.abort()),
    { code: 'CATALOG_ERR_INCOMPARABLE' },
    'out of time'
  )
})

t.test(
  'a comparison is charged to its client by its requests, and to no other',
  async (t) => {
    const app = await build(t, undefined, { RATE_LIMIT_ALLOW: '' })
    const counted: (string | undefined)[] = []
    app.addHook('onResponse', (request, _reply, done) => {
      counted.push(request.cacheResult?.outcome)
      done()
    })
    // Each is a client's first comparison, so that no budget has recovered.
    let clients = 0
    const costOf = async (query: string) => {
      const { headers } = await app.inject({
        url: `/api/catalog/compare${query}`,
        remoteAddress: `192.0.2.${++clients}`
      })
      return 1200 - Number(/^"comparisons";r=(\d+);/.exec(String(headers['ratelimit']))?.[1])
    }
    t.equal(await costOf('?path=/api/categories&samples=100'), 302)
    t.same(
      new Set(counted),
      new Set(['refill', undefined]),
      'they are refills, for those who count'
    )
    t.equal(counted.filter((outcome) => outcome === 'refill').length, 302)
    t.equal(await costOf('?path=/api/categories'), 122, 'forty samples by default')
    for (const samples of ['4', '201', '1e309', '-Infinity', '100.5', 'x', '']) {
      t.equal(
        await costOf(`?path=/api/categories&samples=${samples}`),
        1,
        `samples=${samples} is refused`
      )
    }
    const largest = () =>
      app.inject({
        url: '/api/catalog/compare?path=/api/categories&samples=200',
        remoteAddress: '192.0.3.1'
      })
    // The budget of a minute has room for one, and for a second when a tenth of a second has
    // recovered.
    await largest()
    await largest()
    const denied = await largest()
    t.match(denied.json(), {
      status: 429,
      code: 'WEIR_ERR_RATE_LIMITED',
      'violated-policies': ['comparisons']
    })
    t.equal((await app.inject('/api/categories')).statusCode, 200, 'reads are counted apart')
    t.ok(
      (await app.inject('/docs/json')).json<{ paths: object }>().paths[
        '/api/catalog/compare' as keyof object
      ]
    )
  }
)

t.test('samples that are no finite number are refused', async (t) => {
  const app = await build(t)
  for (const samples of [
    '1e309',
    '-1e309',
    'Infinity',
    '0x28',
    '040',
    '4e1',
    ' 40',
    '40.0',
    '9'.repeat(400)
  ]) {
    const answer = await app.inject({
      url: '/api/catalog/compare',
      query: { path: '/api/categories', samples }
    })
    t.match(answer.json(), { status: 400, errors: [{ field: 'samples' }] }, samples)
  }
})

t.test('one client has one comparison at a time, on any instance', async (t) => {
  const directory = await tempDir(t)
  const [app, other] = [await build(t, directory), await build(t, directory)]
  const held = gate()
  const entered = gate()
  const keyOf = app.cacheAdmin.keyOf.bind(app.cacheAdmin)
  app.cacheAdmin.keyOf = async (...args) => {
    entered.open()
    await held.passed
    return keyOf(...args)
  }
  const first = compare(app, '/api/categories', 5)
  await entered.passed
  for (const instance of [app, other]) {
    const second = await compare(instance, '/api/categories', 5)
    t.match(second.json(), {
      status: 409,
      code: 'CATALOG_ERR_COMPARING_ALREADY',
      detail: /You are already running a comparison/
    })
    t.equal(second.headers['retry-after'], '1')
  }
  // Another client may compare if the instance is idle.
  const somebody = (instance: FastifyInstance) =>
    instance.inject({
      url: '/api/catalog/compare',
      query: { path: '/api/categories', samples: '5' },
      headers: editor
    })
  const busy = await somebody(app)
  t.match(busy.json(), { status: 503, code: 'CATALOG_ERR_COMPARING' })
  t.equal(busy.headers['retry-after'], '1')
  t.equal((await somebody(other)).statusCode, 200)

  held.open()
  t.equal((await first).statusCode, 200)
  for (const instance of [app, other]) {
    t.equal((await compare(instance, '/api/categories', 5)).statusCode, 200, 'it has ended')
  }
})

t.test('a comparison stops when the connection of its client closes', async (t) => {
  const app = await build(t)
  let requests = 0
  const tenth = gate()
  const closed = gate()
  app.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.url === '/api/catalog/compare') {
      reply.raw.once('close', () => {
        closed.open()
      })
    } else if (++requests === 10) tenth.open()
    // Only samples until the closed connection is noticed.
    if (requests > 10) closed.passed.then(() => { done() }, done)
    else done()
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const left = new AbortController()
  const gone = fetch(`${url}/api/catalog/compare?path=/api/categories&samples=200`, {
    signal: left.signal
  })
  await tenth.passed
  left.abort()
  await t.rejects(gone)
  await closed.passed
  const next = async () => compare(app, '/api/categories', 5)
  let answer = await next()
  // The lease is released when the last request has been answered.
  while (answer.statusCode === 409) answer = await next()
  t.equal(answer.statusCode, 200)
  t.ok(requests < 40, `${requests} of 601 requests`)
})

t.test('HEAD compares nothing', async (t) => {
  const app = await build(t)
  const head = await app.inject({
    method: 'HEAD',
    url: '/api/catalog/compare?path=/api/categories'
  })
  t.equal(head.statusCode, 200)
  t.equal(head.headers['cache-control'], 'no-store')
  t.equal(head.headers['cache-status'], undefined)
  t.equal(
    (
      await app.inject({
        method: 'HEAD',
        url: '/api/catalog/compare?path=/api/categories&samples=1'
      })
    ).statusCode,
    400
  )
})
