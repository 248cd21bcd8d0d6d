import type { Entry } from '@weir/cache'

/** Outcome of a request in the cache, for metrics and the journal. */
export interface CacheResult {
  readonly outcome: 'l1' | 'l2' | 'coalesced' | 'stale' | 'miss' | 'bypass' | 'refill'
  /** Reason why the response was not stored or the cache was bypassed: `detail` of Cache-Status. */
  readonly reason?: string | undefined
  /** Instance that computed the response; undefined if this request's handler did. */
  readonly filledBy?: string
  /** Microseconds that computing it took. */
  readonly cost: number
  /** Key of the response; undefined if the request bypassed the cache before it had one. */
  readonly key?: string
  /** Entry that was served; undefined if this request's handler computed the response. */
  readonly entry?: Entry<{ header (name: string): string | undefined }>
  /** Reason why a stored response stood in: the handler failed, or the store did not answer. */
  readonly standsIn?: 'error' | 'outage'
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null if no cache was involved. */
    cacheResult: CacheResult | null
  }
}
