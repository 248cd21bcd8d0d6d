import type { Cache } from '@weir/cache'
import type { Vitals } from '@weir/metrics'
import type { FastifyInstance } from 'fastify'

/** A cache whose memory is told of. */
export type SomeCache = Pick<Cache<unknown>, 'stats'>

/** What caches keep in the memory of this process, all together: the response cache and the others that there are. */
export function memoryOf (app: FastifyInstance, others: () => readonly SomeCache[]): () => Vitals['l1'] {
  return () => {
    const sum = { entries: 0, bytes: 0, evictions: 0 }
    // That plugin may be registered after this one.
    const responses = app.hasDecorator('responseCache') ? [app.responseCache.cache] : []
    for (const cache of [...responses, ...others()]) {
      const { entries, bytes, evictions } = cache.stats().l1
      sum.entries += entries
      sum.bytes += bytes
      sum.evictions += evictions
    }
    return sum
  }
}
