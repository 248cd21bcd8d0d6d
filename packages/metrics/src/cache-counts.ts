import { type CacheCounts } from './record.js'

/** Reads of all of the caches. */
export const readsOf = (caches: readonly CacheCounts[]): number =>
  caches.reduce((sum, { l1, l2, coalesced, misses }) => sum + l1 + l2 + coalesced + misses, 0)

/** What caches have counted since, by name; those that were not read are left out. */
export function addedTo (earlier: readonly CacheCounts[], now: readonly CacheCounts[]): CacheCounts[] {
  const before = new Map(earlier.map((counts) => [counts.cache, counts]))
  return now.map((counts) => subtractCacheCounts(counts, before.get(counts.cache))).filter((counts) => readsOf([counts]) > 0)
}

/** What the counts of a cache have in addition to those of before; all of them, if there are none. */
export function subtractCacheCounts (now: CacheCounts, earlier: CacheCounts | undefined): CacheCounts {
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
