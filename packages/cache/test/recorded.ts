import { context, metrics, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor
} from '@opentelemetry/sdk-trace-base'
import type { Test } from 'tap'
import { instrumentCache, type InstrumentationOptions } from '../src/opentelemetry/index.js'

const exporter = new InMemorySpanExporter()
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
)
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.disable()

const metricExporter = new InMemoryMetricExporter(AggregationTemporality.DELTA)
const reader = new PeriodicExportingMetricReader({
  exporter: metricExporter,
  exportIntervalMillis: 2 ** 31 - 1
})
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))

/** Instruments caches until the end of the test. */
export function instrumented (t: Test, options?: InstrumentationOptions): () => void {
  exporter.reset()
  const stop = instrumentCache(options)
  t.teardown(stop)
  return stop
}

/** Returns the ended spans in order. */
export const spans = (): ReadableSpan[] => exporter.getFinishedSpans()

/** Returns the ended spans with this name. */
export const named = (name: string): ReadableSpan[] => spans().filter((span) => span.name === name)

/** Returns the only ended span with this name. */
export function the (name: string): ReadableSpan {
  const [span, ...others] = named(name)
  if (span === undefined || others.length > 0) {
    throw new Error(
      `${others.length + (span ? 1 : 0)} spans are named ${name}: ${spans()
        .map(({ name }) => name)
        .join()}`
    )
  }
  return span
}

/** Runs the function in its own span, as a server does for a request. */
export const inSpan = <R>(name: string, fn: () => Promise<R>): Promise<R> =>
  trace.getTracer('test').startActiveSpan(name, (span) => fn().finally(() => { span.end() }))

/** Returns the data points since the last call, by metric and attributes. */
export async function points (): Promise<Record<string, unknown>> {
  metricExporter.reset()
  await reader.forceFlush()
  const scopes = metricExporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics)
  return Object.fromEntries(
    scopes
      .flatMap((scope) => scope.metrics)
      .flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes, value }) => {
          const texts = Object.entries(attributes).map(
            ([name, value]) => `${name.replace('weir.cache.', '')}=${String(value)}`
          )
          return [
            `${descriptor.name} ${texts.join(' ')}`,
            typeof value === 'object' && 'count' in value ? value.count : value
          ] as const
        })
      )
  )
}
