import { channel } from 'node:diagnostics_channel'
import type { Stamp } from './validity.js'

/** The source of a value: this instance's memory, the shared store, or another caller's fill. */
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
   * An entry was found but not used.
   *
   * Either Rule V rejects it, its frame is not whole, or this instance cannot read it because of
   * its serializer, compression or size.
   */
  'weir:cache:discard': {
    namespace: string
    key: string
    reason: 'invalid' | 'corrupt' | 'unreadable'
  }
  'weir:cache:invalidate': { namespace: string; tags: readonly string[]; stamp: Stamp }
  'weir:cache:clear': { namespace: string; stamp: Stamp }
  /** Whether this instance may rely on the invalidations it hears from Redis, without asking. */
  'weir:cache:listen': { namespace: string; complete: boolean }
  /**
   * An error that callers do not see: a store failure the request survived, or a failed background
   * fill.
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

/** Publishes to the channel's subscribers; builds the message only if there are any. */
export function emit<E extends keyof CacheEvents> (name: E, message: () => CacheEvents[E]): void {
  const target = channels[name]
  if (target.hasSubscribers) target.publish(message())
}
