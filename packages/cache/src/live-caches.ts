import type { CacheStats } from './options.js'

/** The observable part of a cache. */
export interface ObservedCache {
  readonly namespace: string
  stats (): CacheStats
}

const references = new Set<WeakRef<ObservedCache>>()
const collected = new FinalizationRegistry<WeakRef<ObservedCache>>((reference) => {
  references.delete(reference)
})

/** Registers the cache, without keeping it alive. */
export function addLiveCache (cache: ObservedCache): void {
  const reference = new WeakRef(cache)
  references.add(reference)
  collected.register(cache, reference)
}

/** Returns the caches of this process that are still in use. */
export const liveCaches = (): ObservedCache[] =>
  [...references].flatMap((reference) => reference.deref() ?? [])
