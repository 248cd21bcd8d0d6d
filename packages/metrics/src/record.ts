import { type Announcement } from './announcement.js'
import { type EdgeState } from './edge.js'
import { type ShadowFinding } from './shadow/finding.js'

/**
 * The outcomes of requests; each request has exactly one.
 *
 * The answer came from this instance's memory, from the store, from a fill the request waited for,
 * from a stale entry, from the handler for the cache (`miss`), from the handler because it is not
 * cacheable (`bypass`), from a route without a cache, or it was a 429 or a 5xx. `refill` counts the
 * application's own requests, which no client sent.
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

/** Upper bounds of the latency buckets in ms; one more bucket counts slower requests. */
export const LATENCY_BOUNDS_MS = [
  0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5, 10, 15, 25, 50, 75, 100, 150, 250, 500, 750,
  1000, 2500, 5000, 10_000
] as const

/** The counts of requests with one outcome. */
export interface Series {
  readonly count: number
  /** Requests answered with a response computed by another instance. */
  readonly shared: number
  /** Requests answered with 304. */
  readonly notModified: number
  /** Bytes of bodies sent. */
  readonly bytes: number
  /** Microseconds of handler time saved: the time that computing each response had taken. */
  readonly savedMicros: number
  /** Microseconds, over all requests. */
  readonly latencySumMicros: number
  /** Requests by duration: one more bucket than `LATENCY_BOUNDS_MS`. */
  readonly latency: readonly number[]
}

/** The counts of one instance for one route. */
export interface RouteCounts {
  /** Route name, such as `GET /api/products/:id`; `404` for unknown paths. */
  readonly route: string
  readonly outcomes: Readonly<Partial<Record<Outcome, Series>>>
  /**
   * Reasons why it was not cached, as in Cache-Status: `PRIVATE`, `SET_COOKIE`, … with their
   * counts.
   */
  readonly reasons: Readonly<Record<string, number>>
}

/** Requests of one client denied by one policy of one route. */
export interface DenialCounts {
  readonly route: string
  readonly policy: string
  /** `user:<id>`, or `address:` and its network: never a full address. `others` beyond a limit. */
  readonly client: string
  readonly count: number
}

/**
 * Reads of one cache of the application, by outcome. Requests that the response cache answers are
 * counted by route.
 */
export interface CacheCounts {
  /** Name given by the application. */
  readonly cache: string
  /** Hits in memory, in the store, and from another caller's fill. */
  readonly l1: number
  readonly l2: number
  readonly coalesced: number
  /** Stale hits, included in the other counts. */
  readonly stale: number
  /** Reads that found no usable value, and background fills. */
  readonly misses: number
  /** Microseconds that computing the values of the hits had taken. */
  readonly savedMicros: number
}

/**
 * The counts of one process in one minute. A later record of the same process and minute contains
 * it and replaces it.
 */
export interface MinuteRecord {
  /** Unique id of the process. */
  readonly run: string
  readonly service: string
  readonly instance: string
  /** Minutes since 1970 (UTC). */
  readonly minute: number
  /** Increases with each version of the record. */
  readonly seq: number
  readonly routes: readonly RouteCounts[]
  /** Hits by the instance that filled the entry. */
  readonly filledBy: Readonly<Record<string, number>>
  readonly denials: readonly DenialCounts[]
  /** Absent if no cache was read, and in records of versions that did not count them. */
  readonly caches?: readonly CacheCounts[]
}

/** An invalidation, for display. */
export interface Invalidation {
  /** ms since 1970 */
  readonly at: number
  readonly namespace: string
  /** Empty if the whole namespace was invalidated. */
  readonly tags: readonly string[]
}

/** A circuit breaker that opened or closed. */
export interface BreakerChange {
  /** ms since 1970 */
  readonly at: number
  /** Name of what it protects calls to, such as `redis`. */
  readonly name: string
  /** Whether calls are refused from then on. */
  readonly isOpen: boolean
}

/** The cache options of a route, as it was declared with. */
export interface RouteConfig {
  /** Such as `GET /api/products/:id`. */
  readonly route: string
  /** Options by name; a function is `{ function: true }`. */
  readonly cache: Readonly<Record<string, unknown>>
}

/** The state of a process as of its last flush. */
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
  /** Memory of the response cache. */
  readonly l1: { readonly entries: number, readonly bytes: number, readonly evictions: number }
  /** The latest invalidations by this instance, oldest first. */
  readonly invalidations: readonly Invalidation[]
  /** Left out by processes that announce nothing, and by versions that could not. */
  readonly announced?: Announcement
  /** The last few changes of circuit breakers, oldest first. Left out where there are none. */
  readonly breakers?: readonly BreakerChange[]
  /** Caches beyond the fleet that it purges. Left out where there are none. */
  readonly edge?: EdgeState
  /** Routes that have cache options. Left out where there are none. */
  readonly routes?: readonly RouteConfig[]
  /** Observations about routes without caching, in shadow mode. Left out without it. */
  readonly shadow?: readonly ShadowFinding[]
  /** When it closed in good order, ms since 1970 by its own clock. Left out before that. */
  readonly endedAt?: number
}
