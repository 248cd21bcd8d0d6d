import {
  type Expression,
  type Kysely,
  PostgresAdapter,
  type SqlBool,
  type Transaction
} from 'kysely'
import { postgresEngine } from './postgres-engine.js'
import { type CatalogSchema, type IndexColumns } from './schema.js'
import { sqliteEngine } from './sqlite-engine.js'

/** Texts of a product that are searched; the name is also sorted by. */
export interface ProductTexts {
  readonly sku?: string
  readonly name?: string
  readonly description?: string | null
}

/** Differences between the databases that the catalog runs on. */
export interface Engine {
  /** Columns by which products are searched and sorted, if the catalog itself fills them. */
  readonly indexColumns: readonly string[]
  /** Returns the values of `indexColumns` for those texts that are given. */
  indexed (this: void, texts: ProductTexts): IndexColumns
  /** Condition for products with every word of a search. */
  matches (search: string): Expression<SqlBool>
  /** Counts the products that `matches`, if there is a faster way than to select them. */
  readonly countMatches?: (db: Kysely<CatalogSchema>, search: string) => Promise<number>
  /** Keeps other writers away until the transaction ends. */
  lockProducts (transaction: Transaction<CatalogSchema>): Promise<void>
}

/** Returns the engine of a connection. */
export const engineOf = (db: Pick<Kysely<CatalogSchema>, 'getExecutor'>): Engine =>
  db.getExecutor().adapter instanceof PostgresAdapter ? postgresEngine : sqliteEngine
