import { ProxyTracerProvider, trace } from '@opentelemetry/api'

/** Returns whether the process has registered a tracer provider. */
export function isProvided (): boolean {
  const provider = trace.getTracerProvider()
  return (
    !(provider instanceof ProxyTracerProvider) ||
    provider.getDelegate() !== new ProxyTracerProvider().getDelegate()
  )
}
