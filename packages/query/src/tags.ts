import { shown } from '@weir/internal'
import { QueryError } from './errors.js'

/** Carried by every cached result. */
export const ALL = 'query:all'

/**
 * Normalizes the name of a table or column for comparison: no quotes, no schema, lower case.
 *
 * SQLite folds the case of names, Postgres does not, and the schema may come from the connection. A
 * tag shared by two tables costs misses; two tags for one table would cost staleness.
 */
export const tableName = (name: string) =>
  name
    .replace(/["`[\]]/g, '')
    .split('.')
    .at(-1)
    ?.trim()
    .toLowerCase() ?? ''

/**
 * Normalizes a name passed as an option.
 * @throws QueryError WEIR_QUERY_INVALID_OPTION if it cannot be a table's name
 */
export function givenName (option: string, name: unknown): string {
  const table = typeof name === 'string' ? tableName(name) : ''
  if (table !== '' && !/\sas\s/.test(table)) return table
  throw new QueryError(
    'WEIR_QUERY_INVALID_OPTION',
    `${option} ${shown(name)}: use the name of a table, such as 'products' or 'shop.products'`
  )
}

/** Reports whether two names may refer to the same thing. */
export const isSameName = (a: string, b: string) => tableName(a) === tableName(b)

/** Carried by results that may depend on any row of the table. */
export const tableTag = (table: string) => `query:table:${tableName(table)}`

/**
 * Carried by results that depend on single rows, and invalidated by writes whose rows are unknown.
 */
export const rowsTag = (table: string) => `query:rows:${tableName(table)}`

/**
 * Carried by results that depend on a row that may not exist, and invalidated by inserts with an
 * unknown primary key.
 */
export const newRowTag = (table: string) => `query:new:${tableName(table)}`

/** Carried by results that depend on this row. @param key as returned by {@link rowKey} */
export const rowTag = (table: string, key: string) =>
  `query:row:${JSON.stringify([tableName(table), key])}`

/** Returns the tags of every cached result that reads the table. */
export const tagsOfTable = (table: string): string[] => [tableTag(table), rowsTag(table)]

/**
 * Returns the tags of every cached result that reads the table.
 *
 * Use them for writes that bypass the cached database, such as those of another program.
 * @throws QueryError WEIR_QUERY_INVALID_OPTION if the name is invalid
 * @example
 * await cache.invalidate(tableTags('products'))
 */
export const tableTags = (table: string): string[] => tagsOfTable(givenName('table', table))

/** Postgres reads these forms of a UUID. */
const UUID = /^\{?[\da-f]{4}(?:-?[\da-f]{4}){7}\}?$/
const UUID_PARTS = /^(.{8})(.{4})(.{4})(.{4})/

const DAY = '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)'
const UNIT = '(?:y|yr|year|mon|month|w|week|d|day|h|hr|hour|m|min|minute|s|sec|second|ms|us)s?'

/**
 * Matches texts of which Postgres may read another notation as the same number, time, interval,
 * truth value, amount, address or bytes.
 */
const NOTATION = new RegExp([
  '^[+-]?0[box]', '\\d_\\d', '^[^\\p{L}\\p{N}]', '^\\d[^]*[\\s:/.,+]',
  '\\d:\\d\\d', '\\d-(?:\\d+|[a-z]+)-\\d', '^\\d{4,}(?:t\\d*)?(?:z|[a-z]{3,4})?$', '^\\d+t\\d+',
  `^${DAY}[a-z]*\\.?[^a-z]*\\d`, '^j\\d+$', `^(?:\\d+${UNIT})+$`, '^p(?:t?\\d|t)',
  '^(?:t|tr|tru|true|f|fa|fal|fals|false|y|ye|yes|n|no|on|of|off)$',
  '^(?:nan|inf(?:inity)?|now|today|tomorrow|yesterday|epoch|allballs)\\b',
  '^[\\da-f.]*:[\\da-f:.]*(?:/\\d+)?$'
].join('|'), 'u')

/**
 * Returns one text for all values that a database may treat as the same key, whatever the column
 * type.
 *
 * Examples are `1`, `'1'` and `'01'`; `'Ab'`, `'ab'` and `'a-b'` under a collation; the forms of a
 * UUID. Different keys may share a text. Undefined if that is not certain: for times, fractions,
 * and letters beyond ASCII, which are equal to others under some collation (`ß` and `ss`).
 */
export function rowKey (value: unknown): string | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return wholeNumber(value)
  if (typeof value !== 'string') return undefined
  if (BEYOND_ASCII.test(value)) return undefined
  const text = value.trim().toLowerCase()
  // Postgres reads a year and the number of its day, too.
  if (/^\d{4}\.\d{3}$/.test(text)) return undefined
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/.test(text)) return wholeNumber(Number(text))
  const isUuid = UUID.test(text)
  if (!isUuid && NOTATION.test(text)) return undefined
  const known = isUuid ? text.replace(/[^\da-f]/g, '').replace(UUID_PARTS, '$1-$2-$3-$4-') : text
  // Collations may compare digits as numbers.
  return known.replace(/(?<!\d)0+(?=\d)/g, '').replace(/[^a-z\d]/g, '')
}

// eslint-disable-next-line no-control-regex -- they are ASCII
const BEYOND_ASCII = /[^\u0000-\u007f]/

const wholeNumber = (value: bigint | number): string | undefined => {
  const number = Number(value) + 0
  return Number.isInteger(number) ? String(number) : undefined
}
