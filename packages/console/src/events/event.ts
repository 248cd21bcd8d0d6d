/**
 * Kinds of events. `started`, `ended` (closed in good order), `killed` (silent without having said
 * that it ends) and `returned` (heard of again after that) are of instances.
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

/** Something that happened in the fleet, before it is written. */
export interface NewEvent {
  /** Names the event, the same in every process that finds it. */
  readonly key: string
  /** ms since 1970 */
  readonly at: number
  readonly kind: EventKind
  readonly service?: string
  readonly instance?: string
  /** Namespace of an invalidation. */
  readonly namespace?: string
  /** Tags of an invalidation; none where the whole namespace was invalidated. */
  readonly tags?: readonly string[]
  /** Process of an instance, or name of a circuit breaker. */
  readonly about?: string
}

/** An event of the log. */
export interface LoggedEvent {
  /** Counts up in the order in which events are written. */
  readonly id: number
  readonly at: number
  readonly kind: EventKind
  readonly service: string | null
  readonly instance: string | null
  readonly namespace: string | null
  readonly tags: string[]
  readonly about: string | null
}
