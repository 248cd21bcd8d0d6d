import Database from 'better-sqlite3'
import { outboxMigration, type OutboxSchema } from '@weir/outbox'
import { Kysely, SqliteDialect } from 'kysely'

export interface VersionsSchema extends OutboxSchema {
  versions: { id: number, version: number }
}

/** @param timeout how long a statement waits for another's lock, in ms */
export function connect (file: string, timeout: number): Kysely<VersionsSchema> {
  const database = new Database(file, { timeout })
  database.pragma('synchronous = normal')
  return new Kysely<VersionsSchema>({ dialect: new SqliteDialect({ database }) })
}

/** Makes the file with the first version of each resource, and an outbox. */
export async function makeDatabase (file: string, resources: number): Promise<void> {
  const database = new Database(file)
  database.pragma('journal_mode = wal')
  database.exec('create table versions (id integer primary key, version integer not null) strict')
  const insert = database.prepare('insert into versions (id, version) values (?, 1)')
  for (let id = 0; id < resources; id++) insert.run(id)
  const db = new Kysely<VersionsSchema>({ dialect: new SqliteDialect({ database }) })
  await outboxMigration.up(db)
  await db.destroy()
}
