/** A request as the journal records it. */
export interface RequestFacts {
  readonly method: string
  /** Path and query, with the values of sensitive parameters removed. */
  readonly url: string
  readonly id: string
  /** Trace id (W3C Trace Context), if the request is traced. */
  readonly trace?: string
  /** Name of the client, such as `user:alice` or `address:203.0.113.0/24`. */
  readonly client?: string
}

/** A stored version of a response. */
export interface VersionFacts {
  /** Key in the cache, with the values of sensitive parameters removed. */
  readonly key: string
  /** Identifies the version in its namespace; a later fill or invalidation has a higher one. */
  readonly stamp: number
  readonly etag?: string
  /** Tags that end it, those of its key and URI included. */
  readonly tags: readonly string[]
  /** Instance that computed it. */
  readonly filledBy: string
  /** ms since 1970, like all times. */
  readonly storedAt: number
  readonly freshUntil: number
  /** End of the stale-while-revalidate window. */
  readonly staleUntil: number
  /** End of the stale-if-error window. */
  readonly errorUntil: number
  /** Cache-Control as sent to clients. */
  readonly cacheControl?: string
}

/** A response was computed and stored. */
export interface FilledEvent {
  readonly kind: 'filled'
  readonly at: number
  /** When its handler was called. */
  readonly began: number
  readonly version: VersionFacts
  readonly status: number
  /** Size of the body. */
  readonly bytes: number
  /** Whether the application itself requested it, to replace a stale response. */
  readonly isRefill: boolean
  readonly request: RequestFacts
}

/** Outcomes of served requests, as in the metrics. */
export type ServedOutcome = 'l1' | 'l2' | 'coalesced' | 'stale' | 'miss' | 'bypass'

/** A request was answered; or several, of one version, in one second. */
export interface ServedEvent {
  readonly kind: 'served'
  readonly at: number
  /** When the request arrived. */
  readonly began: number
  readonly outcome: ServedOutcome
  /** Key of the response; of a bypassed request, its URL with scheme and host. */
  readonly key: string
  /** Version that was served; absent if the request's own handler computed the response. */
  readonly stamp?: number
  readonly etag?: string
  readonly filledBy?: string
  /** The version, on its first appearance in this process. */
  readonly version?: VersionFacts
  /** Reason of Cache-Status why nothing was stored, or why the cache was bypassed. */
  readonly reason?: string
  /** A stored response stood in: the handler failed, or the store did not answer. */
  readonly standsIn?: 'error' | 'outage'
  /** Absent for several requests. */
  readonly status?: number
  readonly request?: RequestFacts
  /** Requests that this event stands for, from `began` to `at`. */
  readonly count?: number
  /** Clients of these requests. */
  readonly clients?: readonly string[]
  /** Whether there were more clients than listed. */
  readonly hasMoreClients?: true
}

/** An invalidation is in the store. */
export interface InvalidatedEvent {
  readonly kind: 'invalidated'
  readonly at: number
  /** Versions with a lower stamp and one of the tags have ended. */
  readonly stamp: number
  /** Empty: every version of the namespace. */
  readonly tags: readonly string[]
  /** Request for it, if the console or the command line made it. */
  readonly request?: RequestFacts
}

/** A write was answered. */
export interface WrittenEvent {
  readonly kind: 'written'
  readonly at: number
  readonly began: number
  /** When its invalidation began: the data was written by then. */
  readonly since: number
  readonly tags: readonly string[]
  /**
   * `acknowledged`: no instance serves older versions. `queued`: the outbox delivers it later.
   * `unconfirmed`: a cache at the edge has not confirmed in time. `failed`: answered with an error.
   */
  readonly outcome: 'acknowledged' | 'queued' | 'unconfirmed' | 'failed'
  readonly consistency: 'strict' | 'bounded'
  readonly status: number
  readonly request: RequestFacts
}

/** Events that an instance could not record, between two times. */
export interface GapEvent {
  readonly kind: 'gap'
  /** End of the gap. */
  readonly at: number
  readonly began: number
  readonly count: number
}

/** An event of the journal. */
export type JournalEvent = FilledEvent | ServedEvent | InvalidatedEvent | WrittenEvent | GapEvent

/** An event with the instance that recorded it. */
export type Recorded<E extends JournalEvent = JournalEvent> = E & {
  readonly instance: string
  /** Unique id of the process. */
  readonly run: string
}
