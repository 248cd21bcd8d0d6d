import { metrics } from '@opentelemetry/api'
import type { FillTrace } from '../index.js'
import { liveCaches } from '../live-caches.js'
import {
  BACKGROUND,
  ERROR_TYPE,
  errorType,
  NAMESPACE,
  OPERATION,
  OUTCOME,
  STALE,
  TIER
} from './attributes.js'
import { listen, listenTo } from './listen.js'

// Seconds, as OpenTelemetry's conventions recommend for databases.
const BOUNDARIES = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]

/** Counts hits, misses and errors, times fills, and observes the memory of each namespace. */
export function recordMetrics (): () => void {
  const meter = metrics.getMeter('@weir/cache')
  const hits = meter.createCounter('weir.cache.hits', {
    unit: '{hit}',
    description: 'Values served from the cache'
  })
  const misses = meter.createCounter('weir.cache.misses', {
    unit: '{miss}',
    description: 'Reads that found no value to serve'
  })
  const errors = meter.createCounter('weir.cache.errors', {
    unit: '{error}',
    description: 'Failures that callers are not told of'
  })
  const duration = meter.createHistogram('weir.cache.fill.duration', {
    unit: 's',
    description: 'Computing and storing values',
    advice: { explicitBucketBoundaries: BOUNDARIES }
  })
  const entries = meter.createObservableUpDownCounter('weir.cache.memory.entries', {
    unit: '{entry}',
    description: 'Entries in memory'
  })
  const bytes = meter.createObservableUpDownCounter('weir.cache.memory.size', {
    unit: 'By',
    description: 'Estimated heap of the entries'
  })

  const begun = new WeakMap<FillTrace, number>()
  const stops = [
    listen('weir:cache:hit', ({ namespace, source, stale }) => {
      hits.add(1, { [NAMESPACE]: namespace, [TIER]: source, [STALE]: stale })
    }),
    listen('weir:cache:miss', ({ namespace }) => { misses.add(1, { [NAMESPACE]: namespace }) }),
    listen('weir:cache:error', ({ namespace, operation, error }) => {
      errors.add(1, {
        [NAMESPACE]: namespace,
        [OPERATION]: operation,
        [ERROR_TYPE]: errorType(error)
      })
    }),
    listenTo('weir:cache:fill', (fill) => { begun.set(fill, performance.now()) }, (fill) => {
      const at = begun.get(fill)
      if (at === undefined) return
      const attributes = {
        [NAMESPACE]: fill.namespace,
        [OUTCOME]: fill.outcome,
        [BACKGROUND]: fill.background
      }
      duration.record(
        (performance.now() - at) / 1000,
        fill.outcome === 'error'
          ? { ...attributes, [ERROR_TYPE]: errorType(fill.error) }
          : attributes
      )
    })
  ]

  const observe: Parameters<typeof meter.addBatchObservableCallback>[0] = (result) => {
    // Caches that share a namespace are reported as one.
    const sums = new Map<string, { entries: number, bytes: number }>()
    for (const cache of liveCaches()) {
      const { l1 } = cache.stats()
      const sum = sums.get(cache.namespace) ?? { entries: 0, bytes: 0 }
      sums.set(cache.namespace, { entries: sum.entries + l1.entries, bytes: sum.bytes + l1.bytes })
    }
    for (const [namespace, sum] of sums) {
      result.observe(entries, sum.entries, { [NAMESPACE]: namespace })
      result.observe(bytes, sum.bytes, { [NAMESPACE]: namespace })
    }
  }
  meter.addBatchObservableCallback(observe, [entries, bytes])
  stops.push(() => { meter.removeBatchObservableCallback(observe, [entries, bytes]) })
  return () => { for (const stop of stops) stop() }
}
