import { parseEntityTag, strongMatch } from './etag.js'
import { fieldValue, type Headers } from './headers.js'
import { parseHttpDate } from './http-date.js'
import { isStrongDate, joined, type Span } from './partial.js'
import type { Policy } from './policy.js'

/**
 * The part of a representation that answers a request.
 *
 * One span is sent as a 206 with Content-Range, several as `multipart/byteranges`. 416: the
 * representation has none of the requested bytes.
 */
export type RangeAnswer =
  { readonly status: 206, readonly spans: readonly [Span, ...Span[]] } |
  { readonly status: 416 }

const bytesUnit = /^[ \t]*bytes[ \t]*=/i
const intRange = /^(\d+)-(\d*)$/
const suffixRange = /^-(\d+)$/

// Requests with more ranges are treated as an attack (RFC 9110 17.15).
const MOST_RANGES = 20
// Approximate overhead in bytes of each part of multipart/byteranges.
const PART_OVERHEAD = 200

/**
 * Selects the part of a representation that a Range header requests (RFC 9110 14.2).
 *
 * Undefined: the whole representation, also if Range has to be ignored because it is invalid, not
 * in bytes, or If-Range does not hold. Overlapping ranges are merged; if sending them separately
 * would take more bytes than the whole, the whole is sent.
 *
 * @param length bytes of the representation
 */
export function rangeOf (
  headers: Headers,
  policy: Pick<Policy, 'etag' | 'lastModified' | 'date'>,
  length: number,
  now: number
): RangeAnswer | undefined {
  const range = fieldValue(headers['range'])
  if (range === undefined || !ifRangeHolds(fieldValue(headers['if-range']), policy, now)) {
    return undefined
  }
  const unit = bytesUnit.exec(range)
  if (unit === null) return undefined
  const members = range
    .slice(unit[0].length)
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '')
  if (members.length === 0 || members.length > MOST_RANGES) return undefined
  const spans: Span[] = []
  for (const member of members) {
    const span = spanOf(member, length)
    if (span === undefined) return undefined
    if (span !== 'unsatisfiable') spans.push(span)
  }
  const apart = joined(spans)
  // Ranges keep the order of the request, unless some of them were merged (15.3.7.2).
  const [first, ...others] = apart.length === spans.length ? spans : apart
  if (first === undefined) return { status: 416 }
  return others.length > 0 && multipartBytes([first, ...others]) >= length
    ? undefined
    : { status: 206, spans: [first, ...others] }
}

/**
 * Formats the Content-Range of a 206 with one span, or of a 416 (RFC 9110 14.4).
 * @example contentRange({ first: 0, last: 4 }, 10) // 'bytes 0-4/10'
 */
export const contentRange = (span: Span | undefined, length: number): string =>
  `bytes ${span === undefined ? '*' : `${span.first}-${span.last}`}/${length}`

/** Undefined: not a valid range, which makes the whole field invalid (14.1.1). */
function spanOf (member: string, length: number): Span | 'unsatisfiable' | undefined {
  const suffix = suffixRange.exec(member)?.[1]
  if (suffix !== undefined) {
    if (Number(suffix) === 0) return 'unsatisfiable'
    // Any suffix of an empty representation is all of it, which a Content-Range cannot express.
    return length === 0
      ? undefined
      : { first: Math.max(0, length - Number(suffix)), last: length - 1 }
  }
  const [, start, end] = intRange.exec(member) ?? []
  if (start === undefined || end === undefined) return undefined
  const first = Number(start)
  const last = end === '' ? Infinity : Number(end)
  // A range that starts after the end is valid but cannot be satisfied.
  if (last < first) return undefined
  return first >= length ? 'unsatisfiable' : { first, last: Math.min(last, length - 1) }
}

const multipartBytes = (spans: readonly Span[]) =>
  spans.reduce((sum, { first, last }) => sum + last - first + 1 + PART_OVERHEAD, 0)

/**
 * RFC 9110 13.1.5: by strong comparison, or by the exact date, which must be a strong validator:
 * the response was sent at least a second later (8.8.2.2).
 */
function ifRangeHolds (
  field: string | undefined,
  { etag, lastModified, date }: Pick<Policy, 'etag' | 'lastModified' | 'date'>,
  now: number
) {
  if (field === undefined) return true
  const wanted = parseEntityTag(field)
  if (wanted !== undefined) {
    const tag = etag === undefined ? undefined : parseEntityTag(etag)
    return tag !== undefined && strongMatch(wanted, tag)
  }
  const modified = lastModified === undefined ? undefined : parseHttpDate(lastModified, now)
  return (
    modified !== undefined &&
    parseHttpDate(field, now) === modified &&
    isStrongDate(modified, date)
  )
}
