import { createHash } from 'node:crypto'

/** Tags that every destination accepts unchanged, in headers and in purges. */
const SAFE = /^[A-Za-z0-9_.:/@+=-]{1,128}$/

/**
 * Returns the form of a tag in headers and purges: the tag itself, or 32 digits of its hash.
 *
 * Fastly and Varnish separate tags by spaces, Cloudflare by commas, and all limit their length: a
 * tag with other characters than letters, digits and `_.:/@+=-`, or of more than 128, is replaced
 * by `~` and its hash. Equal tags have equal forms. Two tags with the same form are merely purged
 * together.
 * @example edgeTag('product:42') // 'product:42'
 * @example edgeTag('größe, rot') // '~' and 32 hexadecimal digits
 */
export const edgeTag = (tag: string): string =>
  SAFE.test(tag) ? tag : `~${createHash('sha256').update(tag).digest('hex').slice(0, 32)}`

// Before the tag of a key or URI in @weir/cache.
const KEY_MARK = '\u0001'
// After a URI whose query does not count, in tags of @weir/fastify/response-cache.
const ANY_QUERY = /#$/

/** Returns the key or URI that a tag stands for; undefined for a tag of the application. */
export const keyIn = (tag: string): string | undefined =>
  tag.startsWith(KEY_MARK) ? tag.slice(KEY_MARK.length) : undefined

/**
 * Returns a tag as people know it: as `invalidates` has it, or the URI of a write or response. A
 * key's further lines, which tell responses of one URI apart, are left out.
 */
export function shownTag (tag: string): string {
  const [uri] = keyIn(tag)?.split('\n', 1) ?? []
  return uri === undefined ? tag : uri.replace(ANY_QUERY, ' (any query)')
}

/** Returns the distinct forms of tags, in order. */
export const edgeTags = (tags: readonly string[]): string[] => [...new Set(tags.map(edgeTag))]
