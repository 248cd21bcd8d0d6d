import { hashOf } from './hash.js'

/** A sentence; times in it are ms since 1970. */
export type Words = readonly (string | { readonly at: number })[]

/** A request as the journal records it. */
export interface JournalRequest {
  readonly method: string
  readonly url: string
  readonly id: string
  readonly trace: string | null
  readonly client: string | null
}

/** An event of the journal as the API returns it. */
export interface JournalEvent {
  readonly kind: 'filled' | 'served' | 'invalidated' | 'written' | 'gap'
  readonly at: number
  readonly instance: string
  readonly text: Words
  readonly url: string | null
  readonly stamp: number | null
  readonly etag: string | null
  readonly outcome: string | null
  readonly count: number
  readonly request: JournalRequest | null
  readonly clients: readonly string[]
  readonly tags: readonly string[]
}

export interface JournalGap {
  readonly from: number
  readonly to: number
  readonly text: Words
}

export interface JournalPage {
  readonly namespace: string
  /** Newest first. */
  readonly events: readonly JournalEvent[]
  readonly complete: boolean
  readonly gaps: readonly JournalGap[]
}

/** The answer to why a client saw a version of a response. */
export interface WhyAnswer {
  readonly url: string
  readonly at: number
  readonly cause: string
  readonly conclusion: Words
  readonly certain: boolean
  readonly gaps: readonly JournalGap[]
  readonly served: JournalEvent | null
  readonly version: {
    readonly stamp: number
    readonly etag: string | null
    readonly filledBy: string | null
    readonly storedAt: number | null
    readonly freshUntil: number | null
    readonly cacheControl: string | null
    readonly tags: readonly string[]
  } | null
  readonly fill: JournalEvent | null
  readonly write: JournalEvent | null
  readonly timeline: readonly (JournalEvent & { readonly decisive: boolean })[]
}

export interface Journals {
  readonly namespaces: readonly string[]
  readonly instances: number
}

/** Conditions on events, by their names in the address and in the API. */
export const CONDITIONS =
  ['url', 'client', 'tag', 'instance', 'request', 'trace', 'kind'] as const
export type Conditions = Readonly<Partial<Record<typeof CONDITIONS[number], string>>>

/** The part of the address that selects the contents of the page. */
export interface JournalView {
  readonly namespace: string | undefined
  readonly conditions: Conditions
  /** Whether the page explains a response; otherwise it lists events. */
  readonly explains: boolean
  /** When the response was seen; undefined: now. */
  readonly at: number | undefined
}

/** Reads the view from the query of an address. */
export function journalIn (query: URLSearchParams): JournalView {
  const given = (name: string) => query.get(name)?.trim() || undefined
  const conditions = CONDITIONS.flatMap((name) => {
    const value = given(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  const at = given('at')
  return {
    namespace: given('namespace'),
    conditions: Object.fromEntries(conditions),
    explains: given('why') !== undefined && given('url') !== undefined,
    at: at !== undefined && /^\d{1,15}$/.test(at) ? Number(at) : undefined
  }
}

/**
 * Returns the address of a view.
 * @param range time range of a list, as in the address
 */
export const journalAddress = (
  { namespace, conditions, explains, at }: Partial<JournalView>,
  range: Readonly<Record<string, string>> = {}
): string => hashOf(['journal'], {
  namespace,
  ...conditions,
  ...(explains === true ? { why: '1', at: at?.toString() } : range)
})

/** Returns the request for the answer of a view. */
export function whyRequest ({ namespace = '', conditions: { url = '', client }, at }: JournalView) {
  const query = new URLSearchParams({
    namespace,
    url,
    ...(client !== undefined && { client }),
    ...(at !== undefined && { at: String(at) })
  })
  return `api/stats/journal/why?${query.toString()}`
}

/**
 * Returns the request for the events of a view.
 * @param time `from=…&to=…`
 */
export const eventsRequest = ({ namespace = '', conditions }: JournalView, time: string) =>
  `api/stats/journal?${new URLSearchParams({ namespace, ...conditions }).toString()}&${time}`

/**
 * Returns the part of its URLs that all requests of a route share.
 * @example journalUrl('GET /products/:id') // '/products/'
 */
export const journalUrl = (route: string): string =>
  route.replace(/^[A-Z]+ /, '').replace(/[:*(].*$/, '')

/** Formats a time of day to the millisecond. @example clockMs(0) // '00:00:00.000' in UTC */
export function clockMs (at: number): string {
  const time = new Date(at)
  const two = (value: number) => String(value).padStart(2, '0')
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')
  return `${clock}.${String(Math.floor(time.getMilliseconds())).padStart(3, '0')}`
}

/** Formats a time for an input of date and time, in local time with seconds. */
export function localInput (at: number): string {
  const time = new Date(at)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}` +
    `T${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
}

/** Reads the value of such an input; undefined if it is empty or no time. */
export function fromLocalInput (text: string): number | undefined {
  const at = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(at) ? undefined : at
}

/** Returns a sentence as text, for copying and for CSV. */
export const wordsText = (words: Words): string =>
  words.map((part) => typeof part === 'string' ? part : clockMs(part.at)).join('')

/** Returns the tone of a conclusion. */
export function toneOf (cause: string): 'good' | 'warn' | 'bad' {
  if (cause === 'unexplained' || cause === 'invalidation-failed') return 'bad'
  return ['current', 'computed', 'before-write', 'not-cached'].includes(cause) ? 'good' : 'warn'
}

const KINDS: Readonly<Record<JournalEvent['kind'], string>> = {
  filled: 'Filled',
  served: 'Served',
  invalidated: 'Invalidated',
  written: 'Written',
  gap: 'Gap'
}
export const JOURNAL_KINDS = Object.entries(KINDS)

/** The name of a kind of event. */
export const kindLabel = (kind: JournalEvent['kind']): string => KINDS[kind]
