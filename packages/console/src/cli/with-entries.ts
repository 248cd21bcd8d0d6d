import { redisStore } from '@weir/cache/redis'
import type { MetricsStore } from '@weir/metrics'
import type { JournalStore } from '@weir/metrics/journal'
import { redisJournal } from '@weir/metrics/journal/redis'
import { redisStore as redisMetrics } from '@weir/metrics/redis'
import { Entries } from '../keys/entries.js'
import type { Io } from './command.js'
import type { Given } from './define.js'
import { withRedis } from './redis.js'

/**
 * Runs `work` with the entries of the caches in a Redis, the reports of instances and the journal,
 * then closes the connection.
 */
export function withEntries<R> (
  given: Given,
  io: Io,
  work: (entries: Entries, metrics: MetricsStore, journal: JournalStore) => Promise<R>
): Promise<R> {
  return withRedis(given, io, async (location) => {
    const prefix = given.text('prefix') ?? 'weir'
    const store = redisStore({ ...location, prefix })
    const metrics = redisMetrics({ ...location, prefix })
    const journal = redisJournal({ ...location, prefix })
    try {
      return await work(new Entries(store), metrics, journal)
    } finally {
      await journal.close()
      await metrics.close()
      await store.close()
    }
  })
}
