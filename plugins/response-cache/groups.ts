import { formatCacheGroups } from '@weir/http'
import type { Fields } from './head.js'

/**
 * Maximum length of Cache-Groups and Cache-Group-Invalidation, in bytes. Proxies accept 4 KiB for
 * all headers of a response by default; half of it is left for the others.
 */
export const MOST_GROUP_BYTES = 2048

/** Renders a field with as many groups as fit, the first ones first. */
export function fittingGroups (groups: readonly string[]): string {
  let field = ''
  for (const group of groups) {
    const member = formatCacheGroups([group])
    if (field.length + member.length + 2 > MOST_GROUP_BYTES) {
      // A single group as long as all others must not displace them.
      if (field.length > MOST_GROUP_BYTES / 2) break
      continue
    }
    field += field === '' ? member : `, ${member}`
  }
  return field
}

/**
 * Shortens Cache-Groups to the maximum length, and makes downstream caches revalidate before each
 * reuse: they could not be informed of an invalidation of the omitted groups. Applies to
 * Cache-Control and to targeted fields (RFC 9213).
 */
export function shortenGroups (fields: Fields, groups: readonly string[]): void {
  const field = fittingGroups(groups)
  if (field === '') delete fields['cache-groups']
  else fields['cache-groups'] = field
  fields['cache-control'] ??= 'no-cache'
  for (const [name, value] of Object.entries(fields)) {
    if (name !== 'cache-control' && !name.endsWith('-cache-control')) continue
    const text = String(value)
    if (!/\bno-(?:cache|store)(?!\s*=)\b/i.test(text)) {
      fields[name] = text === '' ? 'no-cache' : `${text}, no-cache`
    }
  }
}
