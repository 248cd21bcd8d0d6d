import { tracingChannel } from 'node:diagnostics_channel'
import { tracedOn, type TracedWork } from '@weir/internal'

/** The messages on this package's tracing channels, by channel name. */
export interface EdgeTraces {
  'weir:edge:deliver': EdgeDelivery
}

/** An invalidation that is being delivered to one destination. */
export interface EdgeDelivery extends TracedWork {
  readonly destination: string
  /** `relay`: on behalf of writers, which have not. `caller`: by a writer. */
  readonly by: 'caller' | 'relay'
  readonly tags: number
  /** The spans of the writes, as stored with them; see `OutboxOptions.traceparent`. */
  readonly traceparents: readonly string[]
  /** Repetitions of failed calls, known at the end. Calls may be shared with other deliveries. */
  retries: number
  /** Known at the end. `refused`: a repetition would fail again. */
  outcome: 'confirmed' | 'failed' | 'refused'
}

const NAME = 'weir:edge:deliver'
const deliveries = tracingChannel(NAME)

export const tracedPurge = tracedOn<EdgeDelivery>(NAME)

/** Returns whether deliveries are traced: if not, the spans of writes are not read. */
export const arePurgesTraced = (): boolean => deliveries.hasSubscribers
