import { type Kysely, PostgresAdapter, sql, SqliteAdapter } from 'kysely'
import { OutboxError } from './errors.js'
import { DEFAULT_NAMESPACE } from './options.js'
import { insertTicket } from './rows.js'
import type { SchemaMigration } from './schema-migration.js'
import type { OutboxSchema, OutboxTable } from './table.js'
import { readTags } from './tags.js'

/** The table of version 0.1: a row per ticket, with its tags as a JSON list. */
interface FormerTable {
  id: string
  tags: string
  created: string
}

/** Number of rows of the old table moved at once. */
const PAGE = 500

/**
 * Creates a migration for the table `weir_outbox_tags`, including the rows of version 0.1.
 *
 * Add it to the service's own migrations. A service that has applied it with version 0.1 lists it
 * again, under a new name: to a table that exists it only adds what is missing.
 * @param namespace the outbox's own: rows of version 0.1 are moved there
 * @throws OutboxError WEIR_OUTBOX_INVALID_ROW if a row of version 0.1 cannot be read
 * @example
 * const outboxMigration = makeOutboxMigration('shop')
 * getMigrations: async () => ({
 *   '0002-outbox': outboxMigration,
 *   '0005-outbox-tags': outboxMigration
 * })
 */
export const makeOutboxMigration = (namespace: string): SchemaMigration => ({
  async up (db: Kysely<unknown>) {
    await db.schema.createTable('weir_outbox_tags').ifNotExists()
      .addColumn('namespace', 'varchar(100)', (column) => column.notNull())
      .addColumn('id', 'varchar(40)', (column) => column.notNull())
      .addColumn('hash', 'varchar(32)')
      .addColumn('tag', 'text', (column) => column.notNull())
      .addColumn('created', 'varchar(24)', (column) => column.notNull())
      .addColumn('traceparent', 'varchar(55)')
      .addPrimaryKeyConstraint('weir_outbox_tags_by_id', ['namespace', 'id'])
      // Effectively an index, which every database can create together with the table.
      .addUniqueConstraint('weir_outbox_tags_by_hash', ['namespace', 'hash', 'id'])
      .execute()
    await addTraceparent(db)
    await moveFormerRows(
      db.withTables<{ weir_outbox: FormerTable; weir_outbox_tags: OutboxTable }>(),
      namespace
    )
  },

  async down (db: Kysely<unknown>) {
    await db.schema.dropTable('weir_outbox_tags').ifExists().execute()
  }
})

/**
 * Adds the column to a table that was created without it.
 *
 * Introspection is the last resort: it finds tables of other schemas, too, and some dialects carry
 * it out on another connection, which waits for the migration's own.
 */
async function addTraceparent (db: Kysely<unknown>): Promise<void> {
  const { adapter } = db.getExecutor()
  const table = db.schema.alterTable('weir_outbox_tags')
  if (adapter instanceof PostgresAdapter) {
    await table.addColumn('traceparent', 'varchar(55)', (column) => column.ifNotExists()).execute()
    return
  }
  const columns = adapter instanceof SqliteAdapter ? await sqliteColumns(db) : await columnsOf(db)
  if (columns.includes('traceparent')) return
  await table.addColumn('traceparent', 'varchar(55)').execute()
}

async function sqliteColumns (db: Kysely<unknown>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from pragma_table_info('weir_outbox_tags')`.execute(db)
  return rows.map(({ name }) => name)
}

async function columnsOf (db: Kysely<unknown>): Promise<string[]> {
  const tables = await db.introspection.getTables()
  return tables.flatMap(({ name, columns }) =>
    name === 'weir_outbox_tags' ? columns.map((column) => column.name) : [])
}

/** `makeOutboxMigration` for an outbox without the option `namespace`. */
export const outboxMigration: SchemaMigration = makeOutboxMigration(DEFAULT_NAMESPACE)

/**
 * Drops the old table: running instances of version 0.1 then no longer trust their cache, and
 * commit no invalidation that others would not see.
 */
async function moveFormerRows (
  db: Kysely<OutboxSchema & { weir_outbox: FormerTable }>,
  namespace: string
): Promise<void> {
  // Creates the old table if it is missing, because databases differ in how to list tables.
  await db.schema
    .createTable('weir_outbox')
    .ifNotExists()
    .addColumn('id', 'varchar(32)', (column) => column.primaryKey())
    .addColumn('tags', 'text', (column) => column.notNull())
    .addColumn('created', 'varchar(24)', (column) => column.notNull())
    .execute()
  for (let after = '', isLast = false; !isLast;) {
    const page = await db
      .selectFrom('weir_outbox')
      .select(['id', 'tags'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE)
      .execute()
    for (const { id, tags: column } of page) {
      const tags = readTags(column)
      if (tags === undefined) throw new OutboxError('WEIR_OUTBOX_INVALID_ROW', id)
      await insertTicket(db, namespace, { id, tags })
      after = id
    }
    isLast = page.length < PAGE
  }
  await db.schema.dropTable('weir_outbox').execute()
}
