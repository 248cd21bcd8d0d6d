import { channel } from 'node:diagnostics_channel'

/**
 * The reason why a cacheable query went to the database.
 *
 * `transaction`: it ran within one, or on its own connection. `outbox`: the cache may not have
 * received all writes. `query`: it cannot be cached. `result`: the driver returned a value that the
 * cache cannot store.
 */
export type BypassReason = 'transaction' | 'outbox' | 'query' | 'result'

/** The messages on this package's diagnostics channels, by channel name. */
export interface QueryEvents {
  'weir:query:bypass': { sql: string, reason: BypassReason, detail?: string }
  /**
   * Every cached result was invalidated by a statement that may have changed any table: raw SQL
   * without declared tables, or DDL.
   */
  'weir:query:clear': { sql: string }
}

const channels = {
  'weir:query:bypass': channel('weir:query:bypass'),
  'weir:query:clear': channel('weir:query:clear')
} satisfies Record<keyof QueryEvents, unknown>

/** Publishes to the channel's subscribers. */
export function emit<E extends keyof QueryEvents> (name: E, message: QueryEvents[E]): void {
  if (channels[name].hasSubscribers) channels[name].publish(message)
}
