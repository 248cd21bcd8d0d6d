/** How the cache answered a request, for those who count. */
export interface CacheResult {
  readonly outcome: 'l1' | 'l2' | 'coalesced' | 'stale' | 'miss' | 'bypass' | 'refill'
  /**
   * Why the handler's answer was not kept, or the cache was passed by: what Cache-Status says as
   * `detail`
   */
  readonly reason?: string | undefined
  /** The instance that computed what is served; undefined where this request's handler did */
  readonly filledBy?: string
  /** Microseconds that computing it had taken */
  readonly cost: number
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null where no cache had a say. */
    cacheResult: CacheResult | null
  }
}
