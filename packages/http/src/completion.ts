import { singleValue, type Headers } from './headers.js'
import {
  missingSpan,
  MOST_SPANS,
  parseContentRange,
  type Parts,
  rangeFor,
  type Span,
  strongValidator
} from './partial.js'
import type { Policy } from './policy.js'
import { rangeOf } from './range.js'
import { fetchHeaders } from './validation.js'

/** Stored parts of a representation. */
export type StoredParts = Pick<Parts, 'length' | 'spans'> & {
  readonly policy: Pick<Policy, 'etag' | 'lastModified' | 'date'>
}

/**
 * Returns the headers of a request that fetches the bytes missing from the stored parts (RFC 9111
 * 3.4).
 *
 * Range requests only the missing bytes, and If-Range ensures that they are of the same
 * representation. If nothing is missing, the request validates the parts, in case the client's
 * range refers to a newer representation. If parts cannot be combined, the headers are the client's
 * own. Once there are `MOST_SPANS` parts, the whole representation is requested.
 *
 * @param now ms since the epoch
 */
export function completionHeaders (headers: Headers, stored: StoredParts, now: number): Headers {
  const validator = strongValidator(stored.policy, now)
  if (validator === undefined) return headers
  const missing = missingOf(headers, stored, now)
  if (missing === undefined) {
    const { range } = headers
    return { ...fetchHeaders(headers, stored.policy), ...range !== undefined && { range } }
  }
  return {
    ...fetchHeaders(headers),
    range: rangeFor(missing, stored.length),
    'if-range': validator
  }
}

function missingOf (headers: Headers, stored: StoredParts, now: number): Span | undefined {
  const answer = rangeOf(headers, stored.policy, stored.length, now)
  if (answer?.status === 416) return undefined
  const whole = { first: 0, last: stored.length - 1 }
  const wanted = stored.spans.length >= MOST_SPANS ? [whole] : answer?.spans ?? [whole]
  const missing = wanted
    .map((span) => missingSpan(stored, span))
    .filter((span) => span !== undefined)
  if (missing.length === 0) return undefined
  return {
    first: Math.min(...missing.map(({ first }) => first)),
    last: Math.max(...missing.map(({ last }) => last))
  }
}

/**
 * Returns the place of a 206 in stored parts; undefined if it may not be combined with them.
 *
 * They cannot be combined if the length differs, the strong validator differs or is missing (RFC
 * 9111 3.4), or the Content-Range cannot be read.
 *
 * @param response headers of the 206
 * @param date when it was sent, in ms since the epoch
 */
export function placeIn (stored: StoredParts, response: Headers, date: number): Span | undefined {
  const range = parseContentRange(response['content-range'])
  const validator = strongValidator(stored.policy, date)
  const etag = singleValue(response['etag'])
  const lastModified = singleValue(response['last-modified'])
  const added = strongValidator(
    {
      date,
      ...(etag !== undefined && { etag }),
      ...(lastModified !== undefined && { lastModified })
    },
    date
  )
  return range?.length === stored.length && validator !== undefined && added === validator
    ? range
    : undefined
}
