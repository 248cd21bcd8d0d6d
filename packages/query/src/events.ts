import { channel } from 'node:diagnostics_channel'

/**
 * The reason that a query went to the database although it was to be cached. `transaction`: it ran
 * within one, or on its own connection. `outbox`: there may be writes that the cache has not been
 * told of. `query`: it is none that can be cached. `result`: the driver gave a value that the cache
 * cannot store.
 */
export type BypassReason = 'transaction' | 'outbox' | 'query' | 'result'

/** The messages on this package's diagnostics channels, by channel name. */
export interface QueryEvents {
  'weir:query:bypass': { sql: string, reason: BypassReason, detail?: string }
  /**
   * A statement that may have changed any table ends every cached result: raw SQL whose tables are
   * not declared, or DDL.
   */
  'weir:query:clear': { sql: string }
}

const channels = {
  'weir:query:bypass': channel('weir:query:bypass'),
  'weir:query:clear': channel('weir:query:clear')
} satisfies Record<keyof QueryEvents, unknown>

/** Publishes to whoever listens. */
export function emit<E extends keyof QueryEvents> (name: E, message: QueryEvents[E]): void {
  if (channels[name].hasSubscribers) channels[name].publish(message)
}
