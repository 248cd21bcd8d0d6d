import { createOutbox, type Outbox, type OutboxSchema } from '@weir/outbox'
import Database from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'

/**
 * Milliseconds that a delete waits for a writer, blocking the event loop. After that, a row is
 * delivered twice.
 */
const LOCK_TIMEOUT = 50

export interface CatalogOutbox {
  readonly outbox: Outbox
  readonly close: () => Promise<void>
}

/**
 * Opens the outbox of invalidations committed with their data, on its own connection to the
 * catalog's database.
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
