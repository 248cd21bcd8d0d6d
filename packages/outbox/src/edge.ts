import type { Deliverable, Delivery, DeliveryOutcome } from './delivery.js'
import type { Ticket } from './outbox.js'
import { rowIds, type Rows } from './rows.js'

/** The fleet's own caches, as seen by those that follow it. */
export interface Fleet {
  /**
   * Resolves when the fleet's invalidation of these rows is in force: none of them is left in the
   * fleet's namespace, or they have been delivered, or a lease has passed.
   */
  enforce (tags: readonly string[], ids: readonly string[]): Promise<void>
  /** Writes an invalidation, for the fleet and those that follow it, and returns its rows' ids. */
  queue (tags: readonly string[]): Promise<Ticket & Deliverable>
  /** Delivers a written invalidation to the fleet only. Never rejects. */
  deliver (written: Deliverable): Promise<DeliveryOutcome>
  /** Removes the fleet's rows of an invalidation that is in force by other means. */
  finish (written: Deliverable): Promise<void>
}

/**
 * Caches beyond the fleet that each ticket is delivered to after it: `createEdge` of `@weir/edge`.
 */
export interface OutboxEdge {
  /** Namespaces in which each ticket has rows of its own, written in the same transaction. */
  readonly namespaces: readonly string[]
  /** Called once, by `createOutbox`. */
  attach (fleet: Fleet): void
  /** Runs a delivery to the fleet: `confirm` follows it, so that nothing else has to pass it on. */
  delivering<T> (work: () => T): T
  /**
   * Called when the fleet's invalidation is in force. Resolves to false if a cache that the write
   * waits for has not confirmed. Never rejects.
   */
  confirm (ticket: Ticket, ids: readonly string[]): Promise<boolean>
  start (): void
  stop (): Promise<void>
}

/** Creates the fleet's side. */
export const fleetOf = (
  rows: Pick<Rows, 'hasAny' | 'remove'>,
  delivery: Delivery,
  queue: (tags: readonly string[]) => Promise<Ticket>
): Fleet => ({
  async queue (tags) {
    const ticket = await queue(tags)
    return { ...ticket, ids: rowIds(ticket) }
  },
  deliver: (written) => delivery.deliver(written),
  finish: ({ ids }) => rows.remove(ids),
  async enforce (tags, ids) {
    if (await rows.hasAny(ids)) await delivery.deliver({ tags: [...new Set(tags)], ids })
  }
})
