/**
 * Kinds of events. `started`, `ended` (closed gracefully), `killed` (silent without a graceful
 * close) and `returned` (reported again after `killed`) are about instances.
 */
export const EVENT_KINDS = [
  'started',
  'ended',
  'killed',
  'returned',
  'redis-lost',
  'redis-back',
  'breaker-opened',
  'breaker-closed',
  'invalidated'
] as const
export type EventKind = (typeof EVENT_KINDS)[number]

/** An event of the fleet before it is written. */
export interface NewEvent {
  /** Identifies the event; the same in every process that detects it. */
  readonly key: string
  /** ms since 1970 */
  readonly at: number
  readonly kind: EventKind
  readonly service?: string
  readonly instance?: string
  /** Namespace of an invalidation. */
  readonly namespace?: string
  /** Tags of an invalidation; absent if the whole namespace was invalidated. */
  readonly tags?: readonly string[]
  /** Process of an instance, or name of a circuit breaker. */
  readonly about?: string
}

/** An event in the log. */
export interface LoggedEvent {
  /** Increases in the order in which events are written. */
  readonly id: number
  readonly at: number
  readonly kind: EventKind
  readonly service: string | null
  readonly instance: string | null
  readonly namespace: string | null
  readonly tags: string[]
  readonly about: string | null
}
