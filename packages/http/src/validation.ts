import { parseEntityTag, strongMatch, weakMatch } from './etag.js'
import { singleValue, type Headers } from './headers.js'
import { parseHttpDate } from './http-date.js'
import type { Policy } from './policy.js'
import { isServerFailure } from './statuses.js'

// Headers that concern the client's own copy, or a part of the stored response.
const ofTheClient = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range'
]

/**
 * Returns the headers of a request that fetches a response in order to store it.
 *
 * They request the whole response, without the client's preconditions and ranges, and with the
 * validators of the stored response, if there is one (RFC 9111 4.3.1).
 */
export function fetchHeaders (
  headers: Headers,
  policy?: Pick<Policy, 'etag' | 'lastModified'>
): Headers {
  const sent: Record<string, Headers[string]> = { ...headers }
  for (const name of ofTheClient) delete sent[name]
  if (policy?.etag !== undefined) sent['if-none-match'] = policy.etag
  // Both are sent, for recipients that do not support entity tags.
  if (policy?.lastModified !== undefined) sent['if-modified-since'] = policy.lastModified
  return sent
}

/**
 * The meaning of an answer to a validation request (RFC 9111 4.3.3).
 *
 * `update`: update the stored response with its headers (`updatedHeaders`) and reuse it. `refetch`:
 * repeat without validators, because the 304 refers to another response. `replace`: use the answer,
 * and store it or not like any other. `failed`: see `servesStaleOnError`.
 */
export type ValidationOutcome = 'update' | 'refetch' | 'replace' | 'failed'

/** @param response undefined if none arrived, or not all of it */
export function outcomeOf (
  policy: Pick<Policy, 'etag' | 'lastModified'>,
  response: { readonly status: number; readonly headers: Headers } | undefined,
  now: number
): ValidationOutcome {
  if (response === undefined || isServerFailure(response.status)) return 'failed'
  if (response.status !== 304) return 'replace'
  return isAbout(policy, response.headers, now) ? 'update' : 'refetch'
}

/**
 * Reports whether a 304 updates the validated stored response (RFC 9111 4.3.4).
 *
 * It does if it has the same strong validator or, having none, the same weak one, or if it has no
 * validator at all. If there is an entity tag, it alone decides; a malformed one is compared byte
 * by byte.
 */
function isAbout (
  { etag, lastModified }: Pick<Policy, 'etag' | 'lastModified'>,
  notModified: Headers,
  now: number
): boolean {
  const newTag = singleValue(notModified['etag'])
  if (newTag !== undefined && newTag !== '') return etag !== undefined && isSameTag(newTag, etag)
  const newDate = parseHttpDate(singleValue(notModified['last-modified']) ?? '', now)
  return (
    newDate === undefined ||
    (lastModified !== undefined && parseHttpDate(lastModified, now) === newDate)
  )
}

function isSameTag (newTag: string, stored: string): boolean {
  const [a, b] = [parseEntityTag(newTag), parseEntityTag(stored)]
  if (a === undefined || b === undefined) return newTag === stored
  return (a.weak ? weakMatch : strongMatch)(a, b)
}

/**
 * The effect of a forwarded HEAD's answer on the stored response to GET (RFC 9111 4.3.5).
 *
 * `update` it with the headers, treat it as `stale` because they contradict it, or `nothing`.
 *
 * @param length bytes of the stored body
 */
export function outcomeOfHead (
  policy: Pick<Policy, 'etag' | 'lastModified'>,
  length: number,
  response: { readonly status: number; readonly headers: Headers }
): 'update' | 'stale' | 'nothing' {
  if (response.status !== 200) return 'nothing'
  const etag = singleValue(response.headers['etag'])
  const lastModified = singleValue(response.headers['last-modified'])
  const contentLength = singleValue(response.headers['content-length'])
  const agrees =
    (etag ?? policy.etag) === policy.etag &&
    (lastModified ?? policy.lastModified) === policy.lastModified &&
    (contentLength ?? String(length)) === String(length)
  return agrees ? 'update' : 'stale'
}
