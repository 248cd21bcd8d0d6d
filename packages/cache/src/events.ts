import { channel } from 'node:diagnostics_channel'
import type { Stamp } from './validity.js'

/**
 * The origin of a value: this instance's memory, the shared store, or a fill that another caller
 * had begun.
 */
export type Source = 'l1' | 'l2' | 'coalesced'

/** The messages on this package's diagnostics channels, by channel name. */
export interface CacheEvents {
  /** `cost`: microseconds that computing the value had taken. */
  'weir:cache:hit': {
    namespace: string
    key: string
    source: Source
    stale: boolean
    cost: number
  }
  'weir:cache:miss': { namespace: string; key: string }
  'weir:cache:store': { namespace: string; key: string; tags: readonly string[]; bytes: number }
  /**
   * An entry that was there and is not used: Rule V says no, its frame is not whole, or this
   * instance cannot read what another has written, by its serializer, compression or size.
   */
  'weir:cache:discard': {
    namespace: string
    key: string
    reason: 'invalid' | 'corrupt' | 'unreadable'
  }
  'weir:cache:invalidate': { namespace: string; tags: readonly string[]; stamp: Stamp }
  'weir:cache:clear': { namespace: string; stamp: Stamp }
  /** Whether this instance may, from now on, rely on what it hears from Redis and need not ask. */
  'weir:cache:listen': { namespace: string; complete: boolean }
  /**
   * Something the caller is not told of: a store that failed while the request went on, a
   * background fill.
   */
  'weir:cache:error': {
    namespace: string
    operation: 'read' | 'write' | 'fill'
    key: string
    error: unknown
  }
}

const channels = {
  'weir:cache:hit': channel('weir:cache:hit'),
  'weir:cache:miss': channel('weir:cache:miss'),
  'weir:cache:store': channel('weir:cache:store'),
  'weir:cache:discard': channel('weir:cache:discard'),
  'weir:cache:invalidate': channel('weir:cache:invalidate'),
  'weir:cache:clear': channel('weir:cache:clear'),
  'weir:cache:listen': channel('weir:cache:listen'),
  'weir:cache:error': channel('weir:cache:error')
} satisfies Record<keyof CacheEvents, unknown>

/** Publishes to whoever listens; the message is only made when somebody does. */
export function emit<E extends keyof CacheEvents> (name: E, message: () => CacheEvents[E]): void {
  const target = channels[name]
  if (target.hasSubscribers) target.publish(message())
}
