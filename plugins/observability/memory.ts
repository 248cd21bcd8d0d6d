import type { Cache } from '@weir/cache'
import type { CacheCounts, Vitals } from '@weir/metrics'
import type { FastifyInstance } from 'fastify'

/** A cache that tells what it counts and keeps. */
export type SomeCache = Pick<Cache<unknown>, 'stats'>

/** Caches besides the response cache, by the names that statistics have them under. */
export type NamedCaches = () => Readonly<Record<string, SomeCache>>

/** Counts the reads of the caches, each by its name. */
export const readsOf = (caches: NamedCaches) => (): CacheCounts[] => Object.entries(caches()).map(([cache, counted]) => {
  const { hits: { l1, l2, coalesced }, stale, misses, savedMicros } = counted.stats()
  return { cache, l1, l2, coalesced, stale, misses, savedMicros }
})

/** What caches keep in the memory of this process, all together: the response cache and the others that there are. */
export function memoryOf (app: FastifyInstance, others: NamedCaches): () => Vitals['l1'] {
  return () => {
    const sum = { entries: 0, bytes: 0, evictions: 0 }
    // That plugin may be registered after this one.
    const responses = app.hasDecorator('responseCache') ? [app.responseCache.cache] : []
    for (const cache of [...responses, ...Object.values(others())]) {
      const { entries, bytes, evictions } = cache.stats().l1
      sum.entries += entries
      sum.bytes += bytes
      sum.evictions += evictions
    }
    return sum
  }
}
