import { shown } from '@weir/internal'
import { MetricsError } from '../errors.js'
import type { JournalEvent, Recorded } from './event.js'
import { keyIn, withoutMark } from './names.js'
import type { JournalStore } from './store.js'
import type { UrlMatcher } from './url-matcher.js'

/** Conditions on events, all of which must hold. Absent conditions match any event. */
export interface JournalFilter {
  readonly kind?: JournalEvent['kind'] | undefined
  /** Part of a key, of the URL of a request, or of the key of an invalidation. */
  readonly url?: string | undefined
  /** An exact tag. */
  readonly tag?: string | undefined
  /** Name of a client, with or without what follows a `#`. */
  readonly client?: string | undefined
  readonly instance?: string | undefined
  /** Id of a request. */
  readonly request?: string | undefined
  readonly trace?: string | undefined
}

/** Bounds of one search. */
export interface SearchLimits {
  /** Events returned: the newest that match. Default 500. */
  readonly most?: number
  /** Milliseconds. Default 2000. */
  readonly time?: number
}

/** Events that match, oldest first. */
export interface Found {
  readonly events: readonly Recorded[]
  /** False if there are more, or the search stopped at its bound of time. */
  readonly isComplete: boolean
}

/** Two times, both inclusive. */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

// Milliseconds by which events may lie outside of the times of their batch: counted requests.
const SPAN = 2000

/**
 * Returns the events of a journal between two times, both inclusive, that match.
 * @throws MetricsError WEIR_METRICS_INVALID_QUESTION for a time or a condition that is none; the
 *   store's error
 * @example
 * const range = { from: Date.now() - 60_000, to: Date.now() }
 * const { events } = await searchJournal(journal, 'responses', range, { url: '/products/1' })
 */
export async function searchJournal (
  store: JournalStore,
  namespace: string,
  { from, to }: TimeRange,
  filter: JournalFilter | ((event: Recorded) => boolean),
  { most = 500, time = 2000 }: SearchLimits = {}
): Promise<Found> {
  checkTime('from', from)
  checkTime('to', to)
  if (typeof filter !== 'function') checkFilter(filter)
  const isWanted = typeof filter === 'function' ? filter : matcher(filter)
  const end = performance.now() + time
  let events: Recorded[] = []
  let isComplete = true
  let cursor: string | undefined
  do {
    const page = await store.read(namespace, { from: from - SPAN, to: to + SPAN, cursor })
    for (const { run, instance, events: read } of page.batches) {
      for (const event of read) {
        const recorded = { ...event, run, instance }
        if (isWithin(event, { from, to }) && isWanted(recorded)) events.push(recorded)
      }
    }
    cursor = page.cursor
    if (events.length > 2 * most) {
      events = newest(events, most)
      isComplete = false
    }
    if (cursor !== undefined && performance.now() > end) isComplete = false
  } while (cursor !== undefined && performance.now() <= end)
  if (events.length > most) isComplete = false
  return { events: newest(events, most), isComplete }
}

/** Returns whether an event has a part between two times. */
export const isWithin = (event: JournalEvent, { from, to }: TimeRange): boolean =>
  event.at >= from && ('began' in event ? event.began : event.at) <= to

const newest = (events: readonly Recorded[], most: number): Recorded[] =>
  events.toSorted((a, b) => a.at - b.at).slice(-most)

/** Returns whether an event matches all conditions. */
export function matcher (filter: JournalFilter): (event: Recorded) => boolean {
  const { kind, url, tag, client, instance, request, trace } = filter
  return (event) =>
    (kind === undefined || event.kind === kind) &&
    (instance === undefined || event.instance === instance) &&
    (url === undefined || namesOf(event).some((name) => name.includes(url))) &&
    (tag === undefined || tagsOf(event).includes(tag)) &&
    (client === undefined || clientsOf(event).some((name) => isClient(name, client))) &&
    (request === undefined || requestOf(event)?.id === request) &&
    (trace === undefined || requestOf(event)?.trace === trace)
}

/** Returns whether a recorded name is a client's: its keyed hash may be left out. */
export const isClient = (name: string, client: string): boolean =>
  name === client || name.startsWith(`${client}#`)

const requestOf = (event: JournalEvent) => 'request' in event ? event.request : undefined

/** Returns the clients of an event. */
export const clientsOf = (event: JournalEvent): readonly string[] =>
  event.kind === 'served' && event.clients !== undefined
    ? event.clients
    : [requestOf(event)?.client ?? []].flat()

function tagsOf (event: JournalEvent): readonly string[] {
  switch (event.kind) {
    case 'filled': return event.version.tags
    case 'served': return event.version?.tags ?? []
    case 'gap': return []
    default: return event.tags
  }
}

function namesOf (event: JournalEvent): readonly string[] {
  const url = [requestOf(event)?.url ?? []].flat()
  switch (event.kind) {
    case 'filled': return [event.version.key, ...url]
    case 'served': return [event.key, ...url]
    case 'gap': return []
    default: return [...url, ...event.tags.map(withoutMark)]
  }
}

/** Returns whether an event may explain a response of a URL, or of a key that is one of it. */
export function aboutUrl (
  url: UrlMatcher,
  keys: ReadonlySet<string> = new Set()
): (event: Recorded) => boolean {
  return (event) =>
    (event.kind !== 'filled' && event.kind !== 'served') ||
    keys.has(keyIn(event)) || url.has(event)
}

/** Returns the keys of events of a URL; only of those that surely are, if `isSure`. */
export function keysOf (
  url: UrlMatcher,
  events: readonly Recorded[],
  isSure = false
): Set<string> {
  return new Set(events.flatMap((event) => {
    if (event.kind !== 'filled' && event.kind !== 'served') return []
    return (isSure ? url.of(event) === 'same' : url.has(event)) ? [keyIn(event)] : []
  }))
}

const KINDS: readonly unknown[] =
  ['filled', 'served', 'invalidated', 'written', 'gap'] satisfies JournalEvent['kind'][]
const CONDITIONS: readonly string[] = [
  'kind', 'url', 'tag', 'client', 'instance', 'request', 'trace'
] satisfies (keyof JournalFilter)[]

/** Fails for conditions that no event could meet, or that would be ignored. */
function checkFilter (filter: unknown): void {
  const refuse = (problem: string) => new MetricsError('WEIR_METRICS_INVALID_QUESTION', problem)
  if (typeof filter !== 'object' || filter === null) {
    throw refuse(`The filter ${shown(filter)} has no conditions: use an object such as { url: '/p' }, or {} for every event`)
  }
  for (const [name, value] of Object.entries(filter)) {
    if (value === undefined || !CONDITIONS.includes(name)) continue
    if (name === 'kind' && !KINDS.includes(value)) {
      throw refuse(`kind ${shown(value)} is not a kind of event: there are ${KINDS.join(', ')}`)
    }
    if (typeof value !== 'string') {
      throw refuse(`${name} ${shown(value)} is no text: leave it out to match any event`)
    }
  }
}

/** @throws MetricsError WEIR_METRICS_INVALID_QUESTION */
export function checkTime (name: string, value: unknown): void {
  if (typeof value === 'number' && Number.isFinite(value)) return
  throw new MetricsError(
    'WEIR_METRICS_INVALID_QUESTION',
    `${name} ${String(value)} is not a time: use ms since 1970, such as Date.now()`
  )
}
