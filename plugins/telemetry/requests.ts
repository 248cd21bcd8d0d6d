import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { context, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import type { CacheEvents } from '@weir/cache'
import { instrumentCache } from '@weir/cache/opentelemetry'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { TRACE, traceWith } from '../active-tracing.js'
import '../observability/index.js'
import '../response-cache/index.js'
import { refilled, openTelemetry } from './open-telemetry.js'
import { recordWork } from './work-spans.js'

/** Spans of requests that have not ended. */
const open = new WeakMap<Span, () => void>()

let instrumented: { readonly stop: () => void, users: number } | undefined

/**
 * Traces the requests of every route declared after it. A span ends with its response, however that
 * is sent, and has the outcome of the cache.
 */
export async function traceRequests (app: FastifyInstance): Promise<void> {
  app.decorateRequest(TRACE, null)
  app.addHook('onRoute', (route) => {
    // Probes and scrapes would be most of the traces.
    if (route.config?.metrics === false) route.config.otel ??= false
    else keepContext(route)
  })
  if (!app.hasPlugin('@fastify/otel')) {
    const instrumentation = new FastifyOtelInstrumentation({
      instrumentHooks: false,
      instrumentHandler: false,
      // The log has them, with the ids of the span.
      recordExceptions: false,
      requestHook: begin
    })
    await app.register(instrumentation.plugin())
  }
  app.addHook('onRequest', (request, reply, done) => {
    const span = trace.getSpan(request.opentelemetry().context ?? context.active())
    if (span !== undefined) {
      const { traceId, spanId, traceFlags } = span.spanContext()
      request[TRACE] = { traceId, spanId, isSampled: (traceFlags & 1) === 1 }
      // A client that leaves early causes no other event.
      if (open.has(span)) reply.raw.once('close', () => { end(span, request, reply) })
    }
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const span = trace.getSpan(request.opentelemetry().context ?? context.active())
    if (span !== undefined) end(span, request, reply)
    done()
  })

  const stops = [traceWith(openTelemetry), instrument(), watchHits(app)]
  app.addHook('onClose', async () => {
    for (const stop of stops) stop()
  })
}

/** Names the span, and keeps it open until the response has been sent. */
function begin (span: Span, request: FastifyRequest): void {
  if (!span.isRecording()) return
  const { method, url, routeOptions } = request
  span.updateName(routeOptions.url === undefined ? method : `${method} ${routeOptions.url}`)
  keepSecrets(span, url, routeOptions.url)
  const refills = refilled(context.active())
  if (refills !== undefined) span.addLink({ context: refills })
  // @fastify/otel ends it in an onSend hook, before the cache has seen the head of the response.
  const ended = span.end.bind(span)
  span.end = () => {}
  open.set(span, ended)
}

/** Leaves out what may be secret: the query, parameters of the path, messages of errors. */
function keepSecrets (span: Span, url: string, pattern: string | undefined): void {
  const isPlain = pattern !== undefined && !/[:*]/.test(pattern)
  // @fastify/otel has set the whole URL. Only the SDK's own spans can lose an attribute.
  span.setAttribute('url.path', isPlain ? url.split('?', 1)[0] ?? url : pattern ?? '')
  if (!isPlain && 'attributes' in span && span.attributes instanceof Object) {
    Reflect.deleteProperty(span.attributes, 'url.path')
  }
  const setStatus = span.setStatus.bind(span)
  span.setStatus = ({ code }) => setStatus({ code })
}

function end (span: Span, request: FastifyRequest, reply: FastifyReply): void {
  const ended = open.get(span)
  if (ended === undefined) return
  open.delete(span)
  const { cacheResult } = request
  const { statusCode, raw } = reply
  if (cacheResult !== null && cacheResult !== undefined) {
    const { outcome, reason, filledBy } = cacheResult
    span.setAttribute('weir.cache.outcome', outcome)
    if (reason !== undefined) span.setAttribute('weir.cache.reason', reason)
    if (filledBy !== undefined) span.setAttribute('weir.cache.filled_by', filledBy)
  }
  if (raw.writableEnded) {
    span.setAttribute('http.response.status_code', statusCode)
    if (statusCode >= 500) span.setAttribute('error.type', String(statusCode))
    // Refusals are thrown, but are no errors of the server.
    else if (statusCode >= 400) span.setStatus({ code: SpanStatusCode.OK })
  } else span.setAttribute('error.type', 'client_gone').setStatus({ code: SpanStatusCode.ERROR })
  ended()
}

/** Parsing a body loses the context: handlers of other methods than GET get it back. */
function keepContext (route: RouteOptions): void {
  if ([route.method].flat().every((method) => ['GET', 'HEAD'].includes(method))) return
  route.preValidation = [
    (request, _reply, done) => {
      context.with(request.opentelemetry().context ?? context.active(), done)
    },
    ...[route.preValidation ?? []].flat()
  ]
}

/** Spans and metrics of the caches, limits and outboxes of this process, for all applications. */
function instrument (): () => void {
  if (instrumented === undefined) {
    const stops = [instrumentCache(), recordWork()]
    instrumented = { stop: () => { for (const stop of stops) stop() }, users: 0 }
  }
  const shared = instrumented
  shared.users++
  return () => {
    if (--shared.users > 0) return
    instrumented = undefined
    shared.stop()
  }
}

/** Adds the key, as a hash, and the number of tags to the span of a request that hits. */
function watchHits (app: FastifyInstance): () => void {
  const onHit = (message: unknown) => {
    const span = trace.getActiveSpan()
    if (span === undefined || !open.has(span) || !app.hasDecorator('responseCache')) return
    // The message's type is that of its channel.
    const { namespace, key, tags } = message as CacheEvents['weir:cache:hit']
    if (namespace !== app.responseCache.cache.namespace) return
    span.setAttributes({
      'weir.cache.key_hash': createHash('sha256').update(key).digest('hex').slice(0, 16),
      'weir.cache.tags.count': tags.length
    })
  }
  subscribe('weir:cache:hit', onHit)
  return () => { unsubscribe('weir:cache:hit', onHit) }
}
