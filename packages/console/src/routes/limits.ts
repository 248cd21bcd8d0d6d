import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { countClients, readClients, readPolicies } from '../history/read.js'
import { rangeOf } from '../history/range.js'
import { guard } from '../guard.js'
import { asOf, Count, RangeQuery } from './schemas.js'
import { cachedIn, type Source } from './source.js'

/** Maximum number of clients listed. */
const MOST = 100

const LimitsSchema = Type.Object({
  asOf,
  policies: Type.Array(
    Type.Object({ service: Type.String(), policy: Type.String(), denied: Count }),
    { description: 'Highest count first' }
  ),
  clients: Type.Integer({ minimum: 0, description: 'Number of denied clients' })
})

const ClientsSchema = Type.Object({
  asOf,
  clients: Type.Array(
    Type.Object({
      client: Type.String({
        description: 'user:ID, address:NETWORK, or others',
        examples: ['user:alice', 'address:192.0.2.0/24']
      }),
      service: Type.String(),
      policy: Type.String(),
      route: Type.String(),
      denied: Count
    }),
    { description: `The ${MOST} clients with the most denied requests` }
  )
})

/**
 * Routes for denied requests by policy and, for clients that may inspect, for the denied clients.
 */
export const limitsRoutes: FastifyPluginAsyncTypebox<Source> = async (
  app,
  { db, collector, authorize }
) => {
  app.get('/api/stats/limits', {
    schema: {
      tags: ['stats'],
      summary: 'Denied requests by policy',
      querystring: RangeQuery,
      response: { 200: LimitsSchema, ...problems }
    },
    config: cachedIn(app)
  }, async ({ query }) => {
    const now = Date.now()
    const { parts } = rangeOf(query, now)
    return {
      asOf: collector.currency(now).asOf,
      policies: await readPolicies(db, parts),
      clients: await countClients(db, parts)
    }
  })

  app.get('/api/stats/limits/clients', {
    schema: {
      tags: ['stats'],
      summary: 'Denied clients',
      description:
        'Requires the inspect action, because user ids and networks can identify people.',
      querystring: RangeQuery,
      response: { 200: ClientsSchema, ...problems }
    },
    preParsing: guard(authorize, 'inspect')
  }, async ({ query }, reply) => {
    reply.header('cache-control', 'no-store')
    const now = Date.now()
    const { parts } = rangeOf(query, now)
    return { asOf: collector.currency(now).asOf, clients: await readClients(db, parts, MOST) }
  })
}
