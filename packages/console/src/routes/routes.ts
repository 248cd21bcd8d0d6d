import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { countsOf, figuresOf } from '../figures.js'
import { readRoutes } from '../history/read.js'
import { rangeOf } from '../history/range.js'
import { asOf, figures, Latency, NamedCounts, OutcomeCounts, RangeQuery } from './schemas.js'
import { cached, type Source } from './source.js'

const RoutesSchema = Type.Object({
  asOf,
  routes: Type.Array(
    Type.Object({
      service: Type.String(),
      route: Type.String({
        description: '404: paths that are none',
        examples: ['GET /api/products/:id']
      }),
      ...figures,
      latency: Latency,
      outcomes: OutcomeCounts,
      reasons: NamedCounts('Why responses were not cached, as in Cache-Status, and how often')
    })
  )
})

/** The same by route. */
export const routesRoute: FastifyPluginAsyncTypebox<Source> = async (app, { db, collector }) => {
  app.get('/api/stats/routes', {
    schema: {
      tags: ['stats'],
      summary: 'Requests by route',
      querystring: RangeQuery,
      response: { 200: RoutesSchema, ...problems }
    },
    config: cached
  }, async ({ query }) => {
    const now = Date.now()
    const routes = await readRoutes(db, rangeOf(query, now).parts)
    return {
      asOf: collector.currency(now).asOf,
      routes: routes.map(({ outcomes, ...route }) => ({
        ...route,
        ...figuresOf(outcomes),
        outcomes: countsOf(outcomes)
      }))
    }
  })
}
