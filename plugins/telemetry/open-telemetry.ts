import {
  type Context,
  context,
  createContextKey,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace
} from '@opentelemetry/api'
import { redactor } from '@weir/metrics/journal'
import type { ActiveTracing } from '../active-tracing.js'

/**
 * The span whose request caused detached work. `@weir/cache/opentelemetry` has the same key: such
 * work has a span of its own already.
 */
const CAUSE = createContextKey('weir.cause')

/** Removes from a path what the journal removes: tokens, and values of sensitive parameters. */
const redacted = redactor([])

/** Returns the span that caused the detached work of a context. */
export function refilled (of: Context): SpanContext | undefined {
  const cause = of.getValue(CAUSE)
  // Only `detached` sets it.
  return cause === undefined ? undefined : (cause as SpanContext)
}

/** Tracing by the registered provider of OpenTelemetry. */
export const openTelemetry: ActiveTracing = {
  ids () {
    const active = trace.getActiveSpan()?.spanContext()
    return active && {
      traceId: active.traceId,
      spanId: active.spanId,
      isSampled: (active.traceFlags & 1) === 1
    }
  },
  headers: () => headersOf(context.active()),
  async call ({ method, origin, path }, run) {
    const parent = context.active()
    // Work without a request, such as probes, would be a trace for each call.
    if (trace.getSpan(parent) === undefined) return run({})
    const { hostname, port, protocol } = new URL(origin)
    const span = trace.getTracer('@weir/fastify').startSpan(method, {
      kind: SpanKind.CLIENT,
      attributes: {
        'http.request.method': method,
        'server.address': hostname,
        'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
        'url.path': redacted(path.split(/[?#]/, 1)[0] ?? '')
      }
    }, parent)
    const own = trace.setSpan(parent, span)
    try {
      const answer = await context.with(own, () => run(headersOf(own)))
      span.setAttribute('http.response.status_code', answer.status)
      if (answer.status >= 400) {
        span.setAttribute('error.type', String(answer.status))
        span.setStatus({ code: SpanStatusCode.ERROR })
      }
      return answer
    } catch (error) {
      span.setAttribute('error.type', error instanceof Error ? error.name : 'unknown')
      span.setStatus({ code: SpanStatusCode.ERROR })
      throw error
    } finally {
      span.end()
    }
  },
  detached (run) {
    const cause = trace.getSpanContext(context.active())
    return cause === undefined ? run() : context.with(ROOT_CONTEXT.setValue(CAUSE, cause), run)
  }
}

function headersOf (of: Context): Record<string, string> {
  const headers: Record<string, string> = {}
  propagation.inject(of, headers)
  return headers
}
