import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { readCaches } from '../history/read.js'
import { rangeOf } from '../history/range.js'
import { asOf, Count, orNull, RangeQuery } from './schemas.js'
import { cached, type Source } from './source.js'

const CachesSchema = Type.Object({
  asOf,
  caches: Type.Array(
    Type.Object({
      service: Type.String(),
      cache: Type.String({ description: 'As the service calls it', examples: ['fragments'] }),
      hits: Type.Integer({ minimum: 0, description: 'l1, l2 and coalesced' }),
      l1: Count,
      l2: Count,
      coalesced: Count,
      stale: Type.Integer({ minimum: 0, description: 'Hits that were stale' }),
      misses: Type.Integer({
        minimum: 0,
        description: 'Reads that found nothing to serve, and fills in the background'
      }),
      hitRatio: orNull(
        Type.Number({
          minimum: 0,
          maximum: 1,
          description: 'hits, as a part of those and misses; null where there are none'
        })
      ),
      savedMs: Type.Number({ description: 'Time that computing the values of the hits had taken' })
    })
  )
})

/**
 * GET /api/stats/caches: reads of fragments and of application caches. What response caches answer
 * is in the figures of routes.
 */
export const cachesRoute: FastifyPluginAsyncTypebox<Source> = async (app, { db, collector }) => {
  app.get('/api/stats/caches', {
    schema: {
      tags: ['stats'],
      summary: 'Reads of caches, by cache',
      querystring: RangeQuery,
      response: { 200: CachesSchema, ...problems }
    },
    config: cached
  }, async ({ query }) => {
    const now = Date.now()
    const counts = await readCaches(db, rangeOf(query, now).parts)
    const caches = counts.map(({ savedMicros, ...cache }) => {
      const hits = cache.l1 + cache.l2 + cache.coalesced
      const reads = hits + cache.misses
      return {
        ...cache,
        hits,
        hitRatio: reads === 0 ? null : hits / reads,
        savedMs: savedMicros / 1000
      }
    })
    return { asOf: collector.currency(now).asOf, caches }
  })
}
