import { shown } from '@weir/internal'
import { CacheError } from '../errors.js'
import { recordMetrics } from './metrics.js'
import { recordSpans } from './spans.js'

/** Options of {@link instrumentCache}. */
export interface InstrumentationOptions {
  /** Whether spans tell keys and tags. They may hold personal data: default false. */
  readonly keys?: boolean
}

let isInstrumented = false

/**
 * Records spans and metrics of all caches of this process by the API of OpenTelemetry, until the
 * function it returns is called. Call it when the SDK has been started: what is recorded goes to
 * its providers, and is dropped where there are none.
 * @throws CacheError WEIR_CACHE_INVALID_OPTION; also while caches are instrumented already
 * @example
 * new NodeSDK().start()
 * const stop = instrumentCache()
 * await cache.remember('42', { ttl: '1m' }, () => db.product(42))
 * // a span, and its queries are its children
 * stop()
 */
export function instrumentCache ({ keys = false }: InstrumentationOptions = {}): () => void {
  if (typeof keys !== 'boolean') {
    throw new CacheError('WEIR_CACHE_INVALID_OPTION', `keys ${shown(keys)}: give true or false`)
  }
  if (isInstrumented) {
    throw new CacheError(
      'WEIR_CACHE_INVALID_OPTION',
      'Caches are instrumented already: call what instrumentCache() returned before'
    )
  }
  isInstrumented = true
  const stops = [recordSpans(keys), recordMetrics()]
  return () => {
    // Once: a second call must not end what another instrumentCache() has begun.
    for (const stop of stops.splice(0)) {
      stop()
      isInstrumented = false
    }
  }
}
