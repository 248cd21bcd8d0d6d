import { type Kysely, Migrator, sql } from 'kysely'
import { migrations } from './migrations.js'
import { type CatalogSchema } from './schema.js'
import { seed } from './seed/seed.js'

/**
 * Migrates the database to the latest schema, and fills a new one with the sample shop.
 *
 * Everything is one transaction that holds the write lock: of several instances that start at once,
 * one does the work and the others find it done; a process that dies half-way leaves nothing
 * behind.
 */
export async function prepare (db: Kysely<CatalogSchema>): Promise<void> {
  // Avoids db.transaction(): the migrator needs a connection, which Kysely's transactions do not
  // pass on.
  await db.connection().execute(async (connection) => {
    await sql`begin immediate`.execute(connection)
    try {
      const { error, results = [] } = await new Migrator({
        db: connection,
        provider: migrations
      }).migrateToLatest()
      if (error !== undefined) {
        throw new Error("The catalog database could not be migrated to this version's schema", {
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
