/**
 * Attributes of spans and metrics. OpenTelemetry has conventions for errors (`error.type`), but
 * none for caches; a store's database has those of databases.
 */
export const NAMESPACE = 'weir.cache.namespace'
export const KEYS = 'weir.cache.keys'
export const TAGS = 'weir.cache.tags'
export const TAG_COUNT = 'weir.cache.tags.count'
export const OPERATION = 'weir.cache.operation'
export const TIER = 'weir.cache.tier'
export const STALE = 'weir.cache.stale'
export const OUTCOME = 'weir.cache.fill.outcome'
export const BACKGROUND = 'weir.cache.fill.background'
export const COST = 'weir.cache.fill.cost'
export const ELSEWHERE = 'weir.cache.wait.elsewhere'
export const DATABASE = 'db.system.name'
export const DATABASE_OPERATION = 'db.operation.name'
export const ERROR_TYPE = 'error.type'

/**
 * Returns the `error.type`: an error code or class, never a message, to keep its cardinality low.
 */
export function errorType (error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
