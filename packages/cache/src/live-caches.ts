import type { CacheStats } from './options.js'

/** A cache, as far as it is observed. */
export interface ObservedCache {
  readonly namespace: string
  stats (): CacheStats
}

const references = new Set<WeakRef<ObservedCache>>()
const collected = new FinalizationRegistry<WeakRef<ObservedCache>>((reference) => {
  references.delete(reference)
})

/** Remembers the cache, for as long as something else does. */
export function addLiveCache (cache: ObservedCache): void {
  const reference = new WeakRef(cache)
  references.add(reference)
  collected.register(cache, reference)
}

/** The caches of this process that are still in use. */
export const liveCaches = (): ObservedCache[] =>
  [...references].flatMap((reference) => reference.deref() ?? [])
