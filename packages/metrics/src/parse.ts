import { readAnnouncement } from './announcement.js'
import {
  type Check, isBoolean, isNumber, isObject, isText, listOf, mapOf, optional, shape
} from './checks.js'
import { boundedEdge, type EdgeRequest } from './edge.js'
import { type InstanceState, type MinuteRecord, OUTCOMES } from './record.js'
import { readFindings } from './shadow/read.js'

/** Parses a record; undefined if the text is not one: the store's content is not trusted. */
export const parseRecord = (text: string): MinuteRecord | undefined => parsed(text, isMinuteRecord)

/** Parses a state and bounds its announcement and findings; undefined if it is not a state. */
export function parseState (text: string): InstanceState | undefined {
  const state = parsed(text, isInstanceState)
  if (state === undefined) return undefined
  const { announced, edge, shadow, ...rest } = state
  const [read, findings] = [readAnnouncement(announced), readFindings(shadow)]
  return {
    ...rest,
    ...(read !== undefined && { announced: read }),
    ...(edge !== undefined && { edge: boundedEdge(edge) }),
    ...(findings.length > 0 && { shadow: findings })
  }
}

function parsed<T> (text: string, is: (value: unknown) => value is T): T | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return is(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Parses a request to an edge; undefined if the text is not one. */
export const parseEdgeRequest = (text: string): EdgeRequest | undefined =>
  parsed(text, isEdgeRequest)

const isSeries = shape({
  count: isNumber,
  shared: isNumber,
  notModified: isNumber,
  bytes: isNumber,
  savedMicros: isNumber,
  latencySumMicros: isNumber,
  latency: listOf(isNumber)
})

const isOutcomes: Check = (value) =>
  mapOf(isSeries)(value) && isObject(value) && Object.keys(value).every(isOutcome)
const isOutcome: Check = (name) => OUTCOMES.some((outcome) => outcome === name)

const hasRecord = shape({
  run: isText,
  service: isText,
  instance: isText,
  minute: isNumber,
  seq: isNumber,
  routes: listOf(shape({ route: isText, outcomes: isOutcomes, reasons: mapOf(isNumber) })),
  filledBy: mapOf(isNumber),
  denials: listOf(shape({ route: isText, policy: isText, client: isText, count: isNumber })),
  caches: optional(
    listOf(
      shape({
        cache: isText,
        l1: isNumber,
        l2: isNumber,
        coalesced: isNumber,
        stale: isNumber,
        misses: isNumber,
        savedMicros: isNumber
      })
    )
  )
})

const isLetterId = shape({ destination: isText, id: isText })
const isLetter = shape({
  destination: isText, id: isText, tag: isText, error: isText, died: isText
})

const hasEdge = shape({
  isShared: isBoolean,
  destinations: listOf(shape({
    destination: isText,
    pending: isNumber,
    oldestMs: isNumber,
    dead: isNumber,
    confirmed: isNumber,
    failed: isNumber,
    state: (value) => value === 'ok' || value === 'failing' || value === 'limited',
    error: optional(isText)
  })),
  letters: listOf(isLetter)
})

const isPurge = shape({
  id: isText, action: (value) => value === 'purge', tags: listOf(isText)
})
const isOfLetters = shape({
  id: isText,
  action: (value) => value === 'retry' || value === 'discard',
  letters: listOf(isLetterId)
})

const hasState = shape({
  run: isText,
  service: isText,
  instance: isText,
  pid: isNumber,
  node: isText,
  startedAt: isNumber,
  at: isNumber,
  rssBytes: isNumber,
  heapBytes: isNumber,
  eventLoopDelayMs: isNumber,
  l1: shape({ entries: isNumber, bytes: isNumber, evictions: isNumber }),
  invalidations: listOf(shape({ at: isNumber, namespace: isText, tags: listOf(isText) })),
  breakers: optional(listOf(shape({ at: isNumber, name: isText, isOpen: isBoolean }))),
  routes: optional(listOf(shape({ route: isText, cache: isObject }))),
  edge: optional(hasEdge),
  endedAt: optional(isNumber)
})

const isMinuteRecord = (value: unknown): value is MinuteRecord => hasRecord(value)
const isInstanceState = (value: unknown): value is InstanceState => hasState(value)
const isEdgeRequest = (value: unknown): value is EdgeRequest => isPurge(value) || isOfLetters(value)
