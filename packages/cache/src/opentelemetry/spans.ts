import {
  type Attributes,
  context,
  type Exception,
  type Link,
  type Span,
  SpanStatusCode,
  trace
} from '@opentelemetry/api'
import { CacheError, type FillTrace, type Traced } from '../index.js'
import {
  BACKGROUND,
  COST,
  ELSEWHERE,
  ERROR_TYPE,
  errorType,
  KEYS,
  NAMESPACE,
  OPERATION,
  OUTCOME,
  TAGS
} from './attributes.js'
import { listenTo } from './listen.js'

/**
 * Records spans of fills, waits and store calls.
 *
 * A fill's function and store calls run in the context of its span. A wait is linked to its fill. A
 * background fill, whose caller may have finished, starts a trace of its own, linked to its
 * caller's.
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
    { root = false, links = [] as Link[] } = {}
  ): void {
    const parent = context.active()
    const span = tracer.startSpan(name, { attributes, root, links }, parent)
    spans.set(work, span)
    const own = trace.setSpan(parent, span)
    const { around } = work
    work.around = (fn) => context.with(own, around === undefined ? fn : () => around(fn))
  }

  /** @param error type of a failure without an Error */
  function end (work: Traced, attributes: Attributes = {}, error?: string): void {
    const span = spans.get(work)
    if (span === undefined) return
    const type = error ?? (work.error === undefined ? undefined : errorType(work.error))
    if (type !== undefined) {
      span.setAttribute(ERROR_TYPE, type).setStatus({ code: SpanStatusCode.ERROR })
    }
    if (work.error !== undefined) span.recordException(exception(work.error, keys))
    span.setAttributes(attributes).end()
  }

  const linkTo = (fill: FillTrace | undefined): Link[] => {
    const span = fill && spans.get(fill)
    return span === undefined ? [] : [{ context: span.spanContext() }]
  }

  const stops = [
    listenTo('weir:cache:fill', (fill) => {
      const { namespace, key, background } = fill
      const caller = trace.getSpanContext(context.active())
      const links = background && caller !== undefined ? [{ context: caller }] : []
      const attributes = {
        [NAMESPACE]: namespace,
        [BACKGROUND]: background,
        ...named({ [KEYS]: [key] })
      }
      start(fill, `fill ${namespace}`, attributes, { root: background, links })
    }, (fill) => {
      const attributes = { [OUTCOME]: fill.outcome, [COST]: fill.cost }
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
      spans.get(wait)?.addLinks(linkTo(wait.fill))
      end(wait)
    }),
    listenTo('weir:cache:call', (call) => {
      const { namespace, operation, keys, tags } = call
      const names = named({
        ...(keys && { [KEYS]: [...keys] }),
        ...(tags && { [TAGS]: [...tags] })
      })
      start(call, `${operation} ${namespace}`, {
        [NAMESPACE]: namespace,
        [OPERATION]: operation,
        ...names
      })
    }, (call) => { end(call) })
  ]
  return () => { for (const stop of stops) stop() }
}

/** Messages of this package's errors contain keys. */
function exception (error: unknown, keys: boolean): Exception {
  if (error instanceof CacheError && !keys) {
    return { name: error.name, code: error.code, message: error.code }
  }
  return error instanceof Error ? error : String(error)
}
