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
 * Kysely's dialect for SQLite with transactions that take the write lock when they begin. SQLite's
 * default takes it at the first write, and fails with SQLITE_BUSY where another connection has
 * written since the transaction's first read; retried without its reads, a write would replace what
 * it has not checked. With it `request.checkPreconditions()` inside a transaction lets one writer
 * of several win.
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
