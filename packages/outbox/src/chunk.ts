/**
 * Maximum number of tags per invalidation: Redis processes them within a tenth of the usual
 * timeouts.
 */
export const MAX_TAGS = 500

/** Maximum length of an invalidation's tags in UTF-16 units, unless a single tag is longer. */
const MAX_LENGTH = 256 * 1024

/**
 * Returns the end of the chunk that starts at `from`: as many tags as fit into one invalidation, up
 * to `limit`, but at least one.
 */
export function chunkEnd (
  tags: readonly (string | undefined)[],
  from: number,
  limit = MAX_TAGS
): number {
  const last = Math.min(tags.length, from + limit)
  let end = from
  for (let length = 0; end < last; end++) {
    length += tags[end]?.length ?? 0
    if (length > MAX_LENGTH && end > from) break
  }
  return end
}
