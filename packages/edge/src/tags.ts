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

/** Returns the distinct forms of tags, in order. */
export const edgeTags = (tags: readonly string[]): string[] => [...new Set(tags.map(edgeTag))]
