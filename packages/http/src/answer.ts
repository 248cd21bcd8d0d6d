import type { Headers } from './headers.js'
import type { Policy } from './policy.js'
import { isNotModified } from './preconditions.js'
import { type RangeAnswer, rangeOf } from './range.js'

/** How a stored response is sent: `whole`, as a 304, or by a range of it. */
export type StoredAnswer = 'whole' | 'not-modified' | RangeAnswer

/**
 * Applies a client's conditions and range to the stored response that it is answered with, in the order of RFC 9110 13.2.2
 * (RFC 9111 4.3.2). If-Match and If-Unmodified-Since are not for a cache.
 *
 * @param stored its status, policy and the bytes of its body
 * @param now ms since the epoch
 */
export function answerFromStored (
  request: { readonly method: string, readonly headers: Headers },
  stored: { readonly status: number, readonly policy: Policy, readonly length: number },
  now: number
): StoredAnswer {
  const { headers } = request
  const since = headers['if-modified-since']
  // Most requests ask nothing of all this.
  if (headers['if-none-match'] === undefined && since === undefined && headers['range'] === undefined) return 'whole'
  if (stored.status !== 200) return 'whole'
  const { etag, lastModified, date } = stored.policy
  // 4.3.2: when it was sent stands in for a Last-Modified. Another may have been sent within the same second before it.
  const changed = lastModified ?? (since === undefined ? undefined : new Date(date + 1000).toUTCString())
  if (isNotModified(headers, { etag, lastModified: changed }, now)) return 'not-modified'
  // RFC 9110 14.2: Range is for GET only.
  return (request.method === 'GET' ? rangeOf(headers, stored.policy, stored.length, now) : undefined) ?? 'whole'
}
