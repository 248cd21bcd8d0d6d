import { shown } from '@weir/internal'
import { QueryError } from './errors.js'

/** Carried by every cached result. */
export const ALL = 'query:all'

/**
 * The name of a table or column as this package compares it: without quotes, schema and case.
 * SQLite folds the case of names, Postgres does not, and the schema may come from the connection: a
 * tag that two tables share costs misses, one that a table has twice would cost staleness.
 */
export const tableName = (name: string) =>
  name
    .replace(/["`[\]]/g, '')
    .split('.')
    .at(-1)
    ?.trim()
    .toLowerCase() ?? ''

/**
 * The same for a name that was given as an option.
 * @throws QueryError WEIR_QUERY_INVALID_OPTION if it can be no table's
 */
export function givenName (option: string, name: unknown): string {
  const table = typeof name === 'string' ? tableName(name) : ''
  if (table !== '' && !/\sas\s/.test(table)) return table
  throw new QueryError(
    'WEIR_QUERY_INVALID_OPTION',
    `${option} ${shown(name)}: give the name of a table, such as 'products' or 'shop.products'`
  )
}

/** Whether two names may mean one thing. */
export const isSameName = (a: string, b: string) => tableName(a) === tableName(b)

/** Carried by results that may depend on any row of the table. */
export const tableTag = (table: string) => `query:table:${tableName(table)}`

/**
 * Carried by results that depend on single rows, and ended by writes that do not say their rows.
 */
export const rowsTag = (table: string) => `query:rows:${tableName(table)}`

/**
 * Carried by results that depend on a row that may not be there, and ended by inserts that do not
 * say their primary key.
 */
export const newRowTag = (table: string) => `query:new:${tableName(table)}`

/** Carried by results that depend on this row. @param key as {@link rowKey} gives it */
export const rowTag = (table: string, key: string) =>
  `query:row:${JSON.stringify([tableName(table), key])}`

/** The tags of every cached result that reads the table. */
export const tagsOfTable = (table: string): string[] => [tableTag(table), rowsTag(table)]

/**
 * The tags of every cached result that reads the table: for writes that do not go through the
 * cached database, such as those of another program.
 * @throws QueryError WEIR_QUERY_INVALID_OPTION if it is no name
 * @example
 * await cache.invalidate(tableTags('products'))
 */
export const tableTags = (table: string): string[] => tagsOfTable(givenName('table', table))

/**
 * One text for all values that a database may take for the same key, whatever the type of the
 * column: `1`, `'1'` and `'01'`; `'Ab'` and `'ab'` under a collation; the forms of a UUID.
 * Different keys may share one. Undefined where that is not certain.
 */
export function rowKey (value: unknown): string | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return String(Number(value) + 0)
  if (typeof value !== 'string') return undefined
  const text = value.normalize('NFKD').trim().toLowerCase()
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/.test(text)) return String(Number(text) + 0)
  // Postgres 16 reads such a text as a number.
  if (/^[+-]?0[box]|\d_\d/.test(text)) return undefined
  return text.replace(/[^\p{L}\p{N}]/gu, '')
}
