/** Options of a purge. */
export interface PurgeOptions {
  /** Aborted when the call has taken longer than the destination's `timeout`. */
  readonly signal: AbortSignal
}

/** Header fields of a destination, by which it knows a response's tags and lifetime. */
export interface EdgeHeaders {
  /** Name of the field with the tags, in lower case: `surrogate-key`. */
  readonly tags?: string
  /** Text between two tags. Default a space. */
  readonly separator?: string
  /** Maximum length of the tags of a response, in bytes. Default 16,000. */
  readonly maxBytes?: number
  /** Maximum length of one field line: more tags continue in another one. Default `maxBytes`. */
  readonly maxLineBytes?: number
  /**
   * Field with the lifetime for this destination alone (RFC 9213), in lower case. Default
   * `cdn-cache-control`.
   */
  readonly cacheControl?: string
  /** Renders that field: seconds of freshness, 0 for "do not store". Default `max-age` of them. */
  readonly lifetime?: (seconds: number) => string
}

/** A response that a destination may store. */
export interface EdgeResponse {
  /** Path and query of the request, as its client sent them. */
  readonly target: string
  /** Tags that invalidate the response, as the application named them. */
  readonly tags: readonly string[]
  /** True if the response has Vary. */
  readonly varies: boolean
}

/**
 * A cache beyond the fleet that is told of each invalidation: a CDN, a reverse proxy, a region.
 *
 * Six lines suffice for one of your own; `varnish()`, `nginx()`, `fastly()`, `cloudflare()` and
 * `region()` make the usual ones.
 * @example
 * const proxy: EdgeDestination = {
 *   name: 'proxy',
 *   headers: { tags: 'x-tags' },
 *   async purge (tags, { signal }) {
 *     const answer = await fetch('http://proxy/purge', { method: 'POST', body: tags.join(), signal })
 *     if (!answer.ok) throw new Error(`status ${answer.status}`)
 *   }
 * }
 */
export interface EdgeDestination {
  /** Name in the table, events and errors: letters, digits, `-`; the same for every instance. */
  readonly name: string
  /**
   * Purges every response with one of these tags, and resolves when the destination has confirmed
   * it. Tags are in the form of `edgeTag`, unless `isRaw`. Called again after an error, and
   * possibly twice for one invalidation.
   *
   * An {@link EdgeError} `WEIR_EDGE_REFUSED` is not retried; `retryAfter` of one is kept to.
   */
  purge (tags: readonly string[], options: PurgeOptions): Promise<void>
  /** True passes tags as the application named them. Default false. */
  readonly isRaw?: boolean
  /** True for another fleet, which is not told of invalidations that came from one. */
  readonly isRegion?: boolean
  /** Maximum number of tags per call. Default 100. */
  readonly maxTags?: number
  /** Maximum length of all tags of a call, with a byte between two. Default 7,000. */
  readonly maxBytes?: number
  /**
   * Returns false for a response that `purge` of one of its tags would not reach: it gets
   * `no-store`. For caches that purge by URL. Default: all may be stored.
   */
  readonly mayStore?: (response: EdgeResponse) => boolean
  /** Fields of responses. Default: none. */
  readonly headers?: EdgeHeaders
  /** Calls at a time. Default 4. */
  readonly concurrency?: number
  /** Rate limit of the destination: at most `calls` within `per` ms. Default: none. */
  readonly limit?: { readonly calls: number, readonly per: number }
  /** Milliseconds after which a call counts as failed. Default 2,000. */
  readonly timeout?: number
  /**
   * Whether `outbox.deliver` waits for the confirmation: `true` without a bound, or for at most
   * that many milliseconds, after which the outcome is `unconfirmed`. Default false.
   */
  readonly wait?: boolean | number
  /**
   * Milliseconds after which each purge is repeated once: the longest time between an instance's
   * decision on a response and its arrival in this cache. For caches that store a response although
   * its tags were purged while it was fetched. Default: not repeated.
   */
  readonly again?: number
}
