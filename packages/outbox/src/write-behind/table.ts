import type { Kysely } from 'kysely'
import type { SchemaMigration } from '../schema-migration.js'

/** A 64-bit integer, which drivers return as a number, a string or a BigInt. */
type Integer64 = number | string | bigint

/**
 * The table `weir_writes`: one row per key with acknowledged writes that have not reached their
 * destination.
 */
export interface WritesTable {
  /** The `name` of the write-behind. */
  queue: string
  /** 128 bits of the key, for use in an index. */
  hash: string
  /** A JSON string. */
  key: string
  /** Changes with each write of the key that reaches its destination. */
  id: string
  /** The next value to write, as JSON; null if there is none besides the one in flight. */
  next: string | null
  /**
   * The value in flight: unchanged until it is written, since an attempt may have got further than
   * is known.
   */
  taken: string | null
  /** The number of the value in flight. */
  sequence: Integer64 | null
  /** The instance that writes it, under a name that it changes before each attempt. */
  owner: string | null
  /** Number of failed attempts of the value in flight. */
  attempts: number
  /** Time of the next look at it, ISO 8601. Affects only the delay, never the order of writes. */
  due: string
  /** Number of writes of the key since the row was created. */
  puts: number
}

/** The table `weir_write_queues`: the last number issued, for each write-behind. */
export interface WriteQueuesTable {
  queue: string
  sequence: Integer64
}

/** The table `weir_dead_writes`: writes that were given up. */
export interface DeadWritesTable {
  queue: string
  sequence: Integer64
  hash: string
  /** A JSON string. */
  key: string
  /** JSON. */
  value: string
  attempts: number
  error: string
  /** ISO 8601. */
  died: string
}

/**
 * The tables, to extend the service's schema type: `interface Schema extends OutboxSchema,
 * WriteBehindSchema { ... }`.
 */
export interface WriteBehindSchema {
  weir_writes: WritesTable
  weir_write_queues: WriteQueuesTable
  weir_dead_writes: DeadWritesTable
}

/**
 * Creates the tables of all write-behinds of a database. Add it to the service's own migrations,
 * next to `outboxMigration`.
 * @example
 * getMigrations: async () => ({
 *   '0002-outbox': outboxMigration,
 *   '0003-write-behind': writeBehindMigration
 * })
 */
export const writeBehindMigration: SchemaMigration = {
  async up (db: Kysely<unknown>) {
    await db.schema.createTable('weir_writes').ifNotExists()
      .addColumn('queue', 'varchar(100)', (column) => column.notNull())
      .addColumn('hash', 'varchar(32)', (column) => column.notNull())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('id', 'varchar(40)', (column) => column.notNull())
      .addColumn('next', 'text')
      .addColumn('taken', 'text')
      .addColumn('sequence', 'bigint')
      .addColumn('owner', 'varchar(40)')
      .addColumn('attempts', 'integer', (column) => column.notNull())
      .addColumn('due', 'varchar(24)', (column) => column.notNull())
      .addColumn('puts', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('weir_writes_by_key', ['queue', 'hash'])
      // Effectively an index, which every database can create together with the table.
      .addUniqueConstraint('weir_writes_by_due', ['queue', 'due', 'hash'])
      .execute()
    await db.schema.createTable('weir_write_queues').ifNotExists()
      .addColumn('queue', 'varchar(100)', (column) => column.primaryKey())
      .addColumn('sequence', 'bigint', (column) => column.notNull())
      .execute()
    await db.schema.createTable('weir_dead_writes').ifNotExists()
      .addColumn('queue', 'varchar(100)', (column) => column.notNull())
      .addColumn('sequence', 'bigint', (column) => column.notNull())
      .addColumn('hash', 'varchar(32)', (column) => column.notNull())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('value', 'text', (column) => column.notNull())
      .addColumn('attempts', 'integer', (column) => column.notNull())
      .addColumn('error', 'text', (column) => column.notNull())
      .addColumn('died', 'varchar(24)', (column) => column.notNull())
      .addPrimaryKeyConstraint('weir_dead_writes_by_sequence', ['queue', 'sequence', 'hash'])
      .execute()
  },

  async down (db: Kysely<unknown>) {
    for (const table of ['weir_writes', 'weir_write_queues', 'weir_dead_writes']) {
      await db.schema.dropTable(table).ifExists().execute()
    }
  }
}
