import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  type Attributes,
  context,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags
} from '@opentelemetry/api'
import { parseTraceparent, type TracedWork } from '@weir/internal'
import type { EdgeTraces } from '@weir/edge'
import type { LimiterTraces } from '@weir/limiter'
import type { OutboxTraces } from '@weir/outbox'

interface Traces extends EdgeTraces, LimiterTraces, OutboxTraces {}

/** A span that is about to start. */
interface Start {
  readonly name: string
  readonly kind: SpanKind
  readonly attributes: Attributes
  /** Spans that caused it. With links it begins a trace of its own. */
  readonly links?: readonly Link[]
}

/**
 * Records spans of rate limits' store calls and of deliveries of invalidations, to the fleet and to
 * each destination of an edge. All are part of a recorded trace, or linked to one: housekeeping has
 * no spans. The returned function stops that.
 */
export function recordWork (): () => void {
  const stops = [
    record('weir:limiter:call', ({ store, operation, policies }) => {
      // Decisions in memory are no calls.
      if (store === 'memory' || !isWithinTrace()) return undefined
      return {
        name: `${operation} rate limit`,
        kind: SpanKind.CLIENT,
        attributes: {
          'db.system.name': store,
          'db.operation.name': operation,
          'weir.limit.policies': [...policies]
        }
      }
    }),
    record('weir:outbox:deliver', ({ namespace, by, tags, traceparents }) => {
      const links = by === 'relay' ? linksTo(traceparents) : []
      if (links.length === 0 && (by === 'relay' || !isWithinTrace())) return undefined
      return {
        name: `deliver ${namespace}`,
        kind: SpanKind.INTERNAL,
        attributes: {
          'weir.cache.namespace': namespace,
          'weir.cache.tags.count': tags.length,
          'weir.outbox.by': by
        },
        links
      }
    }),
    record('weir:edge:deliver', ({ destination, by, tags, traceparents }) => {
      const links = by === 'relay' ? linksTo(traceparents) : []
      if (links.length === 0 && (by === 'relay' || !isWithinTrace())) return undefined
      return {
        name: `purge ${destination}`,
        kind: SpanKind.CLIENT,
        attributes: {
          'weir.edge.destination': destination,
          'weir.cache.tags.count': tags,
          'weir.outbox.by': by
        },
        links
      }
    }, ({ outcome, retries }) => ({ 'weir.edge.outcome': outcome, 'weir.edge.retries': retries }))
  ]
  return () => { for (const stop of stops) stop() }
}

const isWithinTrace = () => trace.getActiveSpan()?.isRecording() === true

function linksTo (traceparents: readonly string[]): Link[] {
  return traceparents.flatMap((text) => {
    const ids = parseTraceparent(text)
    if (ids === undefined) return []
    const { traceId, spanId, isSampled } = ids
    const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE
    return [{ context: { traceId, spanId, traceFlags, isRemote: true } }]
  })
}

function record<E extends keyof Traces> (
  channel: E,
  startOf: (work: Traces[E]) => Start | undefined,
  resultOf: (work: Traces[E]) => Attributes = () => ({})
): () => void {
  const spans = new WeakMap<TracedWork, Span>()
  // The channel's name stands for the type of its messages.
  const onStart = (message: unknown) => {
    const work = message as Traces[E]
    const start = startOf(work)
    if (start === undefined) return
    const { name, kind, attributes, links = [] } = start
    const options = { kind, attributes, links: [...links], root: links.length > 0 }
    const span = trace.getTracer('@weir/fastify').startSpan(name, options)
    spans.set(work, span)
    const { around } = work
    const own = trace.setSpan(context.active(), span)
    work.around = (fn) => context.with(own, around === undefined ? fn : () => around(fn))
  }
  const onEnd = (message: unknown) => {
    const work = message as Traces[E]
    const { error } = work
    const span = spans.get(work)
    span?.setAttributes(resultOf(work))
    if (error !== undefined) {
      span?.setAttribute('error.type', errorType(error)).setStatus({ code: SpanStatusCode.ERROR })
    }
    span?.end()
  }
  subscribe(`tracing:${channel}:start`, onStart)
  subscribe(`tracing:${channel}:asyncEnd`, onEnd)
  return () => {
    unsubscribe(`tracing:${channel}:start`, onStart)
    unsubscribe(`tracing:${channel}:asyncEnd`, onEnd)
  }
}

/** A code or class, never a message, which may contain keys. */
function errorType (error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
