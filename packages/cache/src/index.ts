export { type MemoryLimits } from './bounded-map.js'
export { Cache, createCache } from './cache.js'
export { cached } from './cached.js'
export { type CompressionAlgorithm, type CompressionOptions } from './compression.js'
export { type CounterOptions } from './counting.js'
export { type CallDefaults } from './defaults.js'
export { type Duration, parseDuration } from './duration.js'
export { type Entry, type Freshness, freshness, keyTag, servesError } from './entry.js'
export { CacheError, type CacheErrorCode } from './errors.js'
export { type CacheEvents, type Source } from './events.js'
export { type FillContext } from './fill-context.js'
export { type EntryOptions, Fill, type StoreOutcome, type StoreResult } from './fill.js'
export { type EntryMetadata } from './frame-head.js'
export { type KeysOptions, type KeysPage, type ListedKey } from './listing.js'
export {
  type Caches,
  type CachesBase,
  type CachesOptions,
  createCaches,
  type NamedCacheOptions,
  type SharedCacheOptions,
  type ValueType,
  valueType
} from './named-caches.js'
export {
  type AcquireOptions,
  type CacheOptions,
  type CacheStats,
  type FindOptions,
  type Hit,
  type OutageOptions,
  type RememberOptions,
  type WriteOptions
} from './options.js'
export { type FillFunction } from './remembering.js'
export { defaultSerializer, type Serialized, type Serializer } from './serializer.js'
export {
  type Claim,
  type Entries,
  type FillEnd,
  type FillId,
  type FillLease,
  type FoundNamespaces,
  type FrameId,
  type FrameVersion,
  type ScannedFrame,
  type ScanPage,
  type Store,
  type StoreNamespace,
  type Swapped
} from './store.js'
export { type StoreCall, type StoreOperation } from './store-calls.js'
export { type SerializerName } from './strict-serializers.js'
export { type Inspected } from './tiers.js'
export {
  type CacheTraces,
  type CallTrace,
  type FillTrace,
  type Traced,
  type TracedOutcome,
  type WaitTrace
} from './traces.js'
export { type Consistency, type Judged, type Stamp, type Validity } from './validity.js'
export { type Version } from './version.js'
export { type Wrapped, type WrappedMethods, type WrapOptions } from './wrap.js'
export { type WarmOptions, type WarmProgress, type WarmSummary } from './warm.js'
