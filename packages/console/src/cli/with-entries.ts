import { redisStore } from '@weir/cache/redis'
import type { MetricsStore } from '@weir/metrics'
import { redisStore as redisMetrics } from '@weir/metrics/redis'
import { Entries } from '../keys/entries.js'
import type { Io } from './command.js'
import type { Given } from './define.js'
import { withRedis } from './redis.js'

/**
 * Runs `work` with the entries of the caches in a Redis and the reports of instances, then closes
 * the connection.
 */
export function withEntries<R> (
  given: Given,
  io: Io,
  work: (entries: Entries, metrics: MetricsStore) => Promise<R>
): Promise<R> {
  return withRedis(given, io, async (location) => {
    const prefix = given.text('prefix') ?? 'weir'
    const store = redisStore({ ...location, prefix })
    const metrics = redisMetrics({ ...location, prefix })
    try {
      return await work(new Entries(store), metrics)
    } finally {
      await metrics.close()
      await store.close()
    }
  })
}
