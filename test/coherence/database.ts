import Database from 'better-sqlite3'
import { edgeMigration, type EdgeSchema } from '@weir/edge'
import { outboxMigration } from '@weir/outbox'
import { openPool, openReadPool } from '@weir/postgres'
import { Kysely, PostgresDialect, sql, SqliteDialect } from 'kysely'

export interface VersionsSchema extends EdgeSchema {
  versions: { id: number, version: number }
}

/** Reads the current version of a resource. */
export type CurrentVersion = (id: number) => number | Promise<number>

const isPostgres = (location: string): boolean => location.startsWith('postgres:')

/**
 * @param location a file or a URL of Postgres
 * @param timeout how long a statement waits for another connection's lock in a file, in ms
 */
export function connect (location: string, timeout: number): Kysely<VersionsSchema> {
  return new Kysely<VersionsSchema>({
    dialect: isPostgres(location)
      ? new PostgresDialect({ pool: openPool({ url: location, timeout: 5000 }) })
      : new SqliteDialect({ database: open(location, timeout) })
  })
}

/**
 * Returns a function that reads the current version of a resource: from Postgres through a pool
 * that uses the replica, or from a file within one turn of the event loop. Writes use a single
 * connection there: it would wait for itself.
 */
export function versionsOf (location: string, replica: string): CurrentVersion {
  return isPostgres(location) ? versionsOnPostgres(location, replica) : versionsIn(location)
}

function versionsOnPostgres (url: string, replica: string): CurrentVersion {
  const pool = openReadPool({
    primary: openPool({ url, max: 8 }),
    replicas: [openPool({ url: replica, max: 8 })]
  })
  const db = new Kysely<VersionsSchema>({ dialect: new PostgresDialect({ pool }) })
  return async (id) => {
    const { version } = await db
      .selectFrom('versions')
      .select('version')
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    return version
  }
}

function versionsIn (file: string): CurrentVersion {
  const current = open(file, 5000)
    .prepare<[number], number>('select version from versions where id = ?')
    .pluck()
  return (id) => {
    const version = current.get(id)
    if (version === undefined) throw new Error(`there is no resource ${id}`)
    return version
  }
}

/** Creates the tables, with the first version of each resource, and an outbox. */
export async function makeDatabase (location: string, resources: number): Promise<void> {
  if (!isPostgres(location)) {
    await makeFile(location, resources)
    return
  }
  const db = connect(location, 0)
  await sql`create table versions (id integer primary key, version integer not null)`.execute(db)
  await sql`insert into versions select id, 1 from generate_series(0, ${resources}::int - 1) as id`
    .execute(db)
  await outboxMigration.up(db)
  await edgeMigration.up(db)
  await db.destroy()
}

async function makeFile (file: string, resources: number): Promise<void> {
  const database = new Database(file)
  database.pragma('journal_mode = wal')
  database.exec('create table versions (id integer primary key, version integer not null) strict')
  const insert = database.prepare('insert into versions (id, version) values (?, 1)')
  database.transaction(() => { for (let id = 0; id < resources; id++) insert.run(id) })()
  const db = new Kysely<VersionsSchema>({ dialect: new SqliteDialect({ database }) })
  await outboxMigration.up(db)
  await edgeMigration.up(db)
  await db.destroy()
}

function open (file: string, timeout: number): Database.Database {
  const database = new Database(file, { timeout })
  database.pragma('synchronous = normal')
  return database
}
