import type { Recorded, ServedEvent, WrittenEvent } from './event.js'
import { CLOCK, type Ending, type History, type KnownVersion } from './history.js'

/**
 * Reasons why a request was answered with the version it got.
 *
 * - `not-cached`: the handler computed it for this request, and the cache has no part in it
 * - `computed`: the handler computed it for this request, and the cache stored it
 * - `computed-before-write`: likewise, but the handler had begun before a write
 * - `current`: it was the current version, and still is
 * - `before-write`: it was the current version; a write changed it later
 * - `before-acknowledged`: a write was under way, and its client had no answer yet
 * - `bounded`: the write asked for bounded consistency, and instances may follow later
 * - `outbox-behind`: the invalidation of the write waited in the outbox
 * - `invalidation-failed`: the write was answered with an error, because its invalidation failed
 * - `stale-while-revalidate`, `stale-if-error`: stale, within the window for it
 * - `outage`: the shared store did not answer, and the route prefers old responses to none
 * - `not-told`: the data had changed without an invalidation
 * - `unexplained`: none of these
 */
export type ServedCause =
  | 'not-cached' | 'computed' | 'computed-before-write' | 'current' | 'before-write'
  | 'before-acknowledged' | 'bounded' | 'outbox-behind' | 'invalidation-failed'
  | 'stale-while-revalidate' | 'stale-if-error' | 'outage' | 'not-told' | 'unexplained'

/** A reason with the events that it rests on. */
export interface Explained {
  readonly cause: ServedCause
  readonly version: KnownVersion | undefined
  readonly ending: Ending | undefined
  /** The write that the reason is about. */
  readonly write: Recorded<WrittenEvent> | undefined
  /** Two instances whose clocks disagree: their events have an impossible order. */
  readonly clocks?: Clocks
  /** The closest events whose order the reason rests on, and only the clocks tell. */
  readonly order?: ClockOrder
}

/** Events of two instances, and the milliseconds between them. */
export interface ClockOrder {
  readonly one: string
  readonly other: string
  readonly apart: number
}

/** Two clocks, and the milliseconds by which they differ, at least. */
export interface Clocks {
  readonly ahead: string
  readonly behind: string
  readonly by: number
}

// Milliseconds after which every instance knows an invalidation, whatever its consistency.
const FOLLOWED = 1000

/** Explains why a request was answered with the version it got. */
export function explain (history: History, served: Recorded<ServedEvent>): Explained {
  const explained = explainByTimes(history, served)
  const clocks = disagreement(served, explained)
  return { ...explained, ...(clocks !== undefined && { clocks }) }
}

/** Explains as `explain` does, and whether the reason rests on clocks that may differ. */
export function explainWithOrder (history: History, served: Recorded<ServedEvent>): Explained {
  const explained = explain(history, served)
  const isSame = [-CLOCK, -CLOCK / 2, 0, CLOCK / 2, CLOCK].every((shift) =>
    explainByTimes(history, served, shift, 0).cause === explained.cause)
  const order = isSame ? undefined : closest(history, served, explained)
  return { ...explained, ...(order !== undefined && { order }) }
}

/** Returns the event of another instance that is closest to a served request. */
function closest (
  history: History,
  served: Recorded<ServedEvent>,
  { version, ending }: Explained
): ClockOrder | undefined {
  const writes = history.writesTo(version ?? history.latestOf(served.key))
    .flatMap(({ instance, began, since, at }) =>
      [began, since, at].map((time) => ({ instance, time })))
  const { instance = '', at = 0 } = ending?.invalidation ?? {}
  const distance = (time: number) =>
    Math.round(Math.min(Math.abs(time - served.began), Math.abs(time - served.at)))
  return [...writes, ...(ending === undefined ? [] : [{ instance, time: at }])]
    .filter((event) => event.instance !== served.instance)
    .map((event) =>
      ({ one: served.instance, other: event.instance, apart: distance(event.time) }))
    .toSorted((a, b) => a.apart - b.apart)[0]
}

/** Returns two clocks by which an effect came before its cause. */
function disagreement (
  served: Recorded<ServedEvent>,
  { cause, version, ending, write }: Explained
): Clocks | undefined {
  const later = (effect: { instance: string, at: number }, by: string, at: number) =>
    effect.instance !== by && at > effect.at + CLOCK
      ? [{ ahead: by, behind: effect.instance, by: at - effect.at }]
      : []
  const { facts } = version ?? {}
  const stored = (effect: Recorded | undefined) =>
    facts === undefined || effect === undefined
      ? []
      : later(effect, facts.filledBy, facts.storedAt)
  const isDone = write?.outcome === 'acknowledged' || write?.outcome === 'unconfirmed'
  const isAfter = cause === 'unexplained' && write !== undefined
  return [
    ...(served.stamp === undefined ? [] : stored(served)),
    ...stored(ending?.invalidation),
    ...(isDone && write === ending?.write ? stored(write) : []),
    ...(isAfter ? later(write, served.instance, served.began) : [])
  ][0]
}

/**
 * @param shift milliseconds by which the clocks of other instances are set
 * @param tolerance milliseconds by which they may differ in favor of the write
 */
function explainByTimes (
  history: History,
  served: Recorded<ServedEvent>,
  shift = 0,
  tolerance = CLOCK
): Explained {
  // One process has one clock.
  const isOwn = ({ instance }: Recorded) => instance === served.instance
  const on = (event: Recorded, time: number) => isOwn(event) ? time : time + shift
  const endOf = (write: Recorded<WrittenEvent>) => on(write, write.at)
  const latestEndOf = (write: Recorded<WrittenEvent>) =>
    endOf(write) + (isOwn(write) ? 0 : tolerance)
  const version = history.versionOf(served)
  if (version === undefined || served.stamp === undefined) {
    return computed(history, served, version, on)
  }
  const ending = history.endingOf(version)
  const writes = history.writesTo(version)
  const known = { version, ending }
  const of = (cause: ServedCause, write = ending?.write): Explained => ({ ...known, cause, write })
  if (served.standsIn === 'error') return of('stale-if-error')
  if (served.standsIn === 'outage') return of('outage')

  const ended =
    ending === undefined ? Infinity : on(ending.invalidation, ending.invalidation.at)
  // The data may be new already, and the client of the write does not know yet.
  const pending = writes.find((write) =>
    on(write, write.began) <= served.at && served.began <= latestEndOf(write) &&
    (ending?.write === undefined || write === ending.write))
  if (pending !== undefined && served.began <= ended + FOLLOWED) {
    if (pending.outcome === 'queued' && served.began > endOf(pending)) {
      return of('outbox-behind', pending)
    }
    return of('before-acknowledged', pending)
  }
  const before = writes.findLast((write) =>
    endOf(write) < served.began && isStillPending(write, endOf(write), ended))
  if (before?.outcome === 'queued' && served.began <= ended + FOLLOWED) {
    return of('outbox-behind', before)
  }
  if (before?.outcome === 'failed' && served.began <= ended) return of('invalidation-failed', before)
  if (ending !== undefined && ended <= served.at) {
    const { write } = ending
    if (write === undefined) {
      return of(served.began <= ended + FOLLOWED ? 'before-acknowledged' : 'unexplained')
    }
    if (served.began <= latestEndOf(write)) return of('before-acknowledged')
    const isBounded = write.consistency === 'bounded' && served.began <= ended + FOLLOWED
    return of(isBounded ? 'bounded' : 'unexplained')
  }
  if (served.outcome === 'stale') return of('stale-while-revalidate')
  const next = history.nextFill(version)
  const hasChanged = next !== undefined && version.facts?.etag !== next.version.etag
  if (ending === undefined && hasChanged) return of('not-told')
  return of(ending === undefined ? 'current' : 'before-write')
}

/** A write whose invalidation is not in the store at its end. */
const isStillPending = ({ outcome }: WrittenEvent, end: number, ended: number) =>
  outcome === 'queued' || (outcome === 'failed' && ended > end)

/** Explains a response that the request's own handler computed. */
function computed (
  history: History,
  served: Recorded<ServedEvent>,
  version: KnownVersion | undefined,
  on: (event: Recorded, time: number) => number
): Explained {
  const known = { version, ending: version && history.endingOf(version) }
  if (served.outcome !== 'miss') return { ...known, cause: 'not-cached', write: undefined }
  // A response that was not stored has the tags of those that were.
  const alike = version ?? history.latestOf(served.key)
  const began = version?.fill?.began ?? served.began
  const write = history.writesTo(alike).find((write) =>
    began <= on(write, write.since) && on(write, write.since) <= served.at)
  return { ...known, cause: write === undefined ? 'computed' : 'computed-before-write', write }
}
