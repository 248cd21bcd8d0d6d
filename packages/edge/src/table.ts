import type { OutboxSchema } from '@weir/outbox'

/** The right to relay a destination's rows, held by one instance at a time. */
export interface EdgeClaimTable {
  destination: string
  holder: string
  /** Milliseconds since the epoch, by the holder's clock: a wrong clock merely purges twice. */
  until: number
}

/** Purges that were given up. */
export interface EdgeDeadLetterTable {
  destination: string
  id: string
  /** A JSON string, as in the outbox. */
  tag: string
  /** The last answer of the destination. */
  error: string
  /** ISO 8601. */
  died: string
}

/** Extend the service's own schema type with it, and add `edgeMigration` to its migrations. */
export interface EdgeSchema extends OutboxSchema {
  weir_edge_claims: EdgeClaimTable
  weir_edge_dead_letters: EdgeDeadLetterTable
}
