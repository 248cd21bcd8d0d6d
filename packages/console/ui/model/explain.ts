import type { Outcome } from '@weir/metrics'
import { type CacheStatus, parseCacheStatus } from './cache-status.js'
import { duration } from './format.js'

/** The way a request was answered, in words. */
export interface Explanation {
  readonly outcome: Outcome
  /** The instance that answered, if the response names it. */
  readonly instance?: string
  /** Sentences. */
  readonly words: string
}

/** Why the handler was asked (RFC 9211, 2.2), after "instance …". */
const FORWARDED: Readonly<Record<string, string>> = {
  bypass: 'is told not to use its cache for this',
  method: 'passes what is not a GET or HEAD on to its handler',
  'uri-miss': 'had nothing for this URL',
  'vary-miss': 'has this URL, but not for a request with these headers',
  miss: 'had nothing that it could use',
  request: 'had it fresh, but the request asked for a new one',
  stale: 'had it, but it is fresh no longer',
  partial: 'had only a part of it'
}

/** Why it was not kept, or why something old was served: `detail`. */
const DETAILS: Readonly<Record<string, string>> = {
  METHOD: 'only answers to GET are kept',
  PARTIAL: 'it is only a part',
  STATUS: 'answers with this status are not kept',
  REQUEST_NO_STORE: 'the request said no-store',
  NO_STORE: 'it says no-store',
  PRIVATE: 'it says that it is private, for one user',
  AUTHORIZATION:
    'the request had credentials, and the answer does not say that it is for everybody',
  COOKIE: 'the request had a cookie, and the answer does not say that it is for everybody',
  'X-API-KEY': 'the request had an API key, and the answer does not say that it is for everybody',
  USER: 'it is known who asked, and the answer does not say that it is for everybody',
  CERTIFICATE:
    'the client has a certificate, and the answer does not say that it is for everybody',
  SET_COOKIE: 'it sets a cookie',
  SESSION: 'a session is to be saved',
  PRECONDITION: 'the request has a condition that only the handler can judge',
  INVALID: 'the request is not valid',
  BODY: 'the request has a body',
  FRAGMENT: 'the URL has a #',
  DOT_SEGMENTS: 'the URL has dot segments, and this is no success',
  UPGRADE: 'the request asks for another protocol',
  NONCE: 'its security policy is for one answer only',
  WRITE_HEAD: 'other middleware changes it when it is sent',
  INVALID_KEY: 'the route has made no key of the request',
  UNLESS: 'the route excepts such requests',
  INVALID_UNLESS: 'the route does not say whether it excepts the request',
  ONLY_IF: 'the route does not want such answers kept',
  INVALID_ONLY_IF: 'the route does not say whether it wants the answer kept',
  INVALID_CONSTRAINT: 'the constraints of the route cannot be told apart',
  INVALID_TAG: 'the route has given it a tag that is none',
  NEGATIVE: 'the route does not keep answers that there is nothing',
  EVENTS: 'it is a stream of events',
  TRAILERS: 'it has trailers',
  REASON: 'its status has words of its own',
  INCOMPLETE: 'it is shorter than it says',
  UNSETTLED: 'it is not known whether a write is under way',
  INVALIDATED: 'it was invalidated while it was made',
  STORE_FAILED: 'the store did not take it',
  VARY_STAR: 'it may differ for each request (Vary: *)',
  NO_TTL: 'nothing says how long it would be fresh',
  TOO_LARGE: 'it is too large',
  CONDITION: 'its origin answered a condition of the client',
  RANGE: 'its origin answered a range of the client',
  ONLY_IF_CACHED: 'the request wants nothing but what is stored',
  OUTAGE: 'the store does not answer, so nobody can say whether it has changed since',
  STALE_IF_ERROR: 'asking for a new one failed',
  SOFT_TIMEOUT: 'a new one took too long to come; it is still being fetched',
  UPSTREAM_FAILING: 'where it comes from is known to fail at the moment',
  CLIENT_SHARE: 'the client has used its share of the calls for new ones'
}

/**
 * Says in words what Cache-Status, Age and the status of an answer say to machines.
 *
 * @example
 * explain({ status: 200, cacheStatus: 'shop-1; hit; ttl=57; detail=memory', age: '3' }).outcome
 * // 'l1'
 */
export function explain ({ status, cacheStatus, age }: {
  readonly status: number
  readonly cacheStatus: string | null
  readonly age?: string | null
}): Explanation {
  // The cache that the client talks to comes last.
  const said = parseCacheStatus(cacheStatus).at(-1)
  const instance = said === undefined || said.cache === '' ? {} : { instance: said.cache }
  if (status === 429) {
    return {
      ...instance,
      outcome: 'limited',
      words: 'Refused: this client has used up its budget for now.'
    }
  }
  if (said === undefined) {
    return status >= 500
      ? { outcome: 'error', words: 'Failed, before any cache was asked.' }
      : {
          outcome: 'uncached',
          words: 'Answered without a cache: the response has no Cache-Status.'
        }
  }
  const outcome = status >= 500 ? 'error' : outcomeOf(said)
  const sentences = [
    deed(said, outcome),
    said.fwdStatus !== undefined && said.fwdStatus !== status
      ? `What was asked answered ${said.fwdStatus}.`
      : '',
    status === 304 ? 'The client has it already: no body was sent.' : '',
    freshness(said),
    ageWords(age)
  ]
  return { ...instance, outcome, words: sentences.filter((sentence) => sentence !== '').join(' ') }
}

function outcomeOf (said: CacheStatus): Outcome {
  if (said.ttl !== undefined && said.ttl < 0) return 'stale'
  if (said.hit) return said.detail === 'memory' || said.detail === 'OUTAGE' ? 'l1' : 'l2'
  if (said.collapsed) return 'coalesced'
  if (said.fwd === 'bypass' || said.fwd === 'method') return 'bypass'
  return said.stored || said.detail === undefined ? 'miss' : 'bypass'
}

function deed (said: CacheStatus, outcome: Outcome): string {
  const who = said.cache === '' ? 'The cache' : said.cache
  const why = said.detail === undefined ? undefined : DETAILS[said.detail]
  if (said.hit) {
    if (said.detail === 'memory') return `${who} had it in its memory.`
    if (why !== undefined) return `${who} had it in its memory: ${why}.`
    return `${who} took it from the shared store, where any instance may have put it.`
  }
  if (outcome === 'stale') {
    return `${who} served what is stale${why === undefined ? '' : `: ${why}`}.`
  }
  if (said.collapsed) {
    return `${who} waited for a response that was being computed already, and used that.`
  }
  const asked = `${who} ${FORWARDED[said.fwd ?? ''] ?? 'asked its handler'}`
  if (outcome === 'error') return `${asked}; what it asked then failed.`
  if (said.stored) return `${asked}. Its handler ran, and the answer is kept for all instances.`
  if (said.fwd === 'method') return `${asked}.`
  return `${asked}. Its handler ran${said.detail === undefined ? '' : `; the answer is not kept: ${why ?? said.detail}`}.`
}

function freshness ({ ttl, stored }: CacheStatus): string {
  if (ttl === undefined) return ''
  if (ttl < 0) return `It was fresh until ${duration(-ttl * 1000)} ago.`
  return stored
    ? `It is fresh for ${duration(ttl * 1000)}.`
    : `It stays fresh for ${duration(ttl * 1000)} more.`
}

function ageWords (age: string | null | undefined): string {
  if (age === null || age === undefined || !/^\d+$/.test(age)) return ''
  return age === '0'
    ? 'It is less than a second old.'
    : `It is ${duration(Number(age) * 1000)} old.`
}
