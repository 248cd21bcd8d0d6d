import { type Kysely, type Transaction } from 'kysely'
import { type CatalogSchema, type Category } from '../db/schema.js'
import {
  CATALOG_ERR_CATEGORY_IN_USE,
  CATALOG_ERR_CATEGORY_NOT_FOUND,
  slugTaken
} from '../errors.js'
import { type CategoryInput } from './schemas.js'

/** Returns all categories by name, each with the number of its products. */
export async function listCategories (
  db: Kysely<CatalogSchema>
): Promise<(Category & { productCount: number })[]> {
  return await db
    .selectFrom('categories')
    .leftJoin('products', 'products.categoryId', 'categories.id')
    .selectAll('categories')
    .select(({ fn }) => fn.count<number>('products.id').as('productCount'))
    .groupBy('categories.id')
    .orderBy('categories.name')
    .orderBy('categories.id')
    .execute()
}

/** Returns the category, or undefined. */
export async function lookUpCategory (
  db: Kysely<CatalogSchema>,
  slug: string
): Promise<Category | undefined> {
  return await db.selectFrom('categories').selectAll().where('slug', '=', slug).executeTakeFirst()
}

/** Returns the category, or throws CATALOG_ERR_CATEGORY_NOT_FOUND (404). */
export async function findCategory (db: Kysely<CatalogSchema>, slug: string): Promise<Category> {
  const category = await lookUpCategory(db, slug)
  if (category === undefined) throw new CATALOG_ERR_CATEGORY_NOT_FOUND(slug)
  return category
}

/** Adds a category. A slug that is taken is a 409. */
export async function insertCategory (
  transaction: Transaction<CatalogSchema>,
  input: CategoryInput
): Promise<Category> {
  if ((await lookUpCategory(transaction, input.slug)) !== undefined) throw slugTaken(input.slug)
  const now = new Date().toISOString()
  return await transaction
    .insertInto('categories')
    .values({ description: '', ...input, createdAt: now, updatedAt: now })
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** Replaces all writable fields, including the slug. A slug of another category is a 409. */
export async function replaceCategory (
  transaction: Transaction<CatalogSchema>,
  id: number,
  input: CategoryInput
): Promise<Category> {
  const owner = await lookUpCategory(transaction, input.slug)
  if (owner !== undefined && owner.id !== id) throw slugTaken(input.slug)
  return await transaction
    .updateTable('categories')
    .set({ description: '', ...input })
    .set(({ eb }) => ({ version: eb('version', '+', 1), updatedAt: new Date().toISOString() }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** Deletes an empty category; throws CATALOG_ERR_CATEGORY_IN_USE (409) if it has products. */
export async function deleteCategory (
  transaction: Transaction<CatalogSchema>,
  { id, slug }: Category
): Promise<void> {
  const { count } = await transaction
    .selectFrom('products')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('categoryId', '=', id)
    .executeTakeFirstOrThrow()
  if (count > 0) throw new CATALOG_ERR_CATEGORY_IN_USE(slug, count)
  await transaction.deleteFrom('categories').where('id', '=', id).execute()
}
