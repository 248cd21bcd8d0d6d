/**
 * How a request was answered, one of these each: from this instance's memory, from the store, by a
 * fill it waited for, with something stale, by its handler for the cache (`miss`), by its handler
 * because it is not to be cached (`bypass`), on a route without a cache, with 429, with a 5xx.
 * `refill` are the application's own requests, which no client sent.
 */
export const OUTCOMES = [
  'l1',
  'l2',
  'coalesced',
  'stale',
  'miss',
  'bypass',
  'uncached',
  'limited',
  'error',
  'refill'
] as const
export type Outcome = typeof OUTCOMES[number]

/** Upper bounds of the latency buckets, ms; one more bucket has what is slower. */
export const LATENCY_BOUNDS_MS = [
  0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5, 10, 15, 25, 50, 75, 100, 150, 250, 500, 750,
  1000, 2500, 5000, 10_000
] as const

/** What is known of the requests with one outcome. */
export interface Series {
  readonly count: number
  /** Those answered with what another instance had computed. */
  readonly shared: number
  /** Those answered 304. */
  readonly notModified: number
  /** Of bodies that were sent. */
  readonly bytes: number
  /** Microseconds that handlers did not have to run: what computing each response had taken. */
  readonly savedMicros: number
  /** Microseconds, over all requests. */
  readonly latencySumMicros: number
  /** Requests by how long they took: one more than `LATENCY_BOUNDS_MS`. */
  readonly latency: readonly number[]
}

/** What one instance counted for one route. */
export interface RouteCounts {
  /** Such as `GET /api/products/:id`; `404` for paths that are none. */
  readonly route: string
  readonly outcomes: Readonly<Partial<Record<Outcome, Series>>>
  /** Why it was not cached, as in Cache-Status: `PRIVATE`, `SET_COOKIE`, … and how often. */
  readonly reasons: Readonly<Record<string, number>>
}

/** Requests of one client that one policy of one route denied. */
export interface DenialCounts {
  readonly route: string
  readonly policy: string
  /**
   * `user:<id>`, or `address:` and the network of it: never a whole address. `others` for those
   * past a bound.
   */
  readonly client: string
  readonly count: number
}

/**
 * Reads of one cache of the application, by what they found. The requests that the response cache
 * answers are counted by route.
 */
export interface CacheCounts {
  /** Name that the application gives it. */
  readonly cache: string
  /** Hits in memory, in the store, and of a fill that another caller had begun. */
  readonly l1: number
  readonly l2: number
  readonly coalesced: number
  /** Hits that were stale, which are among the others. */
  readonly stale: number
  /** Reads that found nothing to serve, and fills in the background. */
  readonly misses: number
  /** Microseconds that computing the values of the hits had taken. */
  readonly savedMicros: number
}

/**
 * What one process counted in one minute. A later one of the same process and minute has all that
 * is in it, and replaces it.
 */
export interface MinuteRecord {
  /** The process, unlike any other before or after. */
  readonly run: string
  readonly service: string
  readonly instance: string
  /** Minutes since 1970 (UTC). */
  readonly minute: number
  /** Counts up with each version of the record. */
  readonly seq: number
  readonly routes: readonly RouteCounts[]
  /** Hits by the instance whose fill they were answered with. */
  readonly filledBy: Readonly<Record<string, number>>
  readonly denials: readonly DenialCounts[]
  /** Left out where no cache was read, and by versions that did not count them. */
  readonly caches?: readonly CacheCounts[]
}

/** Something that was invalidated, for those who show it. */
export interface Invalidation {
  /** ms since 1970 */
  readonly at: number
  readonly namespace: string
  /** Empty where the whole namespace was. */
  readonly tags: readonly string[]
}

/** How a process is, as of its last flush. */
export interface InstanceState {
  readonly run: string
  readonly service: string
  readonly instance: string
  readonly pid: number
  /** Version of Node. */
  readonly node: string
  /** ms since 1970 */
  readonly startedAt: number
  /** ms since 1970, by its own clock */
  readonly at: number
  readonly rssBytes: number
  readonly heapBytes: number
  /** p99 since the last flush, ms */
  readonly eventLoopDelayMs: number
  /** Of the response cache's memory. */
  readonly l1: { readonly entries: number, readonly bytes: number, readonly evictions: number }
  /** The last few by this instance, oldest first. */
  readonly invalidations: readonly Invalidation[]
}
