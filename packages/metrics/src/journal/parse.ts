import { isBoolean, isNumber, isObject, isText, listOf, oneOf, optional, shape } from '../checks.js'
import type { JournalEvent } from './event.js'
import type { JournalRun } from './store.js'

const isRequest = shape({
  method: isText,
  url: isText,
  id: isText,
  trace: optional(isText),
  client: optional(isText)
})
const isVersion = shape({
  key: isText,
  stamp: isNumber,
  etag: optional(isText),
  tags: listOf(isText),
  filledBy: isText,
  storedAt: isNumber,
  freshUntil: isNumber,
  staleUntil: isNumber,
  errorUntil: isNumber,
  cacheControl: optional(isText)
})
const span = { at: isNumber, began: isNumber }
const KINDS = {
  filled: shape({
    ...span,
    version: isVersion,
    status: isNumber,
    bytes: isNumber,
    isRefill: isBoolean,
    request: isRequest
  }),
  served: shape({
    ...span,
    outcome: oneOf('l1', 'l2', 'coalesced', 'stale', 'miss', 'bypass'),
    key: isText,
    stamp: optional(isNumber),
    etag: optional(isText),
    filledBy: optional(isText),
    version: optional(isVersion),
    reason: optional(isText),
    standsIn: optional(oneOf('error', 'outage')),
    status: optional(isNumber),
    request: optional(isRequest),
    count: optional(isNumber),
    clients: optional(listOf(isText)),
    hasMoreClients: optional(isBoolean)
  }),
  invalidated: shape({
    at: isNumber, stamp: isNumber, tags: listOf(isText), request: optional(isRequest)
  }),
  written: shape({
    ...span,
    since: isNumber,
    tags: listOf(isText),
    outcome: oneOf('acknowledged', 'queued', 'unconfirmed', 'failed'),
    consistency: oneOf('strict', 'bounded'),
    status: isNumber,
    request: isRequest
  }),
  gap: shape({ ...span, count: isNumber })
}

function isEvent (value: unknown): value is JournalEvent {
  if (!isObject(value)) return false
  const kind = Object.entries(KINDS).find(([name]) => name === value['kind'])
  return kind?.[1](value) === true
}

const hasRun = shape({
  run: isText,
  instance: isText,
  startedAt: isNumber,
  coveredTo: isNumber,
  isEnded: isBoolean,
  redact: optional(listOf(isText)),
  hashKey: optional(isText)
})
const isRun = (value: unknown): value is JournalRun => hasRun(value)

/** Parses a list of events, leaving out what is none: the store's content is not trusted. */
export function parseEvents (text: string): JournalEvent[] {
  const value = parsed(text)
  return Array.isArray(value) ? value.filter(isEvent) : []
}

/** Parses a process of a journal; undefined if the text is none. */
export function parseRun (text: string): JournalRun | undefined {
  const value = parsed(text)
  return isRun(value) ? value : undefined
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
