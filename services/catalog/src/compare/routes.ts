import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '@weir/fastify/service'
import { comparing, noSuchPage } from '../errors.js'
import { comparisonLimit } from './limit.js'
import { measure } from './measure.js'
import { type Claims, oneEach } from './one-each.js'
import { CompareQuery, ComparisonSchema } from './schemas.js'

// Maximum duration in milliseconds.
const LONGEST = 10_000

export interface CompareRoutesOptions {
  /** Leases with which instances agree on the clients that are comparing. */
  readonly claims: Claims
}

/** GET /api/catalog/compare. */
export const compareRoutes: FastifyPluginAsyncTypebox<CompareRoutesOptions> = async (
  app,
  { claims }
) => {
  let isComparing = false

  app.get(
    '/api/catalog/compare',
    {
      schema: {
        tags: ['cache'],
        summary: 'Compare a page from its handler, from the store and from memory',
        description:
          'Measures on this instance, one request after the other, without the network. A ' +
          'client can run one comparison at a time (409), and so can an instance (503). The ' +
          'cost under the rate limit is the number of requests, three per sample plus two. The ' +
          'comparison stops when the connection closes.',
        querystring: CompareQuery,
        response: { 200: ComparisonSchema, ...problems }
      },
      config: { rateLimit: comparisonLimit },
      // HEAD is declared below, and compares nothing.
      exposeHeadRoute: false
    },
    async (request, reply) => {
      const { path, samples } = request.query
      reply.header('cache-control', 'no-store')
      const left = new AbortController()
      reply.raw.once('close', () => {
        left.abort()
      })
      return await oneEach(claims, app.limitedClient(request), async () => {
        // Concurrent comparisons would measure each other.
        if (isComparing) throw comparing()
        isComparing = true
        try {
          const address = await app.cacheAdmin.keyOf(path, request)
          if (address === undefined) throw noSuchPage()
          const signal = AbortSignal.any([left.signal, AbortSignal.timeout(LONGEST)])
          const measured = await measure(app, { path, key: address.key }, samples, signal)
          return { path, samples, ...measured }
        } catch (error) {
          if (!left.signal.aborted) throw error
          // The client has left.
          return reply.hijack()
        } finally {
          isComparing = false
        }
      })
    }
  )

  app.head(
    '/api/catalog/compare',
    { schema: { hide: true, querystring: CompareQuery } },
    (_request, reply) => {
      reply.header('cache-control', 'no-store').type('application/json; charset=utf-8').send()
    }
  )
}
