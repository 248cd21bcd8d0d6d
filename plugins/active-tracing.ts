import type { SpanIds } from '@weir/internal'
import type { FastifyRequest } from 'fastify'

/** A call of another service over HTTP. */
export interface OutgoingCall {
  readonly method: string
  /** Scheme, host and port of the service. */
  readonly origin: string
  /**
   * Path, perhaps with a query, which spans leave out. Of the path they leave out tokens (JWT) and
   * parameters that name secrets; give a pattern if it has other secrets.
   */
  readonly path: string
}

/** Header fields that carry the trace context: `traceparent`, `tracestate`. */
export type TraceHeaders = Readonly<Record<string, string>>

/** The tracing of this process. Plugins use it without depending on OpenTelemetry. */
export interface ActiveTracing {
  /** The ids of the active span. */
  ids (): SpanIds | undefined
  /** The context of the active span, for a request to another service. */
  headers (): TraceHeaders
  /** Runs a call within a client span. */
  call<R extends { readonly status: number }> (
    call: OutgoingCall,
    run: (headers: TraceHeaders) => Promise<R>
  ): Promise<R>
  /** Runs work that outlives the active span: its spans have traces of their own, linked to it. */
  detached<R> (run: () => R): R
}

/** The ids of a request's span. */
export const TRACE: unique symbol = Symbol('weir.trace')

declare module 'fastify' {
  interface FastifyRequest {
    [TRACE]?: SpanIds | null
  }
}

/** Applications of this process that trace; each has the same tracing. */
const active: ActiveTracing[] = []

/** The tracing of this process; undefined while no application traces. */
export const tracing = (): ActiveTracing | undefined => active[0]

/** Turns tracing on. The returned function turns it off, unless another application traces. */
export function traceWith (tracing: ActiveTracing): () => void {
  active.push(tracing)
  return () => {
    const at = active.indexOf(tracing)
    if (at !== -1) active.splice(at, 1)
  }
}

/** Returns the ids of a request's span; undefined without tracing. */
export const traceOf = (request: FastifyRequest): SpanIds | undefined => request[TRACE] ?? undefined

/** Fields of a log line that lead to a trace, named as in OpenTelemetry's log data model. */
export const logged = (ids: SpanIds | undefined): Record<string, string> =>
  ids === undefined ? {} : { trace_id: ids.traceId, span_id: ids.spanId }
