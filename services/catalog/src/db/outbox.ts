import { createOutbox, type Outbox, type OutboxSchema } from '@weir/outbox'
import Database from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'

/**
 * How long a delete waits, with the event loop, for whoever writes, in ms. If it is not long
 * enough, a row is delivered twice.
 */
const LOCK_TIMEOUT = 50

export interface CatalogOutbox {
  readonly outbox: Outbox
  readonly close: () => Promise<void>
}

/**
 * The invalidations that were committed with what they are about, on a connection of their own to
 * the catalog's database.
 */
export function openOutbox (
  file: string,
  invalidate: (tags: readonly string[]) => Promise<unknown>
): CatalogOutbox {
  const db = new Kysely<OutboxSchema>({
    dialect: new SqliteDialect({ database: new Database(file, { timeout: LOCK_TIMEOUT }) })
  })
  const outbox = createOutbox({ db, invalidate })
  return {
    outbox,
    async close () {
      await outbox.stop()
      await db.destroy()
    }
  }
}
