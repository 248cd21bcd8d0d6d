import { channel } from 'node:diagnostics_channel'

/** The messages on this package's diagnostics channels, by channel name. */
export interface EdgeEvents {
  /** A destination confirmed a purge; `milliseconds` is the duration of the successful call. */
  'weir:edge:purge': {
    destination: string
    tags: number
    milliseconds: number
  }
  /** A call failed and will be retried, or the table could not be read or written. */
  'weir:edge:error': { destination: string, operation: 'purge' | 'table', error: unknown }
  /** Purges were given up: see `edge.deadLetters()`. */
  'weir:edge:dead': { destination: string, tags: readonly string[], error: unknown }
}

const channels = {
  'weir:edge:purge': channel('weir:edge:purge'),
  'weir:edge:error': channel('weir:edge:error'),
  'weir:edge:dead': channel('weir:edge:dead')
} satisfies Record<keyof EdgeEvents, unknown>

/** Publishes to the channel's subscribers. */
export function emit<E extends keyof EdgeEvents> (name: E, message: EdgeEvents[E]): void {
  channels[name].publish(message)
}
