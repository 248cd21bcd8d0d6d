import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes
} from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter
} from '@opentelemetry/sdk-trace-base'
import { reasonOf, within } from '@weir/internal'
import type { FastifyBaseLogger } from 'fastify'

export interface SdkOptions {
  readonly service: string
  readonly instance: string
  readonly version?: string | undefined
  readonly endpoint: string
  readonly log: FastifyBaseLogger
}

// Milliseconds for the last spans when a process ends: services have 1.4 s for everything.
const LAST_SPANS = 500

/** Milliseconds for one export, with its retries. */
const EXPORT = 2000

interface Sdk {
  readonly provider: BasicTracerProvider
  readonly stop: () => void
}

let running: (Sdk & { users: number }) | undefined

/**
 * Starts OpenTelemetry's SDK: spans go to the endpoint in batches, and contexts are W3C Trace
 * Context. Baggage is neither read nor sent. The SDK reads its other settings from the environment
 * (`OTEL_TRACES_SAMPLER`, `OTEL_BSP_SCHEDULE_DELAY`, …). Applications of one process share the SDK
 * of the first. The returned function sends the last spans, and stops the SDK after its last user.
 */
export function startSdk (options: SdkOptions): () => Promise<void> {
  const sdk = (running ??= { ...register(options), users: 0 })
  sdk.users++
  return async () => {
    if (--sdk.users > 0) return
    running = undefined
    for (const api of [trace, context, propagation]) api.disable()
    const late = () => new Error(`the collector did not answer within ${LAST_SPANS} ms`)
    await within(LAST_SPANS, sdk.provider.shutdown(), late).catch((error: unknown) => {
      options.log.warn({ reason: reasonOf(error) }, 'the last spans were not sent')
    })
    sdk.stop()
  }
}

function register ({ service, instance, version, endpoint, log }: SdkOptions): Sdk {
  const own = resourceFromAttributes({
    'service.name': service,
    'service.namespace': 'weir',
    'service.instance.id': instance,
    ...version !== undefined && { 'service.version': version }
  })
  const { exporter, stop } = stoppable(new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: EXPORT
  }))
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(own)
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence.
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [
      new BatchSpanProcessor(logging(exporter, log), { exportTimeoutMillis: EXPORT + 500 })
    ]
  })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(provider)
  return { provider, stop }
}

/**
 * Ends the requests of an exporter when it is stopped, also those that its retries make later: a
 * collector that never answers would keep the process alive.
 */
function stoppable (
  exporter: SpanExporter
): { readonly exporter: SpanExporter, readonly stop: () => void } {
  const exporting = new AsyncLocalStorage<true>()
  const requests = new Set<ClientRequest>()
  let isStopped = false
  // Errors without a code are not retried.
  const end = (request: ClientRequest) => request.destroy(new Error('the application has closed'))
  const onRequest = (message: unknown) => {
    if (exporting.getStore() !== true) return
    // The message's type is that of its channel.
    const { request } = message as { readonly request: ClientRequest }
    requests.add(request)
    request.once('close', () => { requests.delete(request) })
    if (isStopped) end(request)
  }
  subscribe('http.client.request.start', onRequest)
  return {
    exporter: {
      export: (spans, done) => { exporting.run(true, () => { exporter.export(spans, done) }) },
      forceFlush: async () => { await exporter.forceFlush?.() },
      async shutdown () {
        try {
          await exporter.shutdown()
        } finally {
          unsubscribe('http.client.request.start', onRequest)
        }
      }
    },
    stop () {
      isStopped = true
      for (const request of requests) end(request)
    }
  }
}

/** Logs one line when the endpoint stops accepting spans and one when it accepts them again. */
function logging (exporter: SpanExporter, log: FastifyBaseLogger): SpanExporter {
  let isGone = false
  return {
    export (spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.code !== ExportResultCode.SUCCESS
        if (failed && !isGone) {
          log.warn({ reason: reasonOf(result.error) }, 'the collector does not accept spans')
        } else if (!failed && isGone) log.info('the collector accepts spans again')
        isGone = failed
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => { await exporter.forceFlush?.() }
  }
}
