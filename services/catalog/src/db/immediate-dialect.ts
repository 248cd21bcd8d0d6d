import type Database from 'better-sqlite3'
import { CompiledQuery, type DatabaseConnection, type Driver, SqliteDialect, SqliteDriver } from 'kysely'

/**
 * Transactions take the write lock when they begin. SQLite's default takes it at the first write, and then refuses
 * when somebody else wrote since the transaction's first read: what a handler checked would not be what it replaces.
 */
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction (connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }
}

export class ImmediateDialect extends SqliteDialect {
  readonly #database: Database.Database

  constructor (database: Database.Database) {
    super({ database })
    this.#database = database
  }

  override createDriver (): Driver {
    return new ImmediateDriver({ database: this.#database })
  }
}
