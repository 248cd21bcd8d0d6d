import {
  type Attributes,
  context,
  createContextKey,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags
} from '@opentelemetry/api'
import { parseTraceparent, traceparent } from '@weir/internal'
import type { Traced, WaitTrace } from '../index.js'
import {
  BACKGROUND,
  COST,
  DATABASE,
  DATABASE_OPERATION,
  ELSEWHERE,
  ERROR_TYPE,
  errorType,
  KEYS,
  NAMESPACE,
  OPERATION,
  OUTCOME,
  TAG_COUNT,
  TAGS
} from './attributes.js'
import { listenTo } from './listen.js'

// Set for work that `@weir/fastify/telemetry` has detached from its cause: it has a span already,
// which is linked to that of the cause.
const CAUSE = createContextKey('weir.cause')

/**
 * Records spans of fills, waits and store calls.
 *
 * A fill's function and store calls run in the context of its span. A wait is linked to its fill,
 * also to one of another instance that records spans, through Redis. A background fill, whose
 * caller may have finished, starts a trace of its own, linked to its caller's. Store calls have
 * spans within a recorded span only: housekeeping would be a trace for each call.
 * @param keys whether spans include keys and tags
 */
export function recordSpans (keys: boolean): () => void {
  const tracer = trace.getTracer('@weir/cache')
  const spans = new WeakMap<Traced, Span>()
  const named = (names: Attributes): Attributes => keys ? names : {}

  function start (
    work: Traced,
    name: string,
    attributes: Attributes,
    { root = false, links = [] as Link[], kind = SpanKind.INTERNAL } = {}
  ): Span {
    const parent = context.active()
    const span = tracer.startSpan(name, { attributes, root, links, kind }, parent)
    spans.set(work, span)
    const own = trace.setSpan(parent, span)
    const { around } = work
    work.around = (fn) => context.with(own, around === undefined ? fn : () => around(fn))
    return span
  }

  /** @param error type of a failure without an Error */
  function end (work: Traced, attributes: Attributes = {}, error?: string): void {
    const span = spans.get(work)
    if (span === undefined) return
    const type = error ?? (work.error === undefined ? undefined : errorType(work.error))
    if (type !== undefined) {
      span.setAttribute(ERROR_TYPE, type).setStatus({ code: SpanStatusCode.ERROR })
    }
    span.setAttributes(attributes).end()
  }

  const linkTo = ({ fill, traceparent }: WaitTrace): Link[] => {
    const span = fill && spans.get(fill)
    if (span !== undefined) return [{ context: span.spanContext() }]
    const ids = parseTraceparent(traceparent)
    if (ids === undefined) return []
    const { traceId, spanId, isSampled } = ids
    const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE
    return [{ context: { traceId, spanId, traceFlags, isRemote: true } }]
  }

  const stops = [
    listenTo('weir:cache:fill', (fill) => {
      const { namespace, key, background } = fill
      const caller = trace.getSpanContext(context.active())
      const root = background && context.active().getValue(CAUSE) === undefined
      const links = root && caller !== undefined ? [{ context: caller }] : []
      const attributes = {
        [NAMESPACE]: namespace,
        [BACKGROUND]: background,
        ...named({ [KEYS]: [key] })
      }
      const span = start(fill, `fill ${namespace}`, attributes, { root, links })
      if (span.isRecording()) fill.traceparent = traceparentOf(span)
    }, (fill) => {
      const { tags } = fill
      const attributes = {
        [OUTCOME]: fill.outcome,
        [COST]: fill.cost,
        [TAG_COUNT]: tags?.length,
        ...named({ ...tags && { [TAGS]: [...tags] } })
      }
      end(fill, attributes, fill.outcome === 'timeout' ? 'timeout' : undefined)
    }),
    listenTo('weir:cache:wait', (wait) => {
      const { namespace, key, elsewhere } = wait
      const attributes = {
        [NAMESPACE]: namespace,
        [ELSEWHERE]: elsewhere,
        ...named({ [KEYS]: [key] })
      }
      start(wait, `wait ${namespace}`, attributes)
    }, (wait) => {
      // The fill may have begun after the wait.
      spans.get(wait)?.addLinks(linkTo(wait))
      end(wait)
    }),
    listenTo('weir:cache:call', (call) => {
      if (trace.getActiveSpan()?.isRecording() !== true) return
      const { namespace, operation, keys, tags, system } = call
      const names = named({
        ...(keys && { [KEYS]: [...keys] }),
        ...(tags && { [TAGS]: [...tags] })
      })
      start(call, `${operation} ${namespace}`, {
        [NAMESPACE]: namespace,
        [OPERATION]: operation,
        ...system !== undefined && { [DATABASE]: system, [DATABASE_OPERATION]: operation },
        ...names
      }, { kind: system === undefined ? SpanKind.INTERNAL : SpanKind.CLIENT })
    }, (call) => { end(call) })
  ]
  return () => { for (const stop of stops) stop() }
}

function traceparentOf (span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return traceparent({ traceId, spanId, isSampled: (traceFlags & TraceFlags.SAMPLED) !== 0 })
}
