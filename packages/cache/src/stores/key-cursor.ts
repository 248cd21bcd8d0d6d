import { CacheError, shown } from '../errors.js'

/** The cursor of a scan in the order of keys: the last key of the page, as text that URLs take. */
export const cursorAfter = (key: string | undefined): string | undefined =>
  key === undefined ? undefined : Buffer.from(key).toString('base64url')

/**
 * The key that a page begins after; undefined for the first page.
 * @throws CacheError WEIR_CACHE_INVALID_CURSOR
 */
export function keyOf (cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const key = Buffer.from(cursor, 'base64url').toString()
  if (key === '' || cursorAfter(key) !== cursor) {
    throw new CacheError('WEIR_CACHE_INVALID_CURSOR', shown(cursor))
  }
  return key
}
