import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { readCaches } from '../history/read.js'
import { rangeOf } from '../history/range.js'
import { asOf, Count, orNull, RangeQuery } from './schemas.js'
import { cachedIn, type Source } from './source.js'

const CachesSchema = Type.Object({
  asOf,
  caches: Type.Array(
    Type.Object({
      service: Type.String(),
      cache: Type.String({ description: 'Name given by the service', examples: ['fragments'] }),
      hits: Type.Integer({ minimum: 0, description: 'Sum of l1, l2 and coalesced' }),
      l1: Count,
      l2: Count,
      coalesced: Count,
      stale: Type.Integer({ minimum: 0, description: 'Stale hits' }),
      misses: Type.Integer({
        minimum: 0,
        description: 'Reads that found no usable entry, and background fills'
      }),
      hitRatio: orNull(
        Type.Number({
          minimum: 0,
          maximum: 1,
          description: 'hits / (hits + misses); null if there are none'
        })
      ),
      savedMs: Type.Number({ description: 'Computing time saved by hits' })
    })
  )
})

/**
 * GET /api/stats/caches: reads of fragments and application caches. The figures of routes cover
 * response caches.
 */
export const cachesRoute: FastifyPluginAsyncTypebox<Source> = async (app, { db, collector }) => {
  app.get('/api/stats/caches', {
    schema: {
      tags: ['stats'],
      summary: 'Cache reads by cache',
      querystring: RangeQuery,
      response: { 200: CachesSchema, ...problems }
    },
    config: cachedIn(app)
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
