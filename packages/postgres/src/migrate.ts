import { shown } from '@weir/internal'
import { type Kysely, type MigrationProvider, Migrator, sql } from 'kysely'
import { LOCK_NOT_AVAILABLE, PostgresError, stateOf } from './errors.js'

/** Options of {@link migrateTogether}. */
export interface MigrateOptions<DB> {
  /** Name of the service: its migrations are recorded in the table `NAME_migrations`. */
  readonly name: string
  /** Provider of migrations by name: `{ getMigrations: async () => ({ '0001-x': migration }) }`. */
  readonly migrations: MigrationProvider
  /** Milliseconds to wait for other instances that migrate. Default 60,000. */
  readonly timeout?: number
  /** Runs in the same transaction, with the names of the migrations that were applied now. */
  readonly then?: (db: Kysely<DB>, applied: readonly string[]) => Promise<void>
}

const TIMEOUT = 60_000
const DUPLICATE_TABLE = '42P07'

/**
 * Migrates a database to the latest schema, in one transaction under a lock.
 *
 * Of any number of instances that start at once, one does the work, and the others find it done. An
 * instance that dies half-way leaves nothing behind: its transaction and its lock end with its
 * connection. All services in one database use the same lock, so that they may share tables.
 *
 * @throws PostgresError WEIR_POSTGRES_INVALID_OPTION; WEIR_POSTGRES_NEWER_SCHEMA if a newer version
 *   has migrated the database; WEIR_POSTGRES_MIGRATING if another instance does not end;
 *   WEIR_POSTGRES_FOREIGN; the error of a migration
 * @example
 * const migrations = { getMigrations: async () => ({ '0001-outbox': outboxMigration }) }
 * await migrateTogether(db, { name: 'shop', migrations })
 */
export async function migrateTogether<DB> (
  db: Kysely<DB>,
  { name, migrations, timeout = TIMEOUT, then = async () => {} }: MigrateOptions<DB>
): Promise<void> {
  if (typeof migrations?.getMigrations !== 'function') {
    throw new PostgresError(
      'WEIR_POSTGRES_INVALID_OPTION',
      `migrations ${shown(migrations)} is not a provider of Kysely: pass ` +
      "{ getMigrations: async () => migrations }, with migrations such as { '0001-x': { up } }"
    )
  }
  const table = `${name}_migrations`
  const migrate = async (connection: Kysely<DB>) => {
    await sql`select set_config('lock_timeout', ${String(timeout)}, true)`.execute(connection)
    try {
      await sql`select pg_advisory_xact_lock(hashtextextended('weir', 0))`.execute(connection)
    } catch (error) {
      if (stateOf(error) !== LOCK_NOT_AVAILABLE) throw error
      throw new PostgresError('WEIR_POSTGRES_MIGRATING', `${timeout} ms`, { cause: error })
    }
    await assertSchema(connection, table, Object.keys(await migrations.getMigrations()))
    const { provider, failure } = remembering(migrations)
    const migrator = new Migrator({
      db: connection,
      provider,
      migrationTableName: table,
      migrationLockTableName: `${table}_lock`,
      // The transaction has begun.
      disableTransactions: true
    })
    const { error: last, results = [] } = await migrator.migrateToLatest()
    const error = failure() ?? last
    if (stateOf(error) === DUPLICATE_TABLE && error instanceof Error) {
      throw new PostgresError('WEIR_POSTGRES_FOREIGN', error.message, { cause: error })
    }
    if (error !== undefined) {
      throw new Error(`The database could not be migrated to this version's schema of ${name}`, {
        cause: error
      })
    }
    await then(connection, results.map(({ migrationName }) => migrationName))
  }
  // Avoids db.transaction(): the migrator needs a connection, which Kysely's transactions do not
  // pass on.
  await db.connection().execute(async (connection) => {
    await sql`begin`.execute(connection)
    try {
      await migrate(connection)
      await sql`commit`.execute(connection)
    } catch (error) {
      await sql`rollback`.execute(connection)
      // The migrator cannot return its own lock in a failed transaction.
      await sql`select pg_advisory_unlock_all()`.execute(connection)
      throw error
    }
  })
}

/** Keeps the error of a migration: the migrator reports that of its next statement. */
function remembering (migrations: MigrationProvider) {
  let first: unknown
  const remember = async (work: Promise<void>) => {
    try {
      await work
    } catch (error) {
      first ??= error
      throw error
    }
  }
  const provider: MigrationProvider = {
    getMigrations: async () =>
      Object.fromEntries(
        Object.entries(await migrations.getMigrations()).map(([name, migration]) => [
          name,
          { up: (db: Kysely<unknown>) => remember(migration.up(db)) }
        ])
      )
  }
  return { provider, failure: () => first }
}

/** Refuses a database with a migration that this version does not know. */
async function assertSchema<DB> (
  db: Kysely<DB>, table: string, known: readonly string[]
): Promise<void> {
  const { rows: [at] } = await sql<{ database: string, exists: boolean }>`
    select current_database() as database, to_regclass(${table}) is not null as exists`.execute(db)
  if (at?.exists !== true) return
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(table)} order by name`
    .execute(db)
  const unknown = rows.find(({ name }) => !known.includes(name))
  if (unknown !== undefined) {
    throw new PostgresError('WEIR_POSTGRES_NEWER_SCHEMA', `${at.database} (${unknown.name})`)
  }
}
