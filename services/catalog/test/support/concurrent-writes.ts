import { type Test } from 'tap'
import { type CatalogDatabase, openCatalog } from '../../src/db/open.js'

/**
 * Checks that of two instances no write replaces another one's: each adds 1 to a stock that it has
 * read in its transaction. Returns a database for further checks, closed with the test.
 */
export async function checkConcurrentWrites (t: Test, location: string): Promise<CatalogDatabase> {
  const [a, b] = [await openCatalog(location), await openCatalog(location)]
  t.teardown(() => Promise.all([a.close(), b.close()]))
  const stockIn = async (db: CatalogDatabase['read']) =>
    (await db
      .selectFrom('products').select('stock').where('id', '=', 1).executeTakeFirstOrThrow()).stock
  const before = await stockIn(a.read)
  await Promise.all([a, b, a, b, a, b].map((database) => database.write(async (transaction) => {
    const stock = await stockIn(transaction)
    await transaction
      .updateTable('products').set({ stock: stock + 1 }).where('id', '=', 1).execute()
  })))
  t.equal(await stockIn(a.read), before + 6)
  return a
}
