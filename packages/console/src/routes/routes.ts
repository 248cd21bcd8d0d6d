import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { countsOf, figuresOf, latenciesOf } from '../figures.js'
import { type Presence } from '../collector/presence.js'
import { readPresences } from '../history/instances.js'
import { readRoutes, type RouteOutcomes } from '../history/read.js'
import { rangeOf } from '../history/range.js'
import { DAY, MINUTE } from '../history/time.js'
import { asOf, figures, Latency, NamedCounts, orNull, OutcomeCounts, RangeQuery } from './schemas.js'
import { cachedIn, type Source } from './source.js'

const RoutesQuery = Type.Object({
  ...RangeQuery.properties,
  service: Type.Optional(
    Type.String({ minLength: 1, maxLength: 100, description: 'Only routes of this service' })
  ),
  route: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 1000,
      description: 'Only this route',
      examples: ['GET /api/products/:id']
    })
  )
})

const RoutesSchema = Type.Object({
  asOf,
  routes: Type.Array(
    Type.Object({
      service: Type.String(),
      route: Type.String({
        description: '404 stands for unknown paths',
        examples: ['GET /api/products/:id']
      }),
      ...figures,
      latency: Latency,
      outcomes: OutcomeCounts,
      latencies: Type.Optional(
        Type.Record(Type.String(), Latency, {
          description: 'Latency by outcome, ms; only if route is given'
        })
      ),
      config: Type.Optional(
        orNull(
          Type.Record(Type.String(), Type.Unknown(), {
            description:
              'Declared cache options of the route, functions as { function: true }; ' +
              'null if no instance reports any. Only if route is given'
          })
        )
      ),
      reasons: NamedCounts('Why responses were not cached, as in Cache-Status, and how often')
    })
  )
})

/** GET /api/stats/routes: requests by route. */
export const routesRoute: FastifyPluginAsyncTypebox<Source> = async (app, { db, collector }) => {
  app.get('/api/stats/routes', {
    schema: {
      tags: ['stats'],
      summary: 'Requests by route',
      querystring: RoutesQuery,
      response: { 200: RoutesSchema, ...problems }
    },
    config: cachedIn(app)
  }, async ({ query }) => {
    const now = Date.now()
    const presences = query.route === undefined ? [] : await readPresences(db, now - DAY * MINUTE)
    const routes = await readRoutes(db, rangeOf(query, now).parts, query)
    return {
      asOf: collector.currency(now).asOf,
      routes: routes.map(({ outcomes, ...route }) => ({
        ...route,
        ...figuresOf(outcomes),
        outcomes: countsOf(outcomes),
        ...(query.route !== undefined && {
          latencies: latenciesOf(outcomes),
          config: configOf(presences, route)
        })
      }))
    }
  })
}

/** Returns the cache options of a route, as reported by the instance that started last. */
function configOf (
  presences: readonly Presence[],
  { service, route }: Pick<RouteOutcomes, 'service' | 'route'>
): Record<string, unknown> | null {
  const [newest] = presences
    .filter(({ state }) => state.service === service)
    .toSorted((a, b) => b.state.startedAt - a.state.startedAt)
    .flatMap(({ state }) => state.routes?.filter((config) => config.route === route) ?? [])
  return newest === undefined ? null : { ...newest.cache }
}
