import { type OutboxSchema } from '@weir/outbox'
import { type ColumnType, type Generated, type Selectable } from 'kysely'

/** Column that is set only on insert. */
type Fixed<T> = ColumnType<T, T, never>

/** Category of the shop. Times are ISO 8601 in UTC. */
export interface CategoryTable {
  id: Generated<number>
  slug: string
  name: string
  description: string
  version: Generated<number>
  createdAt: Fixed<string>
  updatedAt: string
}

/** Article on sale. `price` is in minor units (cents) of `currency`; times are ISO 8601 in UTC. */
export interface ProductTable {
  id: Generated<number>
  sku: string
  name: string
  /** Sort key of the name: text of `sortKey`, maintained by triggers. */
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

/** Full-text index over products, maintained by triggers and read-only here. */
export interface ProductSearchTable {
  rowid: ColumnType<number, never, never>
}

/** Schema of the database in camelCase; the tables themselves use snake_case. */
export interface CatalogSchema extends OutboxSchema {
  categories: CategoryTable
  products: ProductTable
  productSearch: ProductSearchTable
}

export type Category = Selectable<CategoryTable>
export type Product = Omit<Selectable<ProductTable>, 'nameKey'>
