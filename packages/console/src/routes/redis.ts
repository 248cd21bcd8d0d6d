import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { NoQuery, problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { type Collector } from '../collector/collector.js'
import { type RedisFigures } from '../redis/figures.js'
import { connected, Count, orNull } from './schemas.js'
import { cached } from './source.js'

const optional = {
  version: Type.String(),
  usedMemoryBytes: Count,
  maxMemoryBytes: Type.Integer({ minimum: 0, description: '0: no limit' }),
  maxMemoryPolicy: Type.String({ examples: ['allkeys-lru'] }),
  fragmentationRatio: orNull(
    Type.Number({ description: 'Memory that the system has given, per byte that is used' })
  ),
  keys: Count,
  expires: Type.Integer({ minimum: 0, description: 'Keys that expire' }),
  evictedKeys: Count,
  expiredKeys: Count,
  hitRate: orNull(Type.Number({ description: 'Of all reads of keys since it began' })),
  opsPerSecond: Count,
  uptimeSeconds: Count,
  clients: Type.Integer({ minimum: 0, description: 'Connections' })
}

const RedisSchema = Type.Object({
  kind: Type.Enum(['redis', 'sqlite']),
  connected,
  ...Type.Partial(Type.Object(optional)).properties
})

export interface RedisRouteOptions {
  /** Undefined where there is none. */
  readonly redis: RedisFigures | undefined
  readonly collector: Collector
}

/** What instances share. */
export const redisRoute: FastifyPluginAsyncTypebox<RedisRouteOptions> = async (
  app,
  { redis, collector }
) => {
  app.get(
    '/api/stats/redis',
    {
      schema: {
        tags: ['stats'],
        summary: 'What Redis says of itself',
        description:
          'Figures of a cluster are those of its masters, added up. Without Redis, instances share files, and there are none.',
        querystring: NoQuery,
        response: { 200: RedisSchema, ...problems }
      },
      config: cached
    },
    async () => {
      if (redis === undefined) {
        return { kind: 'sqlite' as const, connected: collector.currency(Date.now()).connected }
      }
      return { kind: 'redis' as const, connected: redis.current !== undefined, ...redis.current }
    }
  )
}
