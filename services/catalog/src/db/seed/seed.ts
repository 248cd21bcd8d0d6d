import { type Insertable, type Kysely } from 'kysely'
import { engineOf } from '../engine.js'
import { type CatalogSchema, type ProductTable } from '../schema.js'
import { sampleCategories } from './categories.js'
import { sampleProducts } from './products.js'

/** Rows per statement: each row binds ten values, and SQLite accepts at most 32,766. */
const ROWS_PER_STATEMENT = 500

/** Fills an empty database with the sample shop. The caller holds the transaction. */
export async function seed (db: Kysely<CatalogSchema>): Promise<void> {
  const opened = '2024-10-01T08:00:00.000Z'
  const categories = await db
    .insertInto('categories')
    .values(
      sampleCategories.map(({ slug, name, description }) => ({
        slug,
        name,
        description,
        createdAt: opened,
        updatedAt: opened
      }))
    )
    .returning(['id', 'slug'])
    .execute()
  const idOf = new Map(categories.map(({ id, slug }) => [slug, id]))

  const { indexed } = engineOf(db)
  const rows: Insertable<ProductTable>[] = []
  for (const { category, ...product } of sampleProducts()) {
    const categoryId = idOf.get(category)
    if (categoryId === undefined) throw new Error(`The sample has no category ${category}`)
    rows.push({ ...product, ...indexed(product), categoryId })
  }
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    await db.insertInto('products').values(rows.slice(start, start + ROWS_PER_STATEMENT)).execute()
  }
}
