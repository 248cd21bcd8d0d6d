import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { NoQuery, problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { type Collector } from '../collector/collector.js'
import { type RedisFigures } from '../redis/figures.js'
import { connected, Count, orNull } from './schemas.js'
import { cachedIn } from './source.js'

const optional = {
  version: Type.String(),
  usedMemoryBytes: Count,
  maxMemoryBytes: Type.Integer({ minimum: 0, description: '0: no limit' }),
  maxMemoryPolicy: Type.String({ examples: ['allkeys-lru'] }),
  fragmentationRatio: orNull(
    Type.Number({ description: 'Memory allocated by the system per byte in use' })
  ),
  keys: Count,
  expires: Type.Integer({ minimum: 0, description: 'Number of keys with an expiry' }),
  evictedKeys: Count,
  expiredKeys: Count,
  hitRate: orNull(Type.Number({ description: 'Hit ratio of all key reads since the start' })),
  opsPerSecond: Count,
  uptimeSeconds: Count,
  clients: Type.Integer({ minimum: 0, description: 'Number of connections' })
}

const RedisSchema = Type.Object({
  kind: Type.Enum(['redis', 'sqlite']),
  connected,
  ...Type.Partial(Type.Object(optional)).properties
})

export interface RedisRouteOptions {
  /** Undefined if instances do not share a Redis. */
  readonly redis: RedisFigures | undefined
  readonly collector: Collector
}

/** GET /api/stats/redis: the figures of the Redis that instances share. */
export const redisRoute: FastifyPluginAsyncTypebox<RedisRouteOptions> = async (
  app,
  { redis, collector }
) => {
  app.get(
    '/api/stats/redis',
    {
      schema: {
        tags: ['stats'],
        summary: 'Figures of Redis',
        description:
          'For a cluster, the figures of its masters are added up. ' +
          'If instances share files instead of a Redis, no figures are available.',
        querystring: NoQuery,
        response: { 200: RedisSchema, ...problems }
      },
      config: cachedIn(app)
    },
    async () => {
      if (redis === undefined) {
        return { kind: 'sqlite' as const, connected: collector.currency(Date.now()).connected }
      }
      return { kind: 'redis' as const, connected: redis.current !== undefined, ...redis.current }
    }
  )
}
