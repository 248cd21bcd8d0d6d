import { type EventKind, type FleetEvent } from './api.js'
import { type TermId } from './terms.js'

/** The kinds of events as the console names them. */
export const EVENT_KINDS: readonly {
  readonly kind: EventKind
  readonly label: string
  readonly tone: 'good' | 'warn' | 'bad' | 'plain'
  readonly term: TermId
}[] = [
  { kind: 'started', label: 'Started', tone: 'good', term: 'started' },
  { kind: 'ended', label: 'Ended', tone: 'plain', term: 'ended' },
  { kind: 'killed', label: 'Killed', tone: 'bad', term: 'killed' },
  { kind: 'returned', label: 'Returned', tone: 'good', term: 'returned' },
  { kind: 'redis-lost', label: 'Redis lost', tone: 'bad', term: 'redisLost' },
  { kind: 'redis-back', label: 'Redis back', tone: 'good', term: 'redisLost' },
  { kind: 'breaker-opened', label: 'Breaker opened', tone: 'warn', term: 'breaker' },
  { kind: 'breaker-closed', label: 'Breaker closed', tone: 'good', term: 'breaker' },
  { kind: 'invalidated', label: 'Invalidated', tone: 'plain', term: 'invalidated' }
]

/** Returns the kind with this name, or undefined if none exists. */
export const kindOf = (kind: string | null) => EVENT_KINDS.find((one) => one.kind === kind)

/** Selects events. The address and the API use the same names. */
export interface EventFilter {
  readonly kind?: string
  readonly service?: string
  readonly instance?: string
  readonly tag?: string
}

const FIELDS = ['kind', 'service', 'instance', 'tag'] as const

/** Reads the filter from an address; an unknown kind is ignored. */
export function filterIn (query: URLSearchParams): EventFilter {
  const given = FIELDS.flatMap((name) => {
    const value = query.get(name)?.trim() ?? ''
    return value === '' || (name === 'kind' && kindOf(value) === undefined) ? [] : [[name, value]]
  })
  return Object.fromEntries(given) as EventFilter
}

/** Tells whether a live event matches the filter of the view. */
export const isShown = (
  event: FleetEvent,
  { kind, service, instance, tag }: EventFilter
): boolean =>
  (kind === undefined || event.kind === kind) &&
  (service === undefined || event.service === service) &&
  (instance === undefined || event.instance === instance) &&
  (tag === undefined || event.tags.includes(tag))

/** Merges lists of events without duplicates, newest first. */
export const merged = (...lists: readonly (readonly FleetEvent[])[]): FleetEvent[] =>
  [...new Map(lists.flat().map((event) => [event.id, event])).values()].sort(
    (a, b) => b.at - a.at || b.id - a.id
  )
