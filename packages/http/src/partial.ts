import { parseEntityTag } from './etag.js'
import { singleValue, type HeaderValue } from './headers.js'
import { parseHttpDate } from './http-date.js'
import type { Policy } from './policy.js'

/** Positions of bytes in a representation, both inclusive. */
export interface Span {
  readonly first: number
  readonly last: number
}

/** Parts of a representation: `body` contains the bytes of the spans, one after the other. */
export interface Parts {
  /** Bytes of the whole representation. */
  readonly length: number
  /** Sorted, neither adjacent nor overlapping. */
  readonly spans: readonly Span[]
  readonly body: Uint8Array
}

const bytesRange = /^[ \t]*bytes[ \t]+(\d{1,15})-(\d{1,15})\/(\d{1,15})[ \t]*$/i

/**
 * Parses a Content-Range with a known length (RFC 9110 14.4).
 *
 * Undefined for anything else: a part without a place is not stored.
 * @example parseContentRange('bytes 0-4/10') // { first: 0, last: 4, length: 10 }
 */
export function parseContentRange (
  field: HeaderValue
): (Span & { readonly length: number }) | undefined {
  const [, ...digits] = bytesRange.exec(singleValue(field) ?? '') ?? []
  const [first = NaN, last = NaN, length = NaN] = digits.map(Number)
  return first <= last && last < length ? { first, last, length } : undefined
}

/**
 * Returns the validator that allows a part to be combined with others (RFC 9111 3.4).
 *
 * It is a strong entity tag, or a Last-Modified that is strong because the response was sent at
 * least a second later (RFC 9110 8.8.2.2). It can be used in If-Range.
 */
export function strongValidator (
  { etag, lastModified, date }: Pick<Policy, 'etag' | 'lastModified' | 'date'>, now: number
): string | undefined {
  if (etag !== undefined) return parseEntityTag(etag)?.weak === false ? etag : undefined
  const modified = lastModified === undefined ? undefined : parseHttpDate(lastModified, now)
  return modified !== undefined && isStrongDate(modified, date) ? lastModified : undefined
}

/**
 * Reports whether a response was sent at least a second after its Last-Modified (RFC 9110 8.8.2.2).
 *
 * Both are in ms since the epoch.
 */
export const isStrongDate = (modified: number, date: number): boolean => date - modified >= 1000

/**
 * Combines parts of one representation (RFC 9111 3.4).
 *
 * If both have a byte, that of `added` is used. Undefined if the lengths differ, and so the
 * representations.
 */
export function combineParts (stored: Parts, added: Parts): Parts | undefined {
  if (stored.length !== added.length) return undefined
  const bytes = new Uint8Array(stored.length)
  for (const parts of [stored, added]) {
    eachSpan(parts, (span, body) => {
      bytes.set(body, span.first)
    })
  }
  const spans = joined([...stored.spans, ...added.spans])
  const body = spans.length === 1 && isWhole(spans, stored.length)
    ? bytes
    : concatenated(spans.map(({ first, last }) => bytes.subarray(first, last + 1)))
  return { length: stored.length, spans, body }
}

/** Reports whether a 206 with this Content-Range contains the whole representation. */
export function coversWhole (contentRange: HeaderValue): boolean {
  const range = parseContentRange(contentRange)
  return range !== undefined && isWhole([range], range.length)
}

/** Reports whether the parts are the whole representation. */
export const isComplete = ({ spans, length }: Parts): boolean => isWhole(spans, length)

/** Returns the bytes of a span; undefined if the parts lack some of them. */
export function bytesOf (parts: Parts, { first, last }: Span): Uint8Array | undefined {
  let found: Uint8Array | undefined
  eachSpan(parts, (span, body) => {
    if (span.first <= first && last <= span.last) {
      found = body.subarray(first - span.first, last - span.first + 1)
    }
  })
  return found
}

/** Returns the available beginning of a span; undefined if the parts lack its first byte. */
export function availableSpan (
  { spans }: Pick<Parts, 'spans'>,
  { first, last }: Span
): Span | undefined {
  const span = spans.find((span) => span.first <= first && first <= span.last)
  return span && { first, last: Math.min(last, span.last) }
}

/**
 * Returns the smallest span that contains all wanted bytes missing from the parts; undefined if
 * none are.
 */
export function missingSpan ({ spans }: Pick<Parts, 'spans'>, wanted: Span): Span | undefined {
  let { first, last } = wanted
  for (const span of spans) {
    if (span.first <= first && first <= span.last) first = span.last + 1
  }
  for (const span of [...spans].reverse()) {
    if (span.first <= last && last <= span.last) last = span.first - 1
  }
  return first <= last ? { first, last } : undefined
}

/**
 * Formats a Range header for a span (RFC 9110 14.1.2): open-ended if it extends to the end.
 * @example rangeFor({ first: 5, last: 9 }, 10) // 'bytes=5-'
 */
export const rangeFor = ({ first, last }: Span, length: number): string =>
  `bytes=${first}-${last === length - 1 ? '' : last}`

/** Maximum number of spans kept per representation: each adds to the time of a search. */
export const MOST_SPANS = 32

/** Sorts spans and merges those that are adjacent or overlap. */
export function joined (spans: readonly Span[]): Span[] {
  const all: Span[] = []
  for (const span of [...spans].sort((a, b) => a.first - b.first)) {
    const before = all.at(-1)
    if (before === undefined || before.last + 1 < span.first) all.push(span)
    else all[all.length - 1] = { first: before.first, last: Math.max(before.last, span.last) }
  }
  return all
}

const isWhole = ([span, ...others]: readonly Span[], length: number): boolean =>
  others.length === 0 && span?.first === 0 && span.last === length - 1

function eachSpan ({ spans, body }: Parts, visit: (span: Span, body: Uint8Array) => void): void {
  let at = 0
  for (const span of spans) {
    const end = at + span.last - span.first + 1
    visit(span, body.subarray(at, end))
    at = end
  }
}

function concatenated (parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
