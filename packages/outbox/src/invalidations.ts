import type { Transaction } from 'kysely'
import type { DeliveryOutcome } from './delivery.js'
import type { Ticket } from './outbox.js'

/**
 * The part of an outbox that writes invalidations, in transactions on a database with any other
 * tables.
 */
export interface Invalidations<S> {
  add (trx: Transaction<S>, tags: readonly string[]): Promise<Ticket>
  deliver (ticket: Ticket): Promise<DeliveryOutcome>
}
