import { shown } from '@weir/internal'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type OutgoingCall, type TraceHeaders, tracing } from '../active-tracing.js'
import { WEIR_ERR_PLUGIN_OPTION, WEIR_ERR_TELEMETRY_PACKAGES } from '../errors.js'
import { checkOptionNames } from '../plugin-options.js'

export type { OutgoingCall, TraceHeaders } from '../active-tracing.js'

/** Options of tracing. */
export interface TelemetryOptions {
  /** Name of the application, the same on all instances: `service.name`. */
  readonly service: string
  /** Name of this instance: `service.instance.id`. */
  readonly instance: string
  /** Version of the application: `service.version`. Default: none. */
  readonly version?: string | undefined
  /**
   * URL to which spans are sent by OTLP over HTTP, such as `http://127.0.0.1:4318`; `/v1/traces` is
   * appended. Default: spans go to the provider that the process has registered, if there is one.
   */
  readonly endpoint?: string | undefined
}

const NAME = 'weir-telemetry'

/**
 * Traces requests, fills, waits and store calls with OpenTelemetry, and passes the trace context on
 * (W3C Trace Context). Without an endpoint, and without a registered provider, it does nothing.
 * Register it first: requests that earlier hooks answer have no span.
 *
 * @example
 * await app.register(telemetry, {
 *   service: 'shop',
 *   instance: 'shop-1',
 *   endpoint: process.env.OTEL_EXPORTER_OTLP_ENDPOINT
 * })
 */
async function telemetry (app: FastifyInstance, options: TelemetryOptions): Promise<void> {
  checkOptionNames<TelemetryOptions>(NAME, options, {
    service: true,
    instance: true,
    version: true,
    endpoint: true
  })
  const { endpoint, ...resource } = options
  for (const name of ['service', 'instance'] as const) {
    if (typeof options[name] === 'string' && options[name] !== '') continue
    throw new WEIR_ERR_PLUGIN_OPTION(NAME, name, `must be a name, not ${shown(options[name])}`)
  }
  if (endpoint !== undefined && !isHttp(endpoint)) {
    throw new WEIR_ERR_PLUGIN_OPTION(
      NAME,
      'endpoint',
      'must be an http(s) URL such as http://127.0.0.1:4318'
    )
  }
  // Modules are loaded only when needed: without tracing, no package of OpenTelemetry is.
  if (endpoint === undefined) {
    const { isProvided } = await import('./provided.js').catch(unlessInstalled) ?? {}
    if (isProvided?.() !== true) return
  }
  try {
    if (endpoint !== undefined) {
      const { startSdk } = await import('./sdk.js')
      // Close hooks run in reverse: the spans of all plugins registered later are sent as well.
      app.addHook('onClose', startSdk({ ...resource, endpoint, log: app.log }))
    }
    const { traceRequests } = await import('./requests.js')
    await traceRequests(app)
  } catch (error) {
    unlessInstalled(error)
    throw new WEIR_ERR_TELEMETRY_PACKAGES(String(error))
  }
}

/**
 * Runs a call of another service within a client span of the active request, and gives it the
 * header fields that continue the trace there. Without tracing it has no span and no fields.
 * @param run resolves to the response, whose status the span reports
 * @example
 * const call = { method: 'GET', origin: 'http://127.0.0.1:4101', path: '/api/products/1' }
 * const answer = await traceCall(call, (headers) => fetch(call.origin + call.path, { headers }))
 */
export function traceCall<R extends { readonly status: number }> (
  call: OutgoingCall,
  run: (headers: TraceHeaders) => Promise<R>
): Promise<R> {
  const active = tracing()
  return active === undefined ? run({}) : active.call(call, run)
}

/**
 * Returns the header fields that continue the active request's trace elsewhere, for a proxy that
 * forwards it; empty without tracing.
 * @example headers: { ...request.headers, ...traceHeaders() }
 */
export const traceHeaders = (): TraceHeaders => tracing()?.headers() ?? {}

function isHttp (endpoint: unknown): boolean {
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) return false
  return ['http:', 'https:'].includes(new URL(endpoint).protocol)
}

/** Rethrows an error unless it says that a package is not installed. */
function unlessInstalled (error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return
  throw error
}

export default fp(telemetry, { name: NAME, fastify: '5.x' })
