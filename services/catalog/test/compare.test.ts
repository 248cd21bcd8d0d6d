import { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import t from 'tap'
import { measure } from '../src/compare/measure.js'
import { build } from './support/build.js'

const compare = (app: FastifyInstance, path: string, samples = 40) =>
  app.inject({ url: '/api/catalog/compare', query: { path, samples: String(samples) } })
const results = (answer: LightMyRequestResponse) =>
  answer.json<{ results: { source: string, samples: number, leftOut: number, medianMs: number }[] }>().results

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
  t.match((await app.inject(path)).headers['cache-status'], /hit; .*detail=memory$/, 'the page is where it was')
})

t.test('what cannot be compared', async (t) => {
  const app = await build(t)
  const bad = [
    '', 'api/products', 'https://elsewhere.test/', '//elsewhere.test/', '/health/live', '/docs/json', '/api/catalog/compare?path=/api/products',
    '/nowhere', '/api/products?limit=1000', '/api/products/no-number', '/api/products/99999999', '/api/products?category=lava'
  ]
  for (const path of bad) {
    const answer = await compare(app, path)
    t.match(answer.json(), { status: 400, errors: [{ field: 'path' }] }, path)
  }
  t.match((await compare(app, '/api/products/99999999')).json(), { code: 'CATALOG_ERR_NO_SUCH_PAGE', detail: /it is answered 404\. Give one like/ })
  for (const samples of [4, 201]) t.equal((await compare(app, '/api/categories', samples)).statusCode, 400)

  // As if others filled this instance's memory all the time.
  app.responseCache.cache.evict = () => {}
  const unlike = await compare(app, '/api/categories')
  t.match(unlike.json(), { status: 503, code: 'CATALOG_ERR_INCOMPARABLE', detail: /No answer came from the store/ })
  t.equal(unlike.headers['retry-after'], '1')
  const page = { path: '/api/categories', key: 'http://catalog/api/categories' }
  await t.rejects(measure(app, page, 5, AbortSignal.abort()), { code: 'CATALOG_ERR_INCOMPARABLE' }, 'out of time')
})

t.test('one comparison at a time, which costs its client ten requests and nobody else any', async (t) => {
  const app = await build(t, undefined, { RATE_LIMIT_ALLOW: '' })
  const counted: (string | undefined)[] = []
  app.addHook('onResponse', (request, _reply, done) => {
    counted.push(request.cacheResult?.outcome)
    done()
  })
  const [first, second] = await Promise.all([compare(app, '/api/categories', 100), compare(app, '/api/categories')])
  t.equal(first.statusCode, 200)
  t.match(first.headers['ratelimit'], /^"reads";r=190;/, 'three hundred requests were not limited')
  t.match(second.json(), { status: 503, code: 'CATALOG_ERR_COMPARING' })
  t.equal(second.headers['retry-after'], '1')
  t.same(new Set(counted), new Set(['refill', undefined]), 'they are refills, for those who count')
  const again = await compare(app, '/api/categories')
  t.equal(again.statusCode, 200, again.body)
  t.ok((await app.inject('/docs/json')).json<{ paths: object }>().paths['/api/catalog/compare' as keyof object])
})
