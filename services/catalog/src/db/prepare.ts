import { type Kysely, Migrator, sql } from 'kysely'
import { migrations } from './migrations.js'
import { type CatalogSchema } from './schema.js'
import { seed } from './seed/seed.js'

/**
 * Brings the database to the latest schema, and fills one that is new with the sample shop.
 *
 * All of it is one transaction that holds the write lock: of several instances that start at once,
 * one does the work and the others then find it done; a process that dies half-way leaves nothing
 * behind.
 */
export async function prepare (db: Kysely<CatalogSchema>): Promise<void> {
  // Not db.transaction(): the migrator asks for a connection, which Kysely's transactions do not
  // hand on.
  await db.connection().execute(async (connection) => {
    await sql`begin immediate`.execute(connection)
    try {
      const { error, results = [] } = await new Migrator({
        db: connection,
        provider: migrations
      }).migrateToLatest()
      if (error !== undefined) {
        throw new Error("The catalog database could not be brought to this version's schema", {
          cause: error
        })
      }
      if (results.some(({ migrationName }) => migrationName === '0001-products')) {
        await seed(connection)
      }
      await sql`commit`.execute(connection)
    } catch (error) {
      await sql`rollback`.execute(connection)
      throw error
    }
  })
}
