import { type TelemetryOptions } from '@weir/fastify/telemetry'

/** Returns the front door's tracing; undefined if the environment names no collector. */
export function tracingOf (env: NodeJS.ProcessEnv): TelemetryOptions | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint = '', OTEL_SDK_DISABLED: off } = env
  if (endpoint === '' || off === 'true') return undefined
  return { service: 'front-door', instance: 'front-door', endpoint }
}
