import { once } from 'node:events'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { type Test } from 'tap'

/** A span as a collector receives it by OTLP. */
export interface ReceivedSpan {
  readonly service: string
  readonly instance: string
  readonly traceId: string
  readonly spanId: string
  /** Undefined or empty for the root of a trace. */
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: 'internal' | 'server' | 'client'
  readonly attributes: Readonly<Record<string, unknown>>
  readonly links: ReadonlyArray<{ readonly traceId: string, readonly spanId: string }>
}

/** A collector of spans. */
export interface TestCollector {
  /** The endpoint for exporters. */
  readonly url: string
  /** Variables that make a service send its spans here soon after they end. */
  readonly env: Readonly<Record<string, string>>
  /** The spans received so far. */
  readonly spans: () => readonly ReceivedSpan[]
  /** Resolves with the first result that is not undefined, looking again at each arrival. */
  readonly until: <R>(look: (spans: readonly ReceivedSpan[]) => R | undefined) => Promise<R>
}

interface Export {
  readonly resourceSpans: ReadonlyArray<{
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeSpans: ReadonlyArray<{
      readonly spans: ReadonlyArray<
        Omit<ReceivedSpan, 'attributes' | 'kind' | 'links' | 'service' | 'instance'> & {
          readonly kind: number
          readonly attributes: readonly Attribute[]
          readonly links?: ReceivedSpan['links']
        }
      >
    }>
  }>
}

interface Attribute {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

const KINDS: Readonly<Record<number, ReceivedSpan['kind']>> = { 2: 'server', 3: 'client' }

/** Starts a collector that accepts OTLP in JSON; it ends with the test. */
export async function startCollector (t: Test): Promise<TestCollector> {
  const received: ReceivedSpan[] = []
  const looks = new Set<() => void>()
  const server = createServer((request, response) => {
    json(request).then((body) => {
      // The exporter is OpenTelemetry's own.
      received.push(...spansOf(body as Export))
      response.setHeader('content-type', 'application/json').end('{}')
      for (const look of looks) look()
    }, () => { response.writeHead(400).end() })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it listens on a port')
  const url = `http://127.0.0.1:${address.port}`
  return {
    url,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: '20' },
    spans: () => received,
    until: (find) => new Promise((resolve) => {
      const look = () => {
        const found = find(received)
        if (found === undefined) return
        looks.delete(look)
        resolve(found)
      }
      looks.add(look)
      look()
    })
  }
}

function spansOf ({ resourceSpans }: Export): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const of = values(resource.attributes)
    const { 'service.name': service, 'service.instance.id': instance } = of
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => ({
      ...span,
      service: String(service),
      instance: String(instance),
      kind: KINDS[span.kind] ?? 'internal',
      attributes: values(span.attributes),
      links: span.links ?? []
    })))
  })
}

/** OTLP has each value under the name of its type. */
const values = (attributes: readonly Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

/** Returns the span and its ancestors among the spans, up to the root or a remote parent. */
export function chain (spans: readonly ReceivedSpan[], span: ReceivedSpan): ReceivedSpan[] {
  const parent = spans.find(
    ({ traceId, spanId }) => traceId === span.traceId && spanId === span.parentSpanId
  )
  return parent === undefined ? [span] : [span, ...chain(spans, parent)]
}
