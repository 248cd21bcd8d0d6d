/**
 * Attributes of spans and metrics. OpenTelemetry has conventions for errors (`error.type`), but
 * none for caches.
 */
export const NAMESPACE = 'weir.cache.namespace'
export const KEYS = 'weir.cache.keys'
export const TAGS = 'weir.cache.tags'
export const OPERATION = 'weir.cache.operation'
export const TIER = 'weir.cache.tier'
export const STALE = 'weir.cache.stale'
export const OUTCOME = 'weir.cache.fill.outcome'
export const BACKGROUND = 'weir.cache.fill.background'
export const COST = 'weir.cache.fill.cost'
export const ELSEWHERE = 'weir.cache.wait.elsewhere'
export const ERROR_TYPE = 'error.type'

/**
 * Returns the `error.type`: an error code or class, never a message, to keep its cardinality low.
 */
export function errorType (error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
