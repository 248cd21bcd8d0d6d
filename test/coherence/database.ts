import Database from 'better-sqlite3'
import { outboxMigration, type OutboxSchema } from '@weir/outbox'
import { Kysely, SqliteDialect } from 'kysely'

export interface VersionsSchema extends OutboxSchema {
  versions: { id: number, version: number }
}

/** @param timeout how long a statement waits for another connection's lock, in ms */
export function connect (file: string, timeout: number): Kysely<VersionsSchema> {
  return new Kysely<VersionsSchema>({
    dialect: new SqliteDialect({ database: open(file, timeout) })
  })
}

/**
 * Returns a function that reads the current version of a resource within one turn of the event
 * loop. Writes use a single connection: it would wait for itself.
 */
export function versionsOf (file: string): (id: number) => number {
  const current = open(file, 5000)
    .prepare<[number], number>('select version from versions where id = ?')
    .pluck()
  return (id) => {
    const version = current.get(id)
    if (version === undefined) throw new Error(`there is no resource ${id}`)
    return version
  }
}

/** Creates the file with the first version of each resource, and an outbox. */
export async function makeDatabase (file: string, resources: number): Promise<void> {
  const database = new Database(file)
  database.pragma('journal_mode = wal')
  database.exec('create table versions (id integer primary key, version integer not null) strict')
  const insert = database.prepare('insert into versions (id, version) values (?, 1)')
  database.transaction(() => { for (let id = 0; id < resources; id++) insert.run(id) })()
  const db = new Kysely<VersionsSchema>({ dialect: new SqliteDialect({ database }) })
  await outboxMigration.up(db)
  await db.destroy()
}

function open (file: string, timeout: number): Database.Database {
  const database = new Database(file, { timeout })
  database.pragma('synchronous = normal')
  return database
}
