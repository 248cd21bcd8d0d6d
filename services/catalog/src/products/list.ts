import { type Kysely, sql, type SelectQueryBuilder } from 'kysely'
import { type CatalogSchema, type Product } from '../db/schema.js'
import { type ProductListQuery } from './schemas.js'
import { matchExpression } from './search.js'

export interface ProductFilter extends Pick<ProductListQuery, 'page' | 'limit' | 'sort' | 'q' | 'minPrice' | 'maxPrice'> {
  categoryId?: number | undefined
}

type Products<Output> = SelectQueryBuilder<CatalogSchema, 'products', Output>

/** One page of the products that pass the filter, and how many there are on all pages, both of the same instant. */
export async function listProducts (db: Kysely<CatalogSchema>, filter: ProductFilter): Promise<{ items: Product[], total: number }> {
  return await db.transaction().execute(async (snapshot) => {
    const matching = narrow(snapshot.selectFrom('products'), filter)
    const { total } = await matching.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    const items = await order(matching.selectAll('products'), filter.sort)
      .limit(filter.limit)
      .offset((filter.page - 1) * filter.limit)
      .execute()
    return { items, total }
  })
}

function narrow<Output> (products: Products<Output>, { categoryId, q, minPrice, maxPrice }: ProductFilter): Products<Output> {
  if (categoryId !== undefined) products = products.where('categoryId', '=', categoryId)
  if (minPrice !== undefined) products = products.where('price', '>=', minPrice)
  if (maxPrice !== undefined) products = products.where('price', '<=', maxPrice)
  if (q === undefined || q.trim() === '') return products
  const expression = matchExpression(q)
  if (expression === undefined) return products.where(sql<boolean>`false`)
  return products.where('id', 'in', (eb) => eb.selectFrom('productSearch')
    .select('rowid')
    .where(sql<boolean>`product_search match ${expression}`))
}

/** Ids break ties, so that no product is on two pages or on none. */
function order<Output> (products: Products<Output>, sort: ProductFilter['sort']): Products<Output> {
  switch (sort) {
    case 'name': return products.orderBy(sql`name collate nocase`, 'asc').orderBy('id', 'asc')
    case '-name': return products.orderBy(sql`name collate nocase`, 'desc').orderBy('id', 'desc')
    case 'price': return products.orderBy('price', 'asc').orderBy('id', 'asc')
    case '-price': return products.orderBy('price', 'desc').orderBy('id', 'desc')
    case 'newest': return products.orderBy('createdAt', 'desc').orderBy('id', 'desc')
  }
}
