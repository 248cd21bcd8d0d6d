import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { Kysely, type KyselyPlugin, PostgresDialect, SqliteDialect } from 'kysely'
import pg from 'pg'
import type { OutboxSchema } from '../src/index.js'
import type { WriteBehindOptions, WriteBehindSchema } from '../src/write-behind/index.js'

/** The common place of processes that are killed. */
export interface CrashPlace {
  readonly sqlite?: string
  readonly postgres?: { readonly host: string, readonly user: string, readonly database: string }
  /** Files with a line for each put that was started, and acknowledged. */
  readonly begun: string
  readonly acknowledged: string
  /**
   * A file with a line for each write: a destination outside the database. Absent: the table
   * `counts`.
   */
  readonly destination?: string
}

export interface CrashSchema extends OutboxSchema, WriteBehindSchema {
  counts: { key: string, n: number }
}

export function openPlace (
  { sqlite, postgres }: CrashPlace,
  plugins: KyselyPlugin[] = []
): Kysely<CrashSchema> {
  if (postgres !== undefined) {
    return new Kysely({
      dialect: new PostgresDialect({ pool: new pg.Pool({ ...postgres, max: 4 }) }),
      plugins
    })
  }
  const database = new Database(sqlite)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = off')
  return new Kysely({ dialect: new SqliteDialect({ database }), plugins })
}

/** Ways to reach the destination. Neither is idempotent by itself: numbers are added. */
export function ways (
  { destination }: CrashPlace,
  reach: () => void
): Pick<WriteBehindOptions<CrashSchema, number>, 'write' | 'writeInTransaction'> {
  if (destination !== undefined) {
    return {
      async write (writes) {
        for (const { key, value, sequence } of writes) {
          reach()
          appendFileSync(destination, `${JSON.stringify({ key, n: value, sequence })}\n`)
          reach()
        }
      }
    }
  }
  return {
    async writeInTransaction (trx, writes) {
      for (const { key, value } of writes) {
        await trx
          .insertInto('counts')
          .values({ key, n: value })
          .onConflict((conflict) =>
            conflict.column('key').doUpdateSet((eb) => ({ n: eb('counts.n', '+', value) }))
          )
          .execute()
      }
    }
  }
}

export interface Line {
  readonly key: string
  readonly n: number
  readonly sequence?: number
}

export function linesOf (file: string): Line[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}
