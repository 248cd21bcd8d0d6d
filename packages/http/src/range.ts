import { parseEntityTag, strongMatch } from './etag.js'
import { fieldValue, type Headers } from './headers.js'
import { parseHttpDate } from './http-date.js'
import type { Policy } from './policy.js'

/**
 * What part of a stored representation a request is answered with. `first` and `last` are positions of bytes, both included;
 * `contentRange` is the Content-Range of the 206 or 416.
 */
export type RangeAnswer =
  { readonly status: 206, readonly first: number, readonly last: number, readonly contentRange: string } |
  { readonly status: 416, readonly contentRange: string }

const bytesUnit = /^[ \t]*bytes[ \t]*=/i
const intRange = /^(\d+)-(\d*)$/
const suffixRange = /^-(\d+)$/

/**
 * Answers Range from a stored 200 (RFC 9110 14.2); undefined: with all of it, as where Range is to be ignored, because it is
 * not valid, not in bytes, or If-Range does not hold. Several ranges are also answered with the whole, which is allowed and
 * cannot be used to make a small file large (17.15).
 *
 * @param length bytes of the stored body
 */
export function rangeOf (
  headers: Headers, policy: Pick<Policy, 'etag' | 'lastModified' | 'date'>, length: number, now: number
): RangeAnswer | undefined {
  const range = fieldValue(headers['range'])
  if (range === undefined || !ifRangeHolds(fieldValue(headers['if-range']), policy, now)) return undefined
  const unit = bytesUnit.exec(range)
  if (unit === null) return undefined
  const [spec, ...others] = range.slice(unit[0].length).split(',').map((member) => member.trim()).filter((member) => member !== '')
  if (spec === undefined || others.length > 0) return undefined

  const suffix = suffixRange.exec(spec)?.[1]
  if (suffix !== undefined) {
    if (Number(suffix) === 0) return unsatisfiable(length)
    // Of nothing, any suffix is the whole, which a Content-Range could not say.
    return length === 0 ? undefined : partial(Math.max(0, length - Number(suffix)), length - 1, length)
  }
  const [, start, end] = intRange.exec(spec) ?? []
  if (start === undefined || end === undefined) return undefined
  const first = Number(start)
  const last = end === '' ? Infinity : Number(end)
  // 14.1.1: not a valid range, whereas one that begins after the end is valid and cannot be satisfied.
  if (last < first) return undefined
  return first >= length ? unsatisfiable(length) : partial(first, Math.min(last, length - 1), length)
}

function partial (first: number, last: number, length: number): RangeAnswer {
  return { status: 206, first, last, contentRange: `bytes ${first}-${last}/${length}` }
}

const unsatisfiable = (length: number): RangeAnswer => ({ status: 416, contentRange: `bytes */${length}` })

/**
 * RFC 9110 13.1.5: by strong comparison, or by exactly the date, which must itself be a strong validator: the response was
 * sent a second or more after it (8.8.2.2).
 */
function ifRangeHolds (field: string | undefined, { etag, lastModified, date }: Pick<Policy, 'etag' | 'lastModified' | 'date'>, now: number) {
  if (field === undefined) return true
  const wanted = parseEntityTag(field)
  if (wanted !== undefined) {
    const tag = etag === undefined ? undefined : parseEntityTag(etag)
    return tag !== undefined && strongMatch(wanted, tag)
  }
  const modified = lastModified === undefined ? undefined : parseHttpDate(lastModified, now)
  return modified !== undefined && parseHttpDate(field, now) === modified && date - modified >= 1000
}
