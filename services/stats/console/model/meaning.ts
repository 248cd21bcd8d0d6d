import { type Summary } from './api.js'
import { count, duration, percent } from './format.js'

/** What the figures of a stretch of time come to, in a sentence or three. */
export function meaning (summary: Summary, stretch: string): string {
  const { requests, hitRatio, savedMs, shared, limited, errors } = summary
  if (requests === 0) return `Nobody has asked for anything in the last ${stretch}.`
  const sentences = [
    hitRatio === null
      ? `${plural(requests, 'request')} in the last ${stretch}, none of them for something that is cached.`
      : `${percent(hitRatio)} of what could come from the cache in the last ${stretch} did, ` +
        `which spared handlers ${savedMs < 1000 ? 'less than a second' : duration(savedMs)} of work.`,
    shared > 0 ? `${percent(shared / servedOf(summary))} of the hits were answered with what another instance had computed.` : '',
    errors > 0 ? `${plural(errors, 'request')} failed.` : '',
    limited > 0 ? `${plural(limited, 'request')} ${limited === 1 ? 'was' : 'were'} refused by a limit.` : ''
  ]
  return sentences.filter((sentence) => sentence !== '').join(' ')
}

/** Requests that were answered from the cache. */
export const servedOf = ({ hits, coalesced, stale }: Summary): number => hits + coalesced + stale

/** @example plural(2, 'request') // '2 requests' */
export const plural = (amount: number, noun: string): string => `${count(amount)} ${noun}${amount === 1 ? '' : 's'}`
