import { type OutboxSchema } from '@weir/outbox'
import { type ColumnType, type Generated, type Selectable } from 'kysely'

/** Set by the insert alone. */
type Fixed<T> = ColumnType<T, T, never>

/** A shop category. Times are ISO 8601 in UTC. */
export interface CategoryTable {
  id: Generated<number>
  slug: string
  name: string
  description: string
  version: Generated<number>
  createdAt: Fixed<string>
  updatedAt: string
}

/**
 * An article on sale. `price` is in minor units (cents) of `currency`; times are ISO 8601 in UTC.
 */
export interface ProductTable {
  id: Generated<number>
  sku: string
  name: string
  /** Orders products by name: text of `sortKey`, which triggers keep in step. */
  nameKey: ColumnType<string, never, never>
  description: string
  categoryId: number
  price: number
  currency: 'EUR'
  stock: number
  version: Generated<number>
  createdAt: Fixed<string>
  updatedAt: string
}

/** The full-text index over products: triggers keep it in step, so it is only read. */
export interface ProductSearchTable {
  rowid: ColumnType<number, never, never>
}

/** The database, in camelCase; the tables themselves are in snake_case. */
export interface CatalogSchema extends OutboxSchema {
  categories: CategoryTable
  products: ProductTable
  productSearch: ProductSearchTable
}

export type Category = Selectable<CategoryTable>
export type Product = Omit<Selectable<ProductTable>, 'nameKey'>
