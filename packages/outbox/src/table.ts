/**
 * The table `weir_outbox_tags`: one row per tag of an invalidation that may not have been delivered
 * yet.
 */
export interface OutboxTable {
  /** The cache that the row is for; see `OutboxOptions.namespace`. */
  namespace: string
  /**
   * The ticket's id, then the tag's position in it: sortable, and unlike an identity column the
   * same in every database.
   */
  id: string
  /**
   * Used by `settle` to find the row. Null when no reader needs to any more: a lease has passed
   * since the row was committed.
   */
  hash: string | null
  /** A JSON string, which any database can store: Postgres text cannot contain NUL. */
  tag: string
  /**
   * Time of writing, ISO 8601 by the writer's clock. For people only; no decision depends on it.
   */
  created: string
  /** The span of the write (W3C Trace Context), if the outbox stores it. */
  traceparent?: string | null
}

/**
 * Extend the service's own schema type with it: `interface Schema extends OutboxSchema { ... }`.
 */
export interface OutboxSchema {
  weir_outbox_tags: OutboxTable
}
