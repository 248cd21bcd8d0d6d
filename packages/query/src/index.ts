export {
  cached,
  type CachedOptions,
  invalidates,
  type InvalidatesOptions,
  type Markable
} from './cached.js'
export { QueryError, type QueryErrorCode } from './errors.js'
export type { BypassReason, QueryEvents } from './events.js'
export type { QueryCacheOptions } from './options.js'
export { tableTags } from './tags.js'
export { withQueryCache } from './with-query-cache.js'
