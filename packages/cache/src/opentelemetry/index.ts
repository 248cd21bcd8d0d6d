import { shown } from '@weir/internal'
import { CacheError } from '../errors.js'
import { recordMetrics } from './metrics.js'
import { recordSpans } from './spans.js'

/** Options of {@link instrumentCache}. */
export interface InstrumentationOptions {
  /** Whether spans include keys and tags, which may contain personal data. Default false. */
  readonly keys?: boolean
}

let isInstrumented = false

/**
 * Records spans and metrics of all caches in this process, using the OpenTelemetry API.
 *
 * Call it after the SDK has started: records go to its providers, and are dropped if there are
 * none. The returned function stops the recording.
 * @throws CacheError WEIR_CACHE_INVALID_OPTION, also if caches are instrumented already
 * @example
 * new NodeSDK().start()
 * const stop = instrumentCache()
 * await cache.remember('42', { ttl: '1m' }, () => db.product(42))
 * // a span, and its queries are its children
 * stop()
 */
export function instrumentCache ({ keys = false }: InstrumentationOptions = {}): () => void {
  if (typeof keys !== 'boolean') {
    throw new CacheError('WEIR_CACHE_INVALID_OPTION', `keys ${shown(keys)}: use true or false`)
  }
  if (isInstrumented) {
    throw new CacheError(
      'WEIR_CACHE_INVALID_OPTION',
      'Caches are already instrumented: first call the function that instrumentCache() returned'
    )
  }
  isInstrumented = true
  const stops = [recordSpans(keys), recordMetrics()]
  return () => {
    // Once only: a second call must not stop the recording of a later instrumentCache().
    for (const stop of stops.splice(0)) {
      stop()
      isInstrumented = false
    }
  }
}
