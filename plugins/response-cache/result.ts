/** Outcome of a request in the cache, for metrics. */
export interface CacheResult {
  readonly outcome: 'l1' | 'l2' | 'coalesced' | 'stale' | 'miss' | 'bypass' | 'refill'
  /** Reason why the response was not stored or the cache was bypassed: `detail` of Cache-Status. */
  readonly reason?: string | undefined
  /** Instance that computed the response; undefined if this request's handler did. */
  readonly filledBy?: string
  /** Microseconds that computing it took. */
  readonly cost: number
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null if no cache was involved. */
    cacheResult: CacheResult | null
  }
}
