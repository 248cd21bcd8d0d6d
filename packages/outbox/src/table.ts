import type { Kysely, Migration } from 'kysely'

/** The table `weir_outbox`: an invalidation that belongs to committed data and may not have been delivered yet. */
export interface OutboxTable {
  /** Made by the writer: sortable, and unlike an identity column the same in every database. */
  id: string
  /** A JSON list of strings. */
  tags: string
  /** When it was written, ISO 8601 by the writer's clock. For people; nothing is decided by it. */
  created: string
}

/** To be part of the service's own schema type: `interface Schema extends OutboxSchema { ... }`. */
export interface OutboxSchema {
  weir_outbox: OutboxTable
}

/**
 * Creates the table `weir_outbox`; goes among the service's own migrations.
 * @example getMigrations: async () => ({ '0001-products': products, '0002-outbox': outboxMigration })
 */
export const outboxMigration: Migration = {
  async up (db: Kysely<unknown>) {
    await db.schema.createTable('weir_outbox')
      .addColumn('id', 'varchar(32)', (column) => column.primaryKey())
      .addColumn('tags', 'text', (column) => column.notNull())
      .addColumn('created', 'varchar(24)', (column) => column.notNull())
      .execute()
  },

  async down (db: Kysely<unknown>) {
    await db.schema.dropTable('weir_outbox').execute()
  }
}
