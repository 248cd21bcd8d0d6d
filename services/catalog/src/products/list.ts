import { type Kysely, sql, type SelectQueryBuilder } from 'kysely'
import { engineOf } from '../db/engine.js'
import { type CatalogSchema, type Product, productColumns } from '../db/schema.js'
import { type Position } from './cursor.js'
import { columnValue, orders, type Sort } from './order.js'
import { type ProductListQuery } from './schemas.js'

/** Conditions for products in a list. */
export interface ProductFilter {
  readonly categoryId?: number | undefined
  readonly q?: string | undefined
  readonly minPrice?: number | undefined
  readonly maxPrice?: number | undefined
}

/** Page of a list: by its number, `page`, or by the preceding product, `after`. */
export interface ProductPage
  extends ProductFilter, Pick<ProductListQuery, 'page' | 'limit' | 'sort'> {
  readonly after?: Position | undefined
}

export interface Found {
  readonly items: Product[]
  /** Whether there are products after `items`. */
  readonly hasMore: boolean
  /**
   * Number of products on all pages at the same instant. Not counted after a cursor: counting costs
   * more than the page.
   */
  readonly total: number | undefined
}

type Products<Output> = SelectQueryBuilder<CatalogSchema, 'products', Output>

/** Returns one page of the products that pass the filter. */
export async function listProducts (
  db: Kysely<CatalogSchema>,
  { page, limit, sort, after, ...filter }: ProductPage
): Promise<Found> {
  const transaction = db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
  return await transaction.execute(async (snapshot) => {
    const matching = inOrder(
      narrow(snapshot, snapshot.selectFrom('products').select(productColumns), filter),
      sort
    ).limit(limit + 1)
    const found = await (
      after === undefined ? matching.offset((page - 1) * limit) : behind(matching, sort, after)
    ).execute()
    return {
      items: found.slice(0, limit),
      hasMore: found.length > limit,
      total: after === undefined ? await count(snapshot, filter) : undefined
    }
  })
}

async function count (db: Kysely<CatalogSchema>, { q, ...others }: ProductFilter): Promise<number> {
  const { countMatches } = engineOf(db)
  if (
    countMatches !== undefined &&
    isSearch(q) &&
    Object.values(others).every((value) => value === undefined)
  ) { return await countMatches(db, q) }
  const { total } = await narrow(db, db.selectFrom('products'), { q, ...others })
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  return total
}

function narrow<Output> (
  db: Kysely<CatalogSchema>,
  products: Products<Output>,
  { categoryId, q, minPrice, maxPrice }: ProductFilter
): Products<Output> {
  if (categoryId !== undefined) products = products.where('categoryId', '=', categoryId)
  if (minPrice !== undefined) products = products.where('price', '>=', minPrice)
  if (maxPrice !== undefined) products = products.where('price', '<=', maxPrice)
  return isSearch(q) ? products.where(engineOf(db).matches(q)) : products
}

/** Returns whether there is a search: an empty search box is not a filter. */
const isSearch = (q: string | undefined): q is string => q !== undefined && q.trim() !== ''

function inOrder<Output> (products: Products<Output>, sort: Sort): Products<Output> {
  const { column, direction } = orders[sort]
  return products.orderBy(column, direction).orderBy('id', direction)
}

function behind<Output> (
  products: Products<Output>,
  sort: Sort,
  { value, id }: Position
): Products<Output> {
  const { column, direction } = orders[sort]
  const position = sql`(${columnValue(sort, value)}, ${id})`
  const place = sql`(${sql.ref(column)}, id)`
  return products.where(
    direction === 'asc'
      ? sql<boolean>`${place} > ${position}`
      : sql<boolean>`${place} < ${position}`
  )
}
