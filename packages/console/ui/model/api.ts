import type { FleetAdvice, Outcome } from '@weir/metrics'

// Responses of api/stats as the pages read them; the OpenAPI description declares the same shapes.
// Times are ms since 1970; null means that no value is known.

/** ms */
export interface Latency {
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
}

export type OutcomeCounts = Readonly<Partial<Record<Outcome, number>>>

export interface OutcomeSummary {
  readonly outcome: Outcome
  readonly count: number
  readonly notModified: number
  readonly shared: number
  readonly bytes: number
  readonly savedMs: number
  readonly latency: Latency
}

export interface Summary {
  /** Time of the last report from the instances. */
  readonly asOf: number | null
  readonly connected: boolean
  readonly from: number
  readonly to: number
  readonly seconds: number
  readonly requests: number
  readonly requestsPerSecond: number
  readonly hits: number
  readonly hitRatio: number | null
  readonly shared: number
  readonly notModified: number
  readonly stale: number
  readonly misses: number
  readonly coalesced: number
  readonly bypassed: number
  readonly limited: number
  readonly errors: number
  readonly refills: number
  readonly bytes: number
  readonly savedMs: number
  readonly latency: Latency
  readonly hitLatency: Latency
  readonly missLatency: Latency
  readonly outcomes: readonly OutcomeSummary[]
}

/** A cache beyond the fleet. */
export interface EdgeDestination {
  readonly destination: string
  readonly state: 'ok' | 'failing' | 'limited'
  readonly pending: number
  readonly oldestMs: number
  readonly dead: number
  readonly confirmed: number
  readonly failed: number
  readonly error: string | null
}

/** A purge that was given up. */
export interface EdgeLetter {
  readonly destination: string
  readonly id: string
  readonly tag: string
  readonly error: string
  /** ISO 8601. */
  readonly died: string
  /** The instance that has it; null if all of them share it. */
  readonly instance: string | null
}

/** Response of api/stats/edge. */
export interface EdgeAnswer {
  readonly asOf: number | null
  readonly services: readonly {
    readonly service: string
    readonly destinations: readonly EdgeDestination[]
    readonly letters: readonly EdgeLetter[]
  }[]
}

/** A service that was asked to purge the caches at its edge. */
export interface AskedEdge {
  readonly service: string
  readonly done: boolean
}

export interface RouteFigures {
  readonly service: string
  readonly route: string
  readonly requests: number
  readonly hitRatio: number | null
  readonly shared: number
  readonly notModified: number
  readonly limited: number
  readonly errors: number
  readonly bytes: number
  readonly savedMs: number
  readonly latency: Latency
  readonly outcomes: OutcomeCounts
  readonly reasons: Readonly<Record<string, number>>
  /** Latency by outcome; present only when one route is selected. */
  readonly latencies?: Readonly<Partial<Record<Outcome, Latency>>>
  /** Cache options that the route was declared with; null if no instance reports any. */
  readonly config?: Readonly<Record<string, unknown>> | null
}

export interface Routes {
  /** Time of the last report from the instances. */
  readonly asOf: number | null
  readonly routes: readonly RouteFigures[]
}

export interface CacheFigures {
  readonly service: string
  readonly cache: string
  readonly hits: number
  readonly l1: number
  readonly l2: number
  readonly coalesced: number
  readonly stale: number
  readonly misses: number
  readonly hitRatio: number | null
  readonly savedMs: number
}

export interface Caches {
  /** Time of the last report from the instances. */
  readonly asOf: number | null
  readonly caches: readonly CacheFigures[]
}

export interface InstanceFigures {
  readonly instance: string
  readonly service: string
  readonly run: string
  readonly alive: boolean
  readonly startedAt: number
  readonly lastSeenAt: number
  /** Time of the graceful shutdown, if there was one. */
  readonly endedAt: number | null
  readonly pid: number
  readonly node: string
  readonly requests: number
  readonly hitRatio: number | null
  readonly shared: number
  readonly rssBytes: number
  readonly heapBytes: number
  readonly eventLoopDelayMs: number
  readonly l1: { readonly entries: number, readonly bytes: number, readonly evictions: number }
  readonly outcomes: OutcomeCounts
  readonly filledBy: Readonly<Record<string, number>>
}

export interface Instances {
  /** Time of the last report from the instances. */
  readonly asOf: number | null
  readonly instances: readonly InstanceFigures[]
}

export interface RedisFigures {
  readonly kind: 'redis' | 'sqlite'
  readonly connected: boolean
  readonly version?: string
  readonly usedMemoryBytes?: number
  readonly maxMemoryBytes?: number
  readonly maxMemoryPolicy?: string
  readonly fragmentationRatio?: number | null
  readonly keys?: number
  readonly expires?: number
  readonly evictedKeys?: number
  readonly expiredKeys?: number
  readonly hitRate?: number | null
  readonly opsPerSecond?: number
  readonly uptimeSeconds?: number
  readonly clients?: number
}

export interface Limits {
  /** Time of the last report from the instances. */
  readonly asOf: number | null
  readonly policies: readonly {
    readonly service: string
    readonly policy: string
    readonly denied: number
  }[]
  /** Number of rate-limited clients. */
  readonly clients: number
}

/** The rate-limited clients; requires the admin role. */
export interface LimitedClients {
  /** Time of the last report from the instances. */
  readonly asOf: number | null
  readonly clients: readonly LimitedClient[]
}

export interface LimitedClient {
  readonly client: string
  readonly service: string
  readonly policy: string
  readonly route: string
  readonly denied: number
}

export interface HistoryPoint {
  readonly at: number
  readonly requests: number
  readonly hits: number
  readonly misses: number
  readonly stale: number
  readonly coalesced: number
  readonly bypassed: number
  readonly limited: number
  readonly errors: number
  readonly shared: number
  readonly notModified: number
  readonly bytes: number
  readonly savedMs: number
  readonly hitRatio: number | null
  readonly outcomes: OutcomeCounts
  readonly p50: number | null
  readonly p99: number | null
  readonly hitP50: number | null
  readonly missP50: number | null
  /** Latency by outcome; present only when a route is selected. */
  readonly latency?: Readonly<Partial<Record<Outcome, TickLatency>>>
}

export interface History {
  readonly step: 'minute' | 'hour'
  readonly points: readonly HistoryPoint[]
}

export interface TickLatency {
  readonly p50: number | null
  readonly p99: number | null
}

/** Counts since the previous tick. */
export interface Tick {
  readonly at: number
  readonly connected: boolean
  readonly requests: number
  readonly outcomes: OutcomeCounts
  readonly requestsPerSecond: number
  readonly hitRatio: number | null
  readonly shared: number
  readonly savedMs: number
  readonly latency: Readonly<Partial<Record<Outcome | 'all' | 'hit', TickLatency>>>
  readonly limited: number
  readonly redis: {
    readonly connected: boolean
    readonly usedMemoryBytes: number | null
    readonly evictedKeys: number | null
    readonly opsPerSecond: number | null
  } | null
  readonly instances: readonly {
    readonly instance: string
    readonly service: string
    readonly alive: boolean
    readonly requests: number
    readonly outcomes: OutcomeCounts
  }[]
}

/** An invalidation; without tags it covers a whole namespace. */
export interface Invalidated {
  readonly at: number
  readonly service: string
  readonly instance: string
  readonly namespace: string
  readonly tags: readonly string[]
}

export type EventKind =
  | 'started'
  | 'ended'
  | 'killed'
  | 'returned'
  | 'redis-lost'
  | 'redis-back'
  | 'breaker-opened'
  | 'breaker-closed'
  | 'invalidated'

/** An event in the fleet. */
export interface FleetEvent {
  readonly id: number
  readonly at: number
  readonly kind: EventKind
  readonly service: string | null
  readonly instance: string | null
  readonly namespace: string | null
  readonly tags: readonly string[]
  /** The process of an instance, or the name of a circuit breaker. */
  readonly about: string | null
}

export interface Events {
  /** Newest first. */
  readonly events: readonly FleetEvent[]
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null
}

export interface DemoUsers {
  readonly users: readonly { readonly id: string, readonly token: string }[]
}

/** Timings of one response: computed, and served from each tier. */
export interface Comparison {
  readonly path: string
  readonly samples: number
  readonly bytes: number
  readonly results: readonly ComparisonResult[]
}

export interface ComparisonResult {
  readonly source: 'handler' | 'store' | 'memory'
  /** Responses from this tier; `leftOut` counts responses from other tiers, which are ignored. */
  readonly samples: number
  readonly leftOut: number
  readonly medianMs: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly requestsPerSecond: number
}

/** Response of POST …/cache/invalidations. */
export interface InvalidationReceipt {
  readonly namespace: string
  readonly instance: string
  readonly tags: readonly string[]
  readonly all: boolean
  /** Number of entries removed from the answering instance's memory, if known. */
  readonly dropped: { readonly memory?: number }
  /** Caches at the edge that have not confirmed; absent in earlier versions. */
  readonly unconfirmed?: readonly string[]
}

/** Response of api/stats/advice. */
export interface Advices extends FleetAdvice {
  readonly asOf: number | null
}
