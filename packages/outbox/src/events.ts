import { channel } from 'node:diagnostics_channel'

/** The messages on this package's diagnostics channels, by channel name. */
export interface OutboxEvents {
  /**
   * The relay delivered tags of these tickets, whose own process had not, could not, or no longer
   * exists.
   */
  'weir:outbox:relay': { ids: readonly string[]; tags: readonly string[] }
  /** A write-behind wrote this many keys to their destination. */
  'weir:outbox:written': { queue: string; keys: number }
  /** Writes of a write-behind failed and will be retried. */
  'weir:outbox:unwritten': { queue: string; keys: readonly string[]; error: unknown }
  /** A write-behind gave up a write: it is in the table `weir_dead_writes`. */
  'weir:outbox:dead': { queue: string; key: string; sequence: number; error: unknown }
  /**
   * An operation failed and will be retried. Meanwhile the cache is not used, unless only deleting
   * or releasing rows failed. `put`: a value that was written through is not in the cache; the next
   * read loads it.
   */
  'weir:outbox:error': {
    operation: 'read' | 'invalidate' | 'delete' | 'release' | 'put' | 'claim'
    error: unknown
  }
}

const channels = {
  'weir:outbox:relay': channel('weir:outbox:relay'),
  'weir:outbox:written': channel('weir:outbox:written'),
  'weir:outbox:unwritten': channel('weir:outbox:unwritten'),
  'weir:outbox:dead': channel('weir:outbox:dead'),
  'weir:outbox:error': channel('weir:outbox:error')
} satisfies Record<keyof OutboxEvents, unknown>

/** Publishes to the channel's subscribers. */
export function emit<E extends keyof OutboxEvents> (name: E, message: OutboxEvents[E]): void {
  channels[name].publish(message)
}
