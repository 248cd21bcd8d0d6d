import { type CacheCounts, type Outcome, type Series } from '@weir/metrics'
import { type Generated } from 'kysely'
import { type EventKind } from '../events/event.js'

/** The period of a row: the minute, or the whole hour, that begins `at`. */
export interface Period {
  step: Step
  /** Minutes since 1970 (UTC). */
  at: number
}
export type Step = 'minute' | 'hour'

/** A series with its latency as JSON; `latency_add` and `latency_sum` add such values. */
export interface SeriesColumns extends Omit<Series, 'latency'> {
  latency: string
}

/**
 * The latest version of a process's record for a minute. A later version adds only its difference
 * from this one to the counts.
 */
export interface RecordTable {
  run: string
  minute: number
  seq: number
  /** `MinuteRecord`, as JSON */
  record: string
}

/** The latest state of an instance. */
export interface InstanceTable {
  service: string
  instance: string
  /** When the state arrived, ms since 1970 by the clock of stats. */
  lastSeenAt: number
  /** `InstanceState`, as JSON */
  state: string
}

export interface RouteCountTable extends Period, SeriesColumns {
  service: string
  route: string
  outcome: Outcome
}

export interface InstanceCountTable extends Period, SeriesColumns {
  service: string
  instance: string
  outcome: Outcome
}

export interface ReasonTable extends Period {
  service: string
  route: string
  reason: string
  count: number
}

export interface FillTable extends Period {
  service: string
  instance: string
  filledBy: string
  count: number
}

export interface DenialTable extends Period {
  service: string
  route: string
  policy: string
  client: string
  count: number
}

export interface CacheCountTable extends Period, CacheCounts {
  service: string
}

/** A used login code. */
export interface LoginTable {
  digest: string
  /** ms since 1970 */
  expiresAt: number
}

/** An event of the fleet; see `events/event.ts`. */
export interface EventTable {
  /** Increases in the order in which events are written. */
  id: Generated<number>
  /** Identifies the event, so that writing it twice stores it once. */
  key: string
  /** ms since 1970 */
  at: number
  kind: EventKind
  service: string | null
  instance: string | null
  namespace: string | null
  /** Tags of an invalidation, as JSON. */
  tags: string
  about: string | null
}

/** The database in camelCase. The tables themselves use snake_case. */
export interface StatsSchema {
  records: RecordTable
  instances: InstanceTable
  routeCounts: RouteCountTable
  instanceCounts: InstanceCountTable
  reasons: ReasonTable
  fills: FillTable
  denials: DenialTable
  cacheCounts: CacheCountTable
  logins: LoginTable
  events: EventTable
}
