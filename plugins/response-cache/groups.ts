import { formatCacheGroups } from '@weir/http'
import type { Fields } from './head.js'

/**
 * How long Cache-Groups and Cache-Group-Invalidation may be, in bytes. Proxies take 4 KiB for all
 * headers of a response by default, so that half of it is left for the others.
 */
export const MOST_GROUP_BYTES = 2048

/** A field of as many groups as fit, the first ones first. */
export function fittingGroups (groups: readonly string[]): string {
  let field = ''
  for (const group of groups) {
    const member = formatCacheGroups([group])
    if (field.length + member.length + 2 > MOST_GROUP_BYTES) {
      // Not for the sake of one that is as long as all others.
      if (field.length > MOST_GROUP_BYTES / 2) break
      continue
    }
    field += field === '' ? member : `, ${member}`
  }
  return field
}

/**
 * Shortens Cache-Groups to what fits, and has caches downstream ask before each reuse: they could
 * not be told of an invalidation of the groups left out. Applies to Cache-Control and to targeted
 * fields (RFC 9213).
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
