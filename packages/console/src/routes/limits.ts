import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { countClients, readClients, readPolicies } from '../history/read.js'
import { rangeOf } from '../history/range.js'
import { guard } from '../guard.js'
import { asOf, Count, RangeQuery } from './schemas.js'
import { cached, type Source } from './source.js'

/** Clients that are told of. */
const MOST = 100

const LimitsSchema = Type.Object({
  asOf,
  policies: Type.Array(
    Type.Object({ service: Type.String(), policy: Type.String(), denied: Count }),
    { description: 'The most first' }
  ),
  clients: Type.Integer({ minimum: 0, description: 'How many clients were denied' })
})

const ClientsSchema = Type.Object({
  asOf,
  clients: Type.Array(
    Type.Object({
      client: Type.String({
        description: 'user: and its id, or address: and the network of it; others',
        examples: ['user:alice', 'address:192.0.2.0/24']
      }),
      service: Type.String(),
      policy: Type.String(),
      route: Type.String(),
      denied: Count
    }),
    { description: `The ${MOST} that were denied most` }
  )
})

/** Denied requests by policy, and the clients that were denied for those that may inspect. */
export const limitsRoutes: FastifyPluginAsyncTypebox<Source> = async (
  app,
  { db, collector, authorize }
) => {
  app.get('/api/stats/limits', {
    schema: {
      tags: ['stats'],
      summary: 'Requests that were denied, by policy',
      querystring: RangeQuery,
      response: { 200: LimitsSchema, ...problems }
    },
    config: cached
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
      summary: 'Clients that were denied',
      description:
        'Needs the action inspect: users have names, and networks are close to addresses.',
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
