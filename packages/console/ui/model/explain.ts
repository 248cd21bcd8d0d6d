import type { Outcome } from '@weir/metrics'
import { type CacheStatus, parseCacheStatus } from './cache-status.js'
import { duration } from './format.js'
import { reasonOf } from './reasons.js'

/** An explanation of how a request was answered. */
export interface Explanation {
  readonly outcome: Outcome
  /** The instance that answered, if the response names it. */
  readonly instance?: string
  /** The explanation in full sentences. */
  readonly words: string
}

/** Reasons for calling the handler (RFC 9211, 2.2), as text that follows the name of the cache. */
const FORWARDED: Readonly<Record<string, string>> = {
  bypass: 'did not use its cache for this request',
  method: 'passed the request on, because it is neither GET nor HEAD',
  'uri-miss': 'had no response for this URL',
  'vary-miss': 'had this URL, but not for a request with these headers',
  miss: 'had no response that it could use',
  request: 'had a fresh response, but the request asked for a new one',
  stale: 'had a response, but a stale one',
  partial: 'had only a part of the response'
}

/**
 * Explains the Cache-Status, Age and status of a response in words.
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
      words: 'Rate-limited: this client has used up its budget for now.'
    }
  }
  if (said === undefined) {
    return status >= 500
      ? { outcome: 'error', words: 'Failed before it reached a cache.' }
      : {
          outcome: 'uncached',
          words: 'Answered without a cache: the response has no Cache-Status.'
        }
  }
  const outcome = status >= 500 ? 'error' : outcomeOf(said)
  const sentences = [
    deed(said, outcome),
    said.fwdStatus !== undefined && said.fwdStatus !== status
      ? `The origin answered ${said.fwdStatus}.`
      : '',
    status === 304 ? 'The client has the current version, so no body was sent.' : '',
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
  const cache = said.cache === '' ? 'The cache' : said.cache
  const why = said.detail === undefined ? undefined : reasonOf(said.detail).words
  if (said.hit) {
    if (said.detail === 'memory') return `${cache} answered from its memory.`
    if (said.detail === undefined || said.detail === 'store') {
      return `${cache} answered from the store that all instances share.`
    }
    return `${cache} answered from its memory: ${why}.`
  }
  if (outcome === 'stale') {
    return `${cache} served a stale response${why === undefined ? '' : `: ${why}`}.`
  }
  if (said.collapsed) {
    return `${cache} waited for a fill that was under way, and used its response.`
  }
  const asked = `${cache} ${FORWARDED[said.fwd ?? ''] ?? 'called its handler'}`
  if (outcome === 'error') return `${asked}; its handler then failed.`
  if (said.stored) return `${asked}. The handler ran, and the response is stored for all instances.`
  if (said.fwd === 'method') return `${asked}.`
  return `${asked}. The handler ran${why === undefined ? '' : `; the response was not stored: ${why}`}.`
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
