import { createHash } from 'node:crypto'
import { badCursor, foreignCursor } from '../errors.js'
import { type Product } from '../db/schema.js'
import { orders } from './order.js'
import { type ProductListQuery } from './schemas.js'

/** Filters and order that identify a list. */
export type ListScope = Pick<ProductListQuery, 'sort' | 'q' | 'category' | 'minPrice' | 'maxPrice'>

/**
 * Product after which a page begins: the value it is sorted by (name, price or time), and its id.
 */
export interface Position {
  readonly value: string | number
  readonly id: number
}

/**
 * Returns the cursor of the page after `last`. It contains the position itself, not a row count:
 * inserts and deletes in between neither skip nor repeat other products.
 */
export function cursorAfter (last: Product, scope: ListScope): string {
  return encode([fingerprint(scope), orders[scope.sort].valueOf(last), last.id])
}

/** Reads a cursor. Throws CATALOG_ERR_BAD_CURSOR or CATALOG_ERR_FOREIGN_CURSOR (400). */
export function readCursor (cursor: string, scope: ListScope): Position {
  const parts = decode(cursor)
  // Each position has exactly one spelling, or it would have many entries in the cache.
  if (parts.length !== 3 || encode(parts) !== cursor) throw badCursor()
  const [list, value, id] = parts
  if (list !== fingerprint(scope)) throw foreignCursor()
  const isValue = orders[scope.sort].column === 'price' ? isWhole : isText
  if (!isValue(value) || !isWhole(id)) throw badCursor()
  return { value, id }
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value)
const isText = (value: unknown): value is string =>
  typeof value === 'string' && !value.includes('\0')

const encode = (parts: readonly unknown[]): string =>
  Buffer.from(JSON.stringify(parts)).toString('base64url')

function decode (cursor: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(parts) ? parts : []
  } catch {
    return []
  }
}

/**
 * Returns a value that differs for different lists. The page size is excluded: it may change from
 * page to page.
 */
function fingerprint ({ sort, q, category, minPrice, maxPrice }: ListScope): string {
  const list = JSON.stringify([
    sort,
    q ?? null,
    category ?? null,
    minPrice ?? null,
    maxPrice ?? null
  ])
  return createHash('sha256').update(list).digest('base64url').slice(0, 11)
}
