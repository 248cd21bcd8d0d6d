import type { Headers } from './headers.js'
import { availableSpan, missingSpan, type Parts } from './partial.js'
import type { Policy } from './policy.js'
import { isNotModified } from './preconditions.js'
import { type RangeAnswer, rangeOf } from './range.js'

/** The form of an answer from a stored response: `whole`, a 304, or ranges of it. */
export type StoredAnswer = 'whole' | 'not-modified' | RangeAnswer

interface Request {
  readonly method: string
  readonly headers: Headers
}

/**
 * Applies a client's conditions and range to the stored response.
 *
 * They are evaluated in the order of RFC 9110 13.2.2 (RFC 9111 4.3.2). Caches ignore If-Match and
 * If-Unmodified-Since.
 *
 * @param stored status, policy and body length of the response
 * @param now ms since the epoch
 */
export function answerFromStored (
  request: Request,
  stored: { readonly status: number; readonly policy: Policy; readonly length: number },
  now: number
): StoredAnswer {
  const { headers } = request
  // Most requests have no conditions and no range.
  if (
    headers['if-none-match'] === undefined &&
    headers['if-modified-since'] === undefined &&
    headers['range'] === undefined
  ) { return 'whole' }
  if (stored.status !== 200) return 'whole'
  if (isKnown(headers, stored.policy, now)) return 'not-modified'
  // RFC 9110 14.2: Range applies to GET only.
  return (
    (request.method === 'GET' ? rangeOf(headers, stored.policy, stored.length, now) : undefined) ??
    'whole'
  )
}

/**
 * Like `answerFromStored`, for parts of a representation (RFC 9111 3.3).
 *
 * Undefined if the parts lack bytes that the request needs.
 */
export function answerFromParts (
  request: Request,
  stored: Pick<Parts, 'length' | 'spans'> & { readonly policy: Policy },
  now: number
): Exclude<StoredAnswer, 'whole'> | undefined {
  const { headers } = request
  if (isKnown(headers, stored.policy, now)) return 'not-modified'
  const answer =
    request.method === 'GET' ? rangeOf(headers, stored.policy, stored.length, now) : undefined
  if (answer?.status !== 206) return answer
  return answer.spans.every((span) => missingSpan(stored, span) === undefined) ? answer : undefined
}

/**
 * Answers a range with as much of it as the parts contain, starting at its first byte.
 *
 * Meant for an origin that sends less than requested (RFC 9110 15.3.7). Undefined if the parts have
 * nothing of it, or the request has several ranges.
 */
export function answerWithLess (
  request: Request, stored: Pick<Parts, 'length' | 'spans'> & { readonly policy: Policy }, now: number
): RangeAnswer | undefined {
  const answer =
    request.method === 'GET'
      ? rangeOf(request.headers, stored.policy, stored.length, now)
      : undefined
  if (answer?.status !== 206 || answer.spans.length > 1) return undefined
  const span = availableSpan(stored, answer.spans[0])
  return span && { status: 206, spans: [span] }
}

function isKnown (headers: Headers, { etag, lastModified, date }: Policy, now: number): boolean {
  if (lastModified !== undefined || headers['if-modified-since'] === undefined) {
    return isNotModified(headers, { etag, lastModified, date }, now)
  }
  // 4.3.2: the Date stands in for a missing Last-Modified. Another version may have been sent
  // earlier in the same second.
  const changed = date + 1000
  return isNotModified(
    headers,
    { etag, lastModified: new Date(changed).toUTCString(), date: changed + 1000 },
    now
  )
}
