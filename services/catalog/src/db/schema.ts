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

/** Column that only Postgres has; it is never read. */
type Unread = ColumnType<never, string | undefined, string | undefined>

/** Values by which products are searched and sorted. On SQLite, triggers maintain them. */
export interface IndexColumns {
  nameKey?: string
  skuWords?: string
  nameWords?: string
  descriptionWords?: string
}

/** Article on sale. `price` is in minor units (cents) of `currency`; times are ISO 8601 in UTC. */
export interface ProductTable {
  id: Generated<number>
  sku: string
  name: string
  /** Sort key of the name: text of `sortKey`. */
  nameKey: ColumnType<string, string | undefined, string | undefined>
  skuWords: Unread
  nameWords: Unread
  descriptionWords: Unread
  description: string
  categoryId: number
  price: number
  currency: 'EUR'
  stock: number
  version: Generated<number>
  createdAt: Fixed<string>
  updatedAt: string
}

/** Full-text index over products on SQLite, maintained by triggers and read-only here. */
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
export type Product = Omit<Selectable<ProductTable>, keyof IndexColumns>

/** Columns of a product that clients see. */
export const productColumns = [
  'products.id',
  'products.sku',
  'products.name',
  'products.description',
  'products.categoryId',
  'products.price',
  'products.currency',
  'products.stock',
  'products.version',
  'products.createdAt',
  'products.updatedAt'
] as const
