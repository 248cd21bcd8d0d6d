import { contentRange, multipartBody, type Span, type StoredAnswer } from '@weir/http'
import { randomBytes } from 'node:crypto'
import type { Fields } from './head.js'

/** A complete response, or the part of it that is sent. */
export interface Whole {
  readonly status: number
  readonly fields: Fields
  readonly body: Buffer
}

/** Representation from which ranges are taken. */
export interface Ranged {
  /** Total number of bytes. */
  readonly length: number
  readonly bytesOf: (span: Span) => Buffer
}

/** Fields that a 304 omits, because the client has them already (RFC 9110, 15.4.5). */
export const OF_THE_BODY: readonly string[] = [
  'content-type',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range'
]
const NOTHING = Buffer.alloc(0)

/**
 * Renders a complete response as the client requested it: as a 304, as ranges, or unchanged. Takes
 * ownership of its fields.
 * @param ranged default: the body
 */
export function answerAs (
  asked: StoredAnswer,
  whole: Whole,
  ranged: Ranged = rangedBody(whole)
): Whole {
  if (asked === 'whole') return whole
  const { fields } = whole
  if (asked === 'not-modified') {
    // Deleting makes an object slow.
    for (const name of OF_THE_BODY) if (fields[name] !== undefined) delete fields[name]
    return { status: 304, fields, body: NOTHING }
  }
  if (asked.status === 416) {
    // The lifetime of the complete response does not apply to an error, and its encoding and
    // digests belong to other bytes.
    for (const name of [...OF_THE_BODY, 'cache-control', 'expires']) {
      Reflect.deleteProperty(fields, name)
    }
    withoutDigests(fields)
    const body = unsatisfiable(ranged.length)
    fields['content-range'] = contentRange(undefined, ranged.length)
    fields['content-type'] = 'application/problem+json'
    fields['content-length'] = String(body.length)
    return { status: 416, fields, body }
  }
  withoutDigests(fields)
  const body = rangesOf(asked.spans, fields, ranged)
  fields['content-length'] = String(body.length)
  return { status: 206, fields, body }
}

/**
 * Returns the body of a 416 (RFC 9457): it passes all hooks of the reply, and error handlers as
 * well.
 */
const unsatisfiable = (length: number): Buffer =>
  Buffer.from(
    JSON.stringify({
      type: 'about:blank',
      title: 'Range Not Satisfiable',
      status: 416,
      detail: `None of the ranges begins within the ${length} available bytes: request some of ` +
        'these, or omit Range',
      code: 'WEIR_ERR_RANGE'
    })
  )

const rangedBody = ({ body }: Whole): Ranged =>
  ({ length: body.length, bytesOf: ({ first, last }) => body.subarray(first, last + 1) })

/** Removes digests of the content as sent, which do not match other bytes (RFC 9530, 2). */
export function withoutDigests (fields: Fields): void {
  for (const name of ['content-digest', 'content-md5']) delete fields[name]
}

/** Renders one range unchanged, several as `multipart/byteranges` (RFC 9110, 14.6, 15.3.7). */
function rangesOf (
  spans: readonly [Span, ...Span[]],
  fields: Fields,
  { length, bytesOf }: Ranged
): Buffer {
  if (spans.length === 1) {
    fields['content-range'] = contentRange(spans[0], length)
    return bytesOf(spans[0])
  }
  const { 'content-type': type } = fields
  const boundary = randomBytes(18).toString('hex')
  const body = multipartBody(
    { spans, length, contentType: typeof type === 'string' ? type : undefined, boundary },
    bytesOf
  )
  delete fields['content-range']
  fields['content-type'] = `multipart/byteranges; boundary=${boundary}`
  return body
}
