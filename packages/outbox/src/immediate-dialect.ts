import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver
} from 'kysely'

class ImmediateDriver extends SqliteDriver {
  override async beginTransaction (connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }
}

/**
 * Kysely's SQLite dialect with transactions that take the write lock when they begin.
 *
 * SQLite by default takes it at the first write, and fails with SQLITE_BUSY if another connection
 * has written since the transaction's first read. Retried without its reads, a write would replace
 * data it has not checked. With this dialect, `request.checkPreconditions()` inside a transaction
 * lets exactly one of several writers win.
 * @example
 * new Kysely({ dialect: new ImmediateSqliteDialect({ database: new Database('shop.db') }) })
 */
export class ImmediateSqliteDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig

  constructor (config: SqliteDialectConfig) {
    super(config)
    this.#config = config
  }

  override createDriver (): Driver {
    return new ImmediateDriver(this.#config)
  }
}
