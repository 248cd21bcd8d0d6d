import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { NoQuery, problems } from '@weir/fastify/service'
import { adviseFleet } from '@weir/metrics'
import { Type } from 'typebox'
import { type Collector } from '../collector/collector.js'
import { asOf, Count, orNull } from './schemas.js'
import { cachedIn } from './source.js'

const Share = Type.Number({ minimum: 0, maximum: 1 })
const Amount = Type.Number({ minimum: 0 })
const Names = Type.Array(Type.String())

const Candidate = Type.Object({
  ttl: Type.String({ examples: ['1m'] }),
  hitRatio: Type.Number({ ...Share, description: 'Share of the cacheable requests' }),
  staleShare: orNull(
    Type.Number({ ...Share, description: 'Share of outdated hits; null if too few were compared' })
  ),
  savedMsPerHour: Type.Number({ minimum: 0, description: 'Handler time saved, all instances' }),
  memoryBytes: Type.Number({ minimum: 0, description: 'Memory for bodies' }),
  isObserved: Type.Boolean({
    description: 'Whether routes were observed for at least twice the lifetime'
  })
})

const AdviceSchema = Type.Object({
  asOf,
  routes: Type.Array(
    Type.Object({
      service: Type.String(),
      route: Type.String({ examples: ['GET /api/products/:id'] }),
      instances: Type.Integer({ minimum: 0, description: 'Processes that observed it in a day' }),
      verdict: Type.Enum(['cache', 'do-not-share', 'no-gain', 'more-data']),
      reasons: Type.Array(Type.Object({ code: Type.String(), text: Type.String() })),
      cache: orNull(
        Type.Object({
          ttl: Type.String(),
          vary: Type.Optional(Names),
          tags: Type.Optional(Names)
        }, { description: 'Recommended options; null for other verdicts than cache' })
      ),
      code: orNull(Type.String({ description: 'The same as code' })),
      writes: Type.Array(
        Type.Object({ route: Type.String(), changedShare: Share, invalidates: Names }),
        { description: 'Writes after which responses had changed' }
      ),
      missing: Type.Integer({ minimum: 0, description: 'Requests still needed' }),
      requests: Count,
      observed: Type.Integer({ minimum: 0, description: 'Requests that were observed' }),
      compared: Type.Integer({ minimum: 0, description: 'Pairs of responses that were compared' }),
      requestsPerHour: Amount,
      handlerMs: Amount,
      bodyBytes: Amount,
      keys: Type.Number({ minimum: 0, description: 'Estimated number of different URLs' }),
      expected: orNull(Candidate),
      candidates: Type.Array(Candidate)
    }),
    { description: 'Routes without caching that shadow mode observes, the largest saving first' }
  ),
  cached: Type.Array(
    Type.Object({ service: Type.String(), route: Type.String() }),
    { description: 'Routes with caching, which are not observed' }
  )
})

/** GET api/stats/advice: recommendations for routes without caching. */
export const adviceRoute: FastifyPluginAsyncTypebox<{ readonly collector: Collector }> = async (
  app,
  { collector }
) => {
  app.get('/api/stats/advice', {
    schema: {
      tags: ['stats'],
      summary: 'Recommended caching for routes without it',
      querystring: NoQuery,
      response: { 200: AdviceSchema, ...problems }
    },
    config: cachedIn(app)
  }, async () => {
    const { routes, cached } = adviseFleet(collector.states)
    return {
      asOf: collector.currency(Date.now()).asOf,
      // Schemas are of mutable lists.
      routes: routes.map(({ reasons, cache, writes, candidates, ...advice }) => ({
        ...advice,
        reasons: [...reasons],
        cache: cache === null ? null : mutable(cache),
        writes: writes.map((write) => ({ ...write, invalidates: [...write.invalidates] })),
        candidates: [...candidates]
      })),
      cached: [...cached]
    }
  })
}

const mutable = (
  { ttl, vary, tags }: { ttl: string, vary?: readonly string[], tags?: readonly string[] }
) => ({
  ttl,
  ...(vary !== undefined && { vary: [...vary] }),
  ...(tags !== undefined && { tags: [...tags] })
})
