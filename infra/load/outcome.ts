import { lastMember } from './cache-status.js'

/** The ways a request can be answered, in the order of reports: the cheapest first. */
export const OUTCOMES = [
  '304',
  'memory',
  'store',
  'coalesced',
  'stale',
  'miss',
  'bypass',
  'uncached',
  'write',
  'limited',
  'error'
] as const
export type Outcome = typeof OUTCOMES[number]

/** Description of each outcome. */
export const MEANINGS: Readonly<Record<Outcome, string>> = {
  304: 'the client had it already: not modified',
  memory: 'from the memory of the instance that answered',
  store: 'from the store that all instances share',
  coalesced: 'waited for another request that computed it',
  stale: 'older than its ttl, served all the same',
  miss: 'computed, because no instance had it',
  bypass: 'computed, because the request did not want what is kept',
  uncached: 'computed, by a route that is not cached',
  write: 'a write that was acknowledged',
  limited: 'refused: 429',
  error: 'answered with another status of 400 or more'
}

/** The properties of a response that decide its outcome. */
export interface Answer {
  readonly status: number
  readonly cacheStatus: string | undefined
  /** The request changes something. */
  readonly isWrite: boolean
}

/** The classification of a response. */
export interface Judgement {
  readonly outcome: Outcome
  /**
   * Whether the cache had the response; the basis of the hit ratio. Undefined where the cache was
   * not asked.
   */
  readonly found: boolean | undefined
  /** Name of the instance that answered, from Cache-Status. */
  readonly instance: string | undefined
}

/** Classifies a response by its status and its Cache-Status (RFC 9211). */
export function judge ({ status, cacheStatus, isWrite }: Answer): Judgement {
  const member = cacheStatus === undefined ? undefined : lastMember(cacheStatus)
  const instance = member?.cache
  if (status === 429) return { outcome: 'limited', found: undefined, instance }
  if (status >= 400) return { outcome: 'error', found: undefined, instance }
  if (isWrite) return { outcome: 'write', found: undefined, instance }
  const way = member === undefined ? 'uncached' : wayOf(member.parameters)
  const found = way === 'bypass' || way === 'uncached' ? undefined : way !== 'miss'
  return { outcome: status === 304 ? '304' : way, found, instance }
}

function wayOf (
  parameters: ReadonlyMap<string, string | true>
): 'memory' | 'store' | 'coalesced' | 'stale' | 'miss' | 'bypass' | 'uncached' {
  const detail = parameters.get('detail')
  if (parameters.has('hit')) {
    // RFC 9211, section 2.4: a negative ttl marks a stale response.
    if (Number(parameters.get('ttl') ?? 0) < 0) return 'stale'
    return detail === 'memory' || detail === 'OUTAGE' ? 'memory' : 'store'
  }
  const collapsed = parameters.get('collapsed')
  if (collapsed !== undefined && collapsed !== '?0') return 'coalesced'
  if (detail === 'STALE_IF_ERROR') return 'stale'
  switch (parameters.get('fwd')) {
    case 'bypass':
    case 'request':
      return 'bypass'
    case undefined:
    case 'method':
      return 'uncached'
    default:
      return 'miss'
  }
}
