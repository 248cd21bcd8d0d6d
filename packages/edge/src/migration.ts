import type { SchemaMigration } from '@weir/outbox'
import type { Kysely } from 'kysely'

/**
 * Creates the tables of the edge, beside that of `outboxMigration`.
 * @example
 * getMigrations: async () => ({ '0002-outbox': outboxMigration, '0006-edge': edgeMigration })
 */
export const edgeMigration: SchemaMigration = {
  async up (db: Kysely<unknown>) {
    await db.schema.createTable('weir_edge_claims').ifNotExists()
      .addColumn('destination', 'varchar(100)', (column) => column.primaryKey())
      .addColumn('holder', 'varchar(40)', (column) => column.notNull())
      .addColumn('until', 'bigint', (column) => column.notNull())
      .execute()
    await db.schema.createTable('weir_edge_dead_letters').ifNotExists()
      .addColumn('destination', 'varchar(100)', (column) => column.notNull())
      .addColumn('id', 'varchar(40)', (column) => column.notNull())
      .addColumn('tag', 'text', (column) => column.notNull())
      .addColumn('error', 'text', (column) => column.notNull())
      .addColumn('died', 'varchar(24)', (column) => column.notNull())
      .addPrimaryKeyConstraint('weir_edge_dead_letters_by_id', ['destination', 'id'])
      .execute()
  },

  async down (db: Kysely<unknown>) {
    await db.schema.dropTable('weir_edge_dead_letters').ifExists().execute()
    await db.schema.dropTable('weir_edge_claims').ifExists().execute()
  }
}
