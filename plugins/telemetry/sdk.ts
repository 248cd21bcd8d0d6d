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

let running: { readonly provider: BasicTracerProvider, users: number } | undefined

/**
 * Starts OpenTelemetry's SDK: spans go to the endpoint in batches, and contexts are W3C Trace
 * Context. Baggage is neither read nor sent. The SDK reads its other settings from the environment
 * (`OTEL_TRACES_SAMPLER`, `OTEL_BSP_SCHEDULE_DELAY`, …). Applications of one process share the SDK
 * of the first. The returned function sends the last spans, and stops the SDK after its last user.
 */
export function startSdk (options: SdkOptions): () => Promise<void> {
  const sdk = (running ??= { provider: register(options), users: 0 })
  sdk.users++
  return async () => {
    if (--sdk.users > 0) return
    running = undefined
    for (const api of [trace, context, propagation]) api.disable()
    const late = () => new Error(`the collector did not answer within ${LAST_SPANS} ms`)
    await within(LAST_SPANS, sdk.provider.shutdown(), late).catch((error: unknown) => {
      options.log.warn({ reason: reasonOf(error) }, 'the last spans were not sent')
    })
  }
}

function register ({ service, instance, version, endpoint, log }: SdkOptions): BasicTracerProvider {
  const own = resourceFromAttributes({
    'service.name': service,
    'service.namespace': 'weir',
    'service.instance.id': instance,
    ...version !== undefined && { 'service.version': version }
  })
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` })
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(own)
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence.
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(logging(exporter, log))]
  })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(provider)
  return provider
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
