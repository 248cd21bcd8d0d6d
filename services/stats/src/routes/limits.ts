import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { readClients, readPolicies } from '../history/read.js'
import { rangeOf } from '../history/range.js'
import { asOf, Count, RangeQuery } from './schemas.js'
import { cached, type Source } from './source.js'

/** Clients that are told of. */
const MOST = 100

const LimitsSchema = Type.Object({
  asOf,
  policies: Type.Array(Type.Object({ service: Type.String(), policy: Type.String(), denied: Count }), { description: 'The most first' }),
  clients: Type.Array(Type.Object({
    client: Type.String({ description: 'user: and its id, or address: and the network of it; others', examples: ['user:alice', 'address:192.0.2.0/24'] }),
    service: Type.String(),
    policy: Type.String(),
    route: Type.String(),
    denied: Count
  }), { description: `The ${MOST} that were denied most` })
})

/** Who was denied, and by what. */
export const limitsRoute: FastifyPluginAsyncTypebox<Source> = async (app, { db, collector }) => {
  app.get('/api/stats/limits', {
    schema: {
      tags: ['stats'],
      summary: 'Requests that were denied, by policy and by client',
      querystring: RangeQuery,
      response: { 200: LimitsSchema, ...problems }
    },
    config: cached
  }, async ({ query }) => {
    const now = Date.now()
    const { parts } = rangeOf(query, now)
    return { asOf: collector.currency(now).asOf, policies: await readPolicies(db, parts), clients: await readClients(db, parts, MOST) }
  })
}
