import { contentRange } from './range.js'
import type { Span } from './partial.js'

/** Several ranges of a representation, sent in one 206. */
export interface Multipart {
  readonly spans: readonly Span[]
  /** Bytes of the whole representation. */
  readonly length: number
  /** The Content-Type of the representation, if it has one. */
  readonly contentType: string | undefined
  /** Random letters and digits that do not occur in the bytes. */
  readonly boundary: string
}

/**
 * Builds the body of a `multipart/byteranges` response (RFC 9110 14.6).
 *
 * Its Content-Type is `multipart/byteranges; boundary=` and the boundary.
 *
 * @param bytesOf returns the bytes of a span
 */
export function multipartBody (
  { spans, length, contentType, boundary }: Multipart, bytesOf: (span: Span) => Uint8Array
): Buffer {
  const type = contentType === undefined ? '' : `content-type: ${contentType}\r\n`
  const parts = spans.flatMap((span, i) => [
    Buffer.from(
      `${i === 0 ? '' : '\r\n'}--${boundary}\r\n${type}content-range: ${contentRange(span, length)}\r\n\r\n`,
      'latin1'
    ),
    bytesOf(span)
  ])
  return Buffer.concat([...parts, Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1')])
}
