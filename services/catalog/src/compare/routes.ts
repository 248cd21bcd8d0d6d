import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '@weir/fastify/service'
import { comparing, noSuchPage } from '../errors.js'
import { comparisonLimit } from './limit.js'
import { measure } from './measure.js'
import { type Claims, oneEach } from './one-each.js'
import { CompareQuery, ComparisonSchema } from './schemas.js'

// Milliseconds.
const LONGEST = 10_000

export interface CompareRoutesOptions {
  /** The place where instances agree on which clients are comparing. */
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
        summary: 'The same page from its handler, from the store and from memory',
        description:
          'Measured in this instance, side by side, one request after the other and without the network. A client has one comparison at a ' +
          'time (409), and so has an instance (503). It costs as much of the limit as it makes requests, three for each sample and two, and ends with the connection.',
        querystring: CompareQuery,
        response: { 200: ComparisonSchema, ...problems }
      },
      config: { rateLimit: comparisonLimit },
      // HEAD is below, and compares nothing.
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
        // Two would measure each other.
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
          // Nobody is there to be told.
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
