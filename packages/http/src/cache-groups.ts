import { parseList } from 'structured-headers'
import { toPrintableAscii } from './ascii.js'
import { fieldValue, type HeaderValue } from './headers.js'

/**
 * Parses the groups of a Cache-Groups or Cache-Group-Invalidation field (RFC 9875 2, 3): a List of
 * Strings.
 *
 * Anything else is ignored as a whole. Parameters are ignored, and each group is listed once.
 */
export function parseCacheGroups (field: HeaderValue): string[] {
  const text = fieldValue(field)
  if (text === undefined) return []
  let members: readonly unknown[]
  try {
    members = parseList(text).map(([value]: readonly unknown[]) => value)
  } catch {
    return []
  }
  const groups = members.filter((member) => typeof member === 'string')
  return groups.length === members.length ? [...new Set(groups)] : []
}

/**
 * Formats a Cache-Groups or Cache-Group-Invalidation field.
 *
 * Characters that a String cannot contain are percent-encoded, identically in both fields, so that
 * they still name the same group.
 *
 * Written without a library, because every stored response carries one.
 * @example formatCacheGroups(['products', 'product:7']) // '"products", "product:7"'
 */
export function formatCacheGroups (groups: readonly string[]): string {
  let field = ''
  for (const group of groups) {
    const text = PLAIN.test(group) ? group : toPrintableAscii(group).replace(/["\\]/g, '\\$&')
    field += field === '' ? `"${text}"` : `, "${text}"`
  }
  return field
}

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/
