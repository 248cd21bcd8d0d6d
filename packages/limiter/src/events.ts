import { channel } from 'node:diagnostics_channel'

/** The messages on this package's diagnostics channels, by channel name. */
export interface LimiterEvents {
  /** The store failed, or is not asked because it has, while the caller continued without it. */
  'weir:limiter:error': { operation: 'consume' | 'peek', key: string, error: unknown }
}

const errors = channel('weir:limiter:error')

/** Publishes to the channel's subscribers; builds the message only if there are any. */
export function emitError (message: () => LimiterEvents['weir:limiter:error']): void {
  if (errors.hasSubscribers) errors.publish(message())
}
