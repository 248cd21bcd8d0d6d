import { type Summary } from './api.js'
import { count, duration, percent } from './format.js'

/**
 * Summarizes the figures of a time range in a few sentences.
 *
 * @param within the range in words, such as `in the last 15 minutes`
 */
export function meaning (summary: Summary, within: string): string {
  const { requests, hitRatio, savedMs, shared, limited, errors } = summary
  if (requests === 0) return `No requests ${within}.`
  const sentences = [
    hitRatio === null
      ? `${plural(requests, 'request')} ${within}, none of them cacheable.`
      : `The cache answered ${percent(hitRatio)} of cacheable requests ${within}, ` +
        `saving ${savedMs < 1000 ? 'less than a second' : duration(savedMs)} of handler time.`,
    shared > 0
      ? `${percent(shared / servedOf(summary))} of hits reused a response computed by another instance.`
      : '',
    errors > 0 ? `${plural(errors, 'request')} failed.` : '',
    limited > 0
      ? `${plural(limited, 'request')} ${limited === 1 ? 'was' : 'were'} rate-limited.`
      : ''
  ]
  return sentences.filter((sentence) => sentence !== '').join(' ')
}

/** Counts the requests that were answered from the cache. */
export const servedOf = ({ hits, coalesced, stale }: Summary): number => hits + coalesced + stale

/** @example plural(2, 'request') // '2 requests' */
export const plural = (amount: number, noun: string): string =>
  `${count(amount)} ${noun}${amount === 1 ? '' : 's'}`
