/** The ids of a span, as `traceparent` has them (W3C Trace Context). */
export interface SpanIds {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string
  /** 16 lower-case hexadecimal digits. */
  readonly spanId: string
  /** Whether the span is recorded. */
  readonly isSampled: boolean
}

const FORM = /^([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/

/**
 * Parses a `traceparent` (W3C Trace Context, 3.2); undefined if it is malformed. Versions other
 * than 00 may have more fields.
 * @example parseTraceparent(request.headers.traceparent)?.traceId
 */
export function parseTraceparent (text: unknown): SpanIds | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] =
    (typeof text === 'string' && FORM.exec(text)) || []
  if (version === undefined || version === 'ff') return undefined
  if (version === '00' && more !== undefined) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** Returns the `traceparent` of a span. */
export const traceparent = ({ traceId, spanId, isSampled }: SpanIds): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`
