import type { Explained } from './cause.js'
import type { Recorded, ServedEvent } from './event.js'
import type { History, KnownVersion } from './history.js'
import { withoutMark } from './names.js'
import { requestText } from './sentence.js'
import { say, type Text } from './text.js'
import type { Step } from './why.js'

const MOST = 24

/** Returns the events that concern an answer in their order; the nearest ones if there are many. */
export function timelineOf (
  history: History,
  explained: Explained | undefined,
  served: Recorded<ServedEvent> | undefined,
  at: number
): Step[] {
  const { version, ending, write } = explained ?? {}
  const decisive = new Set<Recorded>(
    [served, version?.fill, ending?.invalidation, write].filter((event) => event !== undefined))
  const isOfKey = (key: string) => version === undefined || version.key === key
  const tags = version?.facts?.tags ?? []
  // Events of the same millisecond are in the order in which they follow from each other.
  const all: Recorded[] = [
    ...history.fills.filter(({ version: { key } }) => isOfKey(key)),
    ...history.served.filter(({ key }) => isOfKey(key)),
    ...history.invalidations.filter((event) => decisive.has(event) || concerns(event.tags, tags)),
    ...history.writes.filter((event) => decisive.has(event) || concerns(event.tags, tags))
  ]
  const nearest = all.toSorted((a, b) =>
    Number(decisive.has(b)) - Number(decisive.has(a)) ||
    Math.abs(a.at - at) - Math.abs(b.at - at))
  const shown = new Set(nearest.slice(0, MOST))
  return all
    .filter((event) => shown.has(event))
    .toSorted((a, b) => a.at - b.at)
    .map((event) => ({
      at: event.at, event, isDecisive: decisive.has(event), text: describe(event, version)
    }))
}

const concerns = (tags: readonly string[], of: readonly string[]) =>
  tags.length === 0 || tags.some((tag) => of.includes(tag))

/** Describes an event in one sentence. */
export function describe (event: Recorded, version?: KnownVersion): Text {
  const { instance } = event
  switch (event.kind) {
    case 'filled': {
      const which = version?.stamp === event.version.stamp ? 'this version' : 'a version'
      return say`${instance} computed and stored ${which}${etag(event.version.etag)} for ${requestText(event.request)}${event.isRefill ? ', in the background' : ''}`
    }
    case 'served': {
      const which = event.stamp === undefined
        ? 'a response of its handler'
        : version?.stamp === event.stamp ? 'this version' : 'another version'
      const to = event.request === undefined
        ? `${event.count ?? 1} more requests`
        : requestText(event.request)
      const status = event.status === undefined ? '' : `, status ${event.status}`
      return say`${instance} served ${which}${etag(event.etag)} to ${to}: ${OUTCOMES[event.outcome]}${event.reason === undefined ? '' : ` (${event.reason})`}${status}`
    }
    case 'written':
      return say`${requestText(event.request)} was ${WRITES[event.outcome]} by ${instance} with status ${event.status}; ${event.consistency} consistency, begun at ${{ at: event.began }}`
    case 'invalidated':
      return event.tags.length === 0
        ? say`${instance} invalidated the whole namespace`
        : say`${instance} invalidated ${event.tags.slice(0, 3).map(withoutMark).map(shown).join(', ')}${event.tags.length > 3 ? ` and ${event.tags.length - 3} more` : ''}${event.request === undefined ? '' : ` for ${requestText(event.request)}`}`
    case 'gap':
      return say`${instance} could not record ${event.count} events from ${{ at: event.began }} on`
  }
}

const etag = (value: string | undefined) => value === undefined ? '' : ` ${value}`
const shown = (name: string) => name.split('\n', 1)[0] ?? ''

const OUTCOMES = {
  l1: 'hit in memory',
  l2: 'hit in the store',
  coalesced: 'waited for a fill',
  stale: 'stale',
  miss: 'miss',
  bypass: 'not cached'
} as const
const WRITES = {
  acknowledged: 'acknowledged',
  queued: 'acknowledged, with its invalidation in the outbox,',
  unconfirmed: 'acknowledged, without the edge\'s confirmation,',
  failed: 'refused'
} as const
