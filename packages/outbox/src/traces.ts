import { tracedOn, type TracedWork } from '@weir/internal'

/** The messages on this package's tracing channels, by channel name. */
export interface OutboxTraces {
  'weir:outbox:deliver': DeliveryTrace
}

/** An invalidation that is being delivered. */
export interface DeliveryTrace extends TracedWork {
  readonly namespace: string
  /** `relay`: on behalf of writers, whose own process has not. `caller`: by a writer or reader. */
  readonly by: 'caller' | 'relay'
  readonly tags: readonly string[]
  /** The spans of the writes, as stored with them; see `OutboxOptions.traceparent`. */
  readonly traceparents: readonly string[]
}

export const tracedDelivery = tracedOn<DeliveryTrace>('weir:outbox:deliver')
