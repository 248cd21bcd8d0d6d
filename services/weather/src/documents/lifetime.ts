import { decideStoring, type Policy, type StoringOptions } from '@weir/http'
import { type Answer } from '../upstream/upstream.js'
import { type Document, type Lifetime } from './document.js'

const NOT_AT_ALL: Lifetime = { ttl: 0, staleWhileRevalidate: 0, staleIfError: 0 }

type Judged = Omit<Document<never>, 'body'> & { readonly lifetime: Lifetime }

/**
 * Derives the lifetime of a response, its age and its validators: from its own headers (RFC 9111),
 * but at most `most`; exactly `most` if they declare none.
 */
export function judge (answer: Omit<Answer<unknown>, 'body'>, most: Lifetime): Judged {
  const { headers, requestTime, responseTime } = answer
  const { ttl, staleWhileRevalidate, staleIfError } = most
  // A 304 has the headers that the 200 would have had (RFC 9110 section 15.4.5).
  const response = { status: 200, headers }
  const decide = (options: StoringOptions) =>
    decideStoring(
      { method: 'GET', headers: {} },
      response,
      { requestTime, responseTime },
      { staleWhileRevalidate, staleIfError, ...options }
    )

  let storing = decide({ maxTtl: ttl, heuristic: false })
  const saysNothing = storing.store
    ? storing.policy.source === 'none' && !storing.policy.noCache
    : storing.reason === 'NO_TTL'
  if (saysNothing) storing = decide({ ttl })
  if (!storing.store) return { fetchedAt: responseTime, bornAt: responseTime, lifetime: NOT_AT_ALL }
  const { bornAt, freshUntil, staleUntil, errorUntil, etag, lastModified, noCache }: Policy =
    storing.policy
  return {
    fetchedAt: responseTime,
    bornAt,
    ...(etag !== undefined && { etag }),
    ...(lastModified !== undefined && { lastModified }),
    lifetime: {
      ttl: noCache ? 0 : Math.max(0, freshUntil - responseTime),
      staleWhileRevalidate: Math.max(0, staleUntil - freshUntil),
      staleIfError: Math.max(0, errorUntil - freshUntil)
    }
  }
}
