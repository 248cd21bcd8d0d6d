import { type Kysely, type Transaction } from 'kysely'
import { engineOf } from '../db/engine.js'
import { type CatalogSchema, type Product, productColumns } from '../db/schema.js'
import { CATALOG_ERR_PRODUCT_NOT_FOUND, skuTaken, unknownCategory } from '../errors.js'
import { type ProductInput, type ProductMergePatch, type ProductPatch } from './schemas.js'

/** Returns the product, or throws CATALOG_ERR_PRODUCT_NOT_FOUND (404). */
export async function findProduct (db: Kysely<CatalogSchema>, id: number): Promise<Product> {
  const product = await db
    .selectFrom('products')
    .select(productColumns)
    .where('id', '=', id)
    .executeTakeFirst()
  if (product === undefined) throw new CATALOG_ERR_PRODUCT_NOT_FOUND(id)
  return product
}

/** Adds a product. An unknown category is a 400, a sku that is taken a 409. */
export async function insertProduct (
  transaction: Transaction<CatalogSchema>,
  input: ProductInput
): Promise<Product> {
  await refuseConflicts(transaction, input)
  const now = new Date().toISOString()
  return await transaction
    .insertInto('products')
    .values({
      ...complete(input),
      ...engineOf(transaction).indexed(complete(input)),
      createdAt: now,
      updatedAt: now
    })
    .returning(productColumns)
    .executeTakeFirstOrThrow()
}

/** Replaces all writable fields, with the same errors as `insertProduct`. */
export async function replaceProduct (
  transaction: Transaction<CatalogSchema>,
  id: number,
  input: ProductInput
): Promise<Product> {
  return await updateProduct(transaction, id, complete(input))
}

/** Changes the given fields, with the same errors as `insertProduct`. */
export async function updateProduct (
  transaction: Transaction<CatalogSchema>,
  id: number,
  changes: ProductPatch
): Promise<Product> {
  await refuseConflicts(transaction, changes, id)
  return await transaction
    .updateTable('products')
    .set({ ...changes, ...engineOf(transaction).indexed(changes) })
    .set(({ eb }) => ({ version: eb('version', '+', 1), updatedAt: new Date().toISOString() }))
    .where('id', '=', id)
    .returning(productColumns)
    .executeTakeFirstOrThrow()
}

export async function deleteProduct (
  transaction: Transaction<CatalogSchema>,
  id: number
): Promise<void> {
  await transaction.deleteFrom('products').where('id', '=', id).execute()
}

/** Values of omitted fields. */
const defaults = { description: '', currency: 'EUR', stock: 0 } as const

const complete = (input: ProductInput): Required<ProductInput> => ({ ...defaults, ...input })

/** Returns the changes of a merge patch: removed fields are reset to their defaults. */
export function withDefaults ({
  description,
  currency,
  stock,
  ...changes
}: ProductMergePatch): ProductPatch {
  return {
    ...changes,
    ...(description !== undefined && { description: description ?? defaults.description }),
    ...(currency !== undefined && { currency: currency ?? defaults.currency }),
    ...(stock !== undefined && { stock: stock ?? defaults.stock })
  }
}

/**
 * Throws on conflicts. The transaction holds the write lock, so a name that is free here is still
 * free when the product is written.
 */
async function refuseConflicts (
  transaction: Transaction<CatalogSchema>,
  { sku, categoryId }: ProductPatch,
  self?: number
): Promise<void> {
  if (categoryId !== undefined) {
    const category = await transaction
      .selectFrom('categories')
      .select('id')
      .where('id', '=', categoryId)
      .executeTakeFirst()
    if (category === undefined) throw unknownCategory('categoryId', categoryId)
  }
  if (sku !== undefined) {
    const owner = await transaction
      .selectFrom('products')
      .select('id')
      .where('sku', '=', sku)
      .executeTakeFirst()
    if (owner !== undefined && owner.id !== self) throw skuTaken(sku, owner.id)
  }
}
