import type { Cache } from '@weir/cache'
import type { CacheCounts, Vitals } from '@weir/metrics'
import type { FastifyInstance } from 'fastify'

/** Observed caches by name. */
export type NamedCaches = Readonly<Record<string, Pick<Cache<unknown>, 'stats'>>>

/**
 * Returns the caches of this process by name: the response cache, as `responses`, and the others.
 */
export function cachesOf (app: FastifyInstance, others: () => NamedCaches): () => NamedCaches {
  // The response cache may be registered after this plugin.
  return () => ({
    ...(app.hasDecorator('responseCache') && { responses: app.responseCache.cache }),
    ...others()
  })
}

/** Counts the reads of each cache under its name. */
export const readsOf = (caches: () => NamedCaches) => (): CacheCounts[] =>
  Object.entries(caches()).map(([cache, counted]) => {
    const {
      hits: { l1, l2, coalesced },
      stale,
      misses,
      savedMicros
    } = counted.stats()
    return { cache, l1, l2, coalesced, stale, misses, savedMicros }
  })

/** Adds up the entries that caches hold in the memory of this process. */
export function memoryOf (caches: () => NamedCaches): () => Vitals['l1'] {
  return () => {
    const sum = { entries: 0, bytes: 0, evictions: 0 }
    for (const cache of Object.values(caches())) {
      const { entries, bytes, evictions } = cache.stats().l1
      sum.entries += entries
      sum.bytes += bytes
      sum.evictions += evictions
    }
    return sum
  }
}
