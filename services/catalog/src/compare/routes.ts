import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '@weir/fastify/service'
import { comparing, noSuchPage } from '../errors.js'
import { measure } from './measure.js'
import { CompareQuery, ComparisonSchema } from './schemas.js'

// Milliseconds.
const LONGEST = 10_000

/** GET /api/catalog/compare. */
export const compareRoutes: FastifyPluginAsyncTypebox = async (app) => {
  let isComparing = false

  app.get('/api/catalog/compare', {
    schema: {
      tags: ['cache'],
      summary: 'The same page from its handler, from the store and from memory',
      description: 'Measured in this instance, side by side, one request after the other and without the network. One comparison at a time.',
      querystring: CompareQuery,
      response: { 200: ComparisonSchema, ...problems }
    },
    config: { rateLimit: { cost: 10 } },
    exposeHeadRoute: false
  }, async (request, reply) => {
    const { path, samples } = request.query
    reply.header('cache-control', 'no-store')
    // Two would measure each other.
    if (isComparing) throw comparing()
    isComparing = true
    try {
      const address = await app.cacheAdmin.keyOf(path, request)
      if (address === undefined) throw noSuchPage()
      return { path, samples, ...await measure(app, { path, key: address.key }, samples, AbortSignal.timeout(LONGEST)) }
    } finally {
      isComparing = false
    }
  })
}
