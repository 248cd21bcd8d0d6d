import Database from 'better-sqlite3'
import { outboxMigration, type OutboxSchema } from '@weir/outbox'
import { Kysely, SqliteDialect } from 'kysely'

export interface VersionsSchema extends OutboxSchema {
  versions: { id: number, version: number }
}

/** @param timeout how long a statement waits for another's lock, in ms */
export function connect (file: string, timeout: number): Kysely<VersionsSchema> {
  return new Kysely<VersionsSchema>({ dialect: new SqliteDialect({ database: open(file, timeout) }) })
}

/** Versions without a turn of the event loop in between. */
export interface Versions {
  current (id: number): number
  /** Commits the next one of each, together; in their order. */
  raise (ids: readonly number[]): readonly number[]
}

export function versionsOf (file: string): Versions {
  const database = open(file, 5000)
  const current = database.prepare<[number], number>('select version from versions where id = ?').pluck()
  const raise = database.prepare<[number], number>('update versions set version = version + 1 where id = ? returning version').pluck()
  const only = (version: number | undefined) => {
    if (version === undefined) throw new Error('there is no such resource')
    return version
  }
  const raiseAll = database.transaction((ids: readonly number[]) => ids.map((id) => only(raise.get(id))))
  return { current: (id) => only(current.get(id)), raise: (ids) => raiseAll.immediate(ids) }
}

/** Makes the file with the first version of each resource, and an outbox. */
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
