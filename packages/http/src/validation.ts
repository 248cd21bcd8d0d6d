import { parseEntityTag, strongMatch, weakMatch } from './etag.js'
import { singleValue, type Headers } from './headers.js'
import { parseHttpDate } from './http-date.js'
import type { Policy } from './policy.js'
import { isServerFailure } from './statuses.js'

// The client's own: they are about what it has, and about a part of what is stored.
const ofTheClient = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range'
]

/**
 * The headers of a request that fetches what a request asks for in order to store it: the whole,
 * without the client's preconditions and ranges; with the validators of the stored response, if
 * there is one (RFC 9111 4.3.1).
 */
export function fetchHeaders (
  headers: Headers,
  policy?: Pick<Policy, 'etag' | 'lastModified'>
): Headers {
  const sent: Record<string, Headers[string]> = { ...headers }
  for (const name of ofTheClient) delete sent[name]
  if (policy?.etag !== undefined) sent['if-none-match'] = policy.etag
  // Both, for recipients that know no entity tags.
  if (policy?.lastModified !== undefined) sent['if-modified-since'] = policy.lastModified
  return sent
}

/**
 * What an answer to a validation request means (RFC 9111 4.3.3): `update` the stored response with
 * its headers (`updatedHeaders`) and reuse it; `refetch` without validators, because the 304 is
 * about another response; `replace`: it is the answer, and to be stored or not as any other;
 * `failed`: see `servesStaleOnError`.
 */
export type ValidationOutcome = 'update' | 'refetch' | 'replace' | 'failed'

/** @param response undefined if none came, or not all of it */
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
 * Whether a 304 updates the stored response that was asked about (RFC 9111 4.3.4): it has the same
 * strong validator, or, having none, the same weak one; or it has no validator at all. An entity
 * tag that is there decides alone; one of odd form is compared by the byte.
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
 * What the answer to a forwarded HEAD says of the stored response to GET (RFC 9111 4.3.5): `update`
 * it with the headers, take it for `stale` because they contradict it, or `nothing`.
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
