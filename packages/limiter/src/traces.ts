import { tracedOn, type TracedWork } from '@weir/internal'

/** The messages on this package's tracing channels, by channel name. */
export interface LimiterTraces {
  'weir:limiter:call': LimiterCall
}

/** A call of the store. Decisions without one, such as remembered denials, are not traced. */
export interface LimiterCall extends TracedWork {
  /** Kind of the store: `memory`, `sqlite` or `redis`, or that of a custom one. */
  readonly store: string
  readonly operation: 'take' | 'peek' | 'reset'
  /** Names of the policies. */
  readonly policies: readonly string[]
}

export const tracedCall = tracedOn<LimiterCall>('weir:limiter:call')
