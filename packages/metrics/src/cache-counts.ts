import { type CacheCounts } from './record.js'

/** Returns the number of reads of all caches. */
export const readsOf = (caches: readonly CacheCounts[]): number =>
  caches.reduce((sum, { l1, l2, coalesced, misses }) => sum + l1 + l2 + coalesced + misses, 0)

/**
 * Subtracts earlier counts of caches from current ones, by name. Caches without reads are left out.
 */
export function addedTo (
  earlier: readonly CacheCounts[],
  now: readonly CacheCounts[]
): CacheCounts[] {
  const before = new Map(earlier.map((counts) => [counts.cache, counts]))
  return now
    .map((counts) => subtractCacheCounts(counts, before.get(counts.cache)))
    .filter((counts) => readsOf([counts]) > 0)
}

/** Subtracts earlier counts of one cache from current ones. */
export function subtractCacheCounts (
  now: CacheCounts,
  earlier: CacheCounts | undefined
): CacheCounts {
  if (earlier === undefined) return now
  return {
    cache: now.cache,
    l1: now.l1 - earlier.l1,
    l2: now.l2 - earlier.l2,
    coalesced: now.coalesced - earlier.coalesced,
    stale: now.stale - earlier.stale,
    misses: now.misses - earlier.misses,
    savedMicros: now.savedMicros - earlier.savedMicros
  }
}
