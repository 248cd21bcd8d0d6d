import { createHash } from 'node:crypto'
import { badCursor, foreignCursor } from '../errors.js'
import { type Product } from '../db/schema.js'
import { orders } from './order.js'
import { type ProductListQuery } from './schemas.js'

/** A list: what its products have in common, and their order. */
export type ListScope = Pick<ProductListQuery, 'sort' | 'q' | 'category' | 'minPrice' | 'maxPrice'>

/**
 * The product after which a page begins: what it is sorted by (name, price or time), and its id.
 */
export interface Position {
  readonly value: string | number
  readonly id: number
}

/**
 * Makes the cursor of the page after `last`. It holds the place itself, not a count of rows:
 * whatever is inserted or deleted meanwhile, no other product is left out or comes twice.
 */
export function cursorAfter (last: Product, scope: ListScope): string {
  return encode([fingerprint(scope), orders[scope.sort].valueOf(last), last.id])
}

/** Reads a cursor. Throws CATALOG_ERR_BAD_CURSOR or CATALOG_ERR_FOREIGN_CURSOR (400). */
export function readCursor (cursor: string, scope: ListScope): Position {
  const parts = decode(cursor)
  // One place has one spelling, or it would have many entries in the cache.
  if (parts.length !== 3 || encode(parts) !== cursor) throw badCursor()
  const [list, value, id] = parts
  if (list !== fingerprint(scope)) throw foreignCursor()
  const isValue = orders[scope.sort].column === 'price' ? isWhole : isText
  if (!isValue(value) || !isWhole(id)) throw badCursor()
  return { value, id }
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value)
const isText = (value: unknown): value is string => typeof value === 'string'

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
 * Different for different lists. The page's size is not part of it: it may change from page to
 * page.
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
