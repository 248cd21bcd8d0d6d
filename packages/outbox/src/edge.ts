import type { Delivery } from './delivery.js'
import type { Ticket } from './outbox.js'
import type { Rows } from './rows.js'

/** The fleet's own caches, as seen by those that follow it. */
export interface Fleet {
  /**
   * Resolves when the fleet's invalidation of these rows is in force: none of them is left in the
   * fleet's namespace, or they have been delivered, or a lease has passed.
   */
  enforce (tags: readonly string[], ids: readonly string[]): Promise<void>
}

/**
 * Caches beyond the fleet that each ticket is delivered to after it: `createEdge` of `@weir/edge`.
 */
export interface OutboxEdge {
  /** Namespaces in which each ticket has rows of its own, written in the same transaction. */
  readonly namespaces: readonly string[]
  /** Called once, by `createOutbox`. */
  attach (fleet: Fleet): void
  /**
   * Called when the fleet's invalidation is in force. Resolves to false if a cache that the write
   * waits for has not confirmed. Never rejects.
   */
  confirm (ticket: Ticket, ids: readonly string[]): Promise<boolean>
  start (): void
  stop (): Promise<void>
}

/** Creates the fleet's side. */
export const fleetOf = (rows: Pick<Rows, 'hasAny'>, delivery: Delivery): Fleet => ({
  async enforce (tags, ids) {
    if (await rows.hasAny(ids)) await delivery.deliver({ tags: [...new Set(tags)], ids })
  }
})
