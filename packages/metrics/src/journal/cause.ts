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

function explainByTimes (history: History, served: Recorded<ServedEvent>): Explained {
  const version = history.versionOf(served)
  if (version === undefined || served.stamp === undefined) {
    return computed(history, served, version)
  }
  const ending = history.endingOf(version)
  const writes = history.writesTo(version)
  const known = { version, ending }
  const of = (cause: ServedCause, write = ending?.write): Explained => ({ ...known, cause, write })
  if (served.standsIn === 'error') return of('stale-if-error')
  if (served.standsIn === 'outage') return of('outage')

  const ended = ending?.invalidation.at ?? Infinity
  // The data may be new already, and the client of the write does not know yet.
  const pending = writes.find((write) =>
    write.began <= served.at && served.began <= write.at + clockOf(write, served) &&
    (ending?.write === undefined || write === ending.write))
  if (pending !== undefined && served.began <= ended + FOLLOWED) {
    if (pending.outcome === 'queued' && served.began > pending.at) {
      return of('outbox-behind', pending)
    }
    return of('before-acknowledged', pending)
  }
  const before = writes.findLast((write) => write.at < served.began && isStillPending(write, ended))
  if (before?.outcome === 'queued' && served.began <= ended + FOLLOWED) {
    return of('outbox-behind', before)
  }
  if (before?.outcome === 'failed' && served.began <= ended) return of('invalidation-failed', before)
  if (ending !== undefined && ended <= served.at) {
    const { write } = ending
    if (write === undefined) {
      return of(served.began <= ended + FOLLOWED ? 'before-acknowledged' : 'unexplained')
    }
    if (served.began <= write.at + clockOf(write, served)) return of('before-acknowledged')
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
const isStillPending = (write: WrittenEvent, ended: number) =>
  write.outcome === 'queued' || (write.outcome === 'failed' && ended > write.at)

/** Clocks of two instances may differ; one process has one clock. */
const clockOf = (a: Recorded<WrittenEvent>, b: Recorded<ServedEvent>) =>
  a.instance === b.instance ? 0 : CLOCK

/** Explains a response that the request's own handler computed. */
function computed (
  history: History,
  served: Recorded<ServedEvent>,
  version: KnownVersion | undefined
): Explained {
  const known = { version, ending: version && history.endingOf(version) }
  if (served.outcome !== 'miss') return { ...known, cause: 'not-cached', write: undefined }
  // A response that was not stored has the tags of those that were.
  const alike = version ?? history.latestOf(served.key)
  const began = version?.fill?.began ?? served.began
  const write = history.writesTo(alike).find((write) =>
    began <= write.since && write.since <= served.at)
  return { ...known, cause: write === undefined ? 'computed' : 'computed-before-write', write }
}
