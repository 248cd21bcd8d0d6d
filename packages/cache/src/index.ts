export { type MemoryLimits } from './bounded-map.js'
export { Cache, createCache } from './cache.js'
export { type Duration, parseDuration } from './duration.js'
export { type Entry, type Freshness, freshness, keyTag, servesError } from './entry.js'
export { CacheError, type CacheErrorCode } from './errors.js'
export { type CacheEvents, type Source } from './events.js'
export { type EntryOptions, Fill, type Kept } from './fill.js'
export {
  type AcquireOptions, type CacheOptions, type CacheStats, type Hit, type ReadOptions, type RememberOptions, type WriteOptions
} from './options.js'
export { defaultSerializer, type Serialized, type Serializer } from './serializer.js'
export {
  type Claim, type Consistency, type FillEnd, type FillLease, type Seen, type Stamp, type Store, type StoreCapabilities, type StoreNamespace
} from './store.js'
export { type Inspected } from './tiers.js'
