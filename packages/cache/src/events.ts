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
    tags: readonly string[]
    source: Source
    stale: boolean
    cost: number
  }
  'weir:cache:miss': { namespace: string; key: string }
  'weir:cache:store': { namespace: string; key: string; tags: readonly string[]; bytes: number }
  /** The store answered a read, or did not. `claim` may lead to a fill. */
  'weir:cache:read': { namespace: string; operation: 'get' | 'claim'; ms: number; failed: boolean }
  /**
   * A fill ended. `outcome`: that of storing its value, or the reason why there is none to share.
   * `cost`: microseconds that computing the value took, if there is one.
   */
  'weir:cache:fill': {
    namespace: string
    key: string
    background: boolean
    outcome: string
    cost: number | undefined
  }
  /** A caller waited for another caller's fill; `elsewhere`: for that of another instance. */
  'weir:cache:wait': { namespace: string; key: string; elsewhere: boolean; ms: number }
  /**
   * This instance's lease on its memory lapsed: Redis or Postgres did not answer in time (`late`),
   * or the connection broke. Reads ask the store until the lease is back.
   */
  'weir:cache:lapse': { reason: 'late' | 'connection' }
  /**
   * A fill of this instance lost its lease: the instance was frozen, blocked or cut off from the
   * store for longer than the lease lasts. Another one may have computed the value as well. `ms`:
   * milliseconds since the store had last confirmed the lease.
   */
  'weir:cache:lose': { ms: number }
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
  /** `name`: of the cache that was called, which is an instance's. */
  'weir:cache:invalidate': {
    namespace: string
    name: string
    tags: readonly string[]
    stamp: Stamp
  }
  'weir:cache:clear': { namespace: string; name: string; stamp: Stamp }
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
  'weir:cache:read': channel('weir:cache:read'),
  'weir:cache:fill': channel('weir:cache:fill'),
  'weir:cache:wait': channel('weir:cache:wait'),
  'weir:cache:lapse': channel('weir:cache:lapse'),
  'weir:cache:lose': channel('weir:cache:lose'),
  'weir:cache:discard': channel('weir:cache:discard'),
  'weir:cache:invalidate': channel('weir:cache:invalidate'),
  'weir:cache:clear': channel('weir:cache:clear'),
  'weir:cache:listen': channel('weir:cache:listen'),
  'weir:cache:error': channel('weir:cache:error')
} satisfies Record<keyof CacheEvents, unknown>

/** Returns whether something subscribes to the channel. */
export const hasListeners = (name: keyof CacheEvents): boolean => channels[name].hasSubscribers

/** Publishes to the channel's subscribers; builds the message only if there are any. */
export function emit<E extends keyof CacheEvents> (name: E, message: () => CacheEvents[E]): void {
  const target = channels[name]
  if (target.hasSubscribers) target.publish(message())
}
