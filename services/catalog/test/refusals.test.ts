import { type FastifyInstance } from 'fastify'
import t from 'tap'
import { build } from './support/build.js'

const compare = (app: FastifyInstance, remoteAddress: string) =>
  app.inject({
    url: '/api/catalog/compare',
    query: { path: '/api/categories', samples: '100' },
    remoteAddress
  })

t.test('no expected refusal counts as an error of the service', async (t) => {
  const app = await build(t)
  const busy = await Promise.all([compare(app, '192.0.2.1'), compare(app, '198.51.100.1')])
  t.same(busy.map(({ statusCode }) => statusCode).sort(), [200, 503])
  t.match(busy.find(({ statusCode }) => statusCode === 503)?.json(), {
    code: 'CATALOG_ERR_COMPARING'
  })
  const only = await app.inject({
    url: '/api/products/7',
    headers: { 'cache-control': 'only-if-cached' }
  })
  t.equal(only.statusCode, 504)

  const { body } = await app.inject('/metrics')
  t.match(body, 'route="GET /api/catalog/compare",outcome="uncached"} 2')
  t.match(body, 'route="GET /api/products/:id",outcome="uncached"} 1')
  t.notMatch(body, 'outcome="error"')
})
