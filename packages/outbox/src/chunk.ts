/**
 * Tags that one invalidation is given at most: Redis does as many within a tenth of the timeouts
 * that are usual.
 */
export const MAX_TAGS = 500

/** UTF-16 units of text that one invalidation is given at most, unless a single tag is longer. */
const MAX_LENGTH = 256 * 1024

/**
 * The end of the chunk that begins at `from`: as many tags as one invalidation takes, up to
 * `limit`, and at least one.
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
