import { channel } from 'node:diagnostics_channel'

/** The messages on this package's diagnostics channels, by channel name. */
export interface LimiterEvents {
  /** A store that failed, or is left alone after it has, while the caller went on without it. */
  'weir:limiter:error': { operation: 'consume' | 'peek', key: string, error: unknown }
}

const errors = channel('weir:limiter:error')

/** Publishes to whoever listens; the message is only made when somebody does. */
export function emitError (message: () => LimiterEvents['weir:limiter:error']): void {
  if (errors.hasSubscribers) errors.publish(message())
}
