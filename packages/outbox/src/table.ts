/**
 * The table `weir_outbox_tags`: one row per tag of an invalidation that may not have been delivered
 * yet.
 */
export interface OutboxTable {
  /** The cache that the row is for; see `OutboxOptions.namespace`. */
  namespace: string
  /**
   * The ticket's id, then the tag's place in it: sortable, and unlike an identity column the same
   * in every database.
   */
  id: string
  /**
   * By which `settle` finds the row. Null once no reader has to: a lease has passed since the row
   * was committed.
   */
  hash: string | null
  /** A JSON string, which any database stores: Postgres keeps no NUL in a text. */
  tag: string
  /** When it was written, ISO 8601 by the writer's clock. For people; nothing is decided by it. */
  created: string
}

/** To be part of the service's own schema type: `interface Schema extends OutboxSchema { ... }`. */
export interface OutboxSchema {
  weir_outbox_tags: OutboxTable
}
