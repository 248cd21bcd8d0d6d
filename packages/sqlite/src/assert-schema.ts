import type { Database } from 'better-sqlite3'
import { SqliteFileError } from './errors.js'

/**
 * Checks, before any migration, that a database is new or belongs to this program.
 *
 * It must have no applied migration that the program does not know. Migrations are those of Kysely.
 * @param migrations names of all migrations that the program knows, in order
 * @throws SqliteFileError WEIR_SQLITE_NEWER_SCHEMA, WEIR_SQLITE_FOREIGN
 * @example assertSchema(db, 'shop.db', ['0001-products', '0002-search'])
 */
export function assertSchema (db: Database, file: string, migrations: readonly string[]): void {
  const tables = db
    .prepare<[], { name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all()
    .map(({ name }) => name)
  if (tables.length === 0) return
  const applied = tables.includes('kysely_migration')
    ? db
      .prepare<[], { name: string }>('SELECT name FROM kysely_migration ORDER BY name')
      .all()
      .map(({ name }) => name)
    : []
  const [first] = applied
  if (first === undefined || first !== migrations[0]) {
    // A process that has just created the file may not have applied any migration yet.
    if (first === undefined && tables.every((name) => name.startsWith('kysely_'))) return
    throw new SqliteFileError('WEIR_SQLITE_FOREIGN', file)
  }
  const unknown = applied.find((name) => !migrations.includes(name))
  if (unknown !== undefined) {
    throw new SqliteFileError('WEIR_SQLITE_NEWER_SCHEMA', `${file} (${unknown})`)
  }
}
