import type { CheckId } from '../catalogue.js'
import type { Answer } from '../target/target.js'
import type { Change } from './change.js'
import type { RouteProbe } from './route-probe.js'
import { newToken } from './token.js'
import { Control, placeOf, type View, viewOf } from './view.js'

/**
 * One way to poison an entry: a request fills it, and an innocent one reads it. The reader must get
 * what it would have got without the first.
 */
export interface Trial {
  readonly check: CheckId
  /** The input that the first request adds, for the finding. */
  readonly input: string
  /** The first request. The marker is unknown to everything else. */
  readonly fill: (marker: string) => Change
  /** The second request, if it is not the plain one. Never has the marker. */
  readonly read?: Change
  /** Whether the first response may equal a plain one and be stored differently: HEAD, ranges. */
  readonly isSilent?: boolean
  /** Whether only the marker is evidence. */
  readonly isMarkerOnly?: boolean
  /** Whether only an error that the second request gets is evidence. */
  readonly isErrorOnly?: boolean
}

/** A poisoned entry. */
export interface Poisoned {
  readonly check: CheckId
  readonly input: string
  /** The part of the innocent response that the first request has changed. */
  readonly place: string
  readonly filled: Answer
  readonly read: Answer
  readonly isMarked: boolean
}

/**
 * Tries to poison an entry. The fault is returned only if it shows twice, under different keys and
 * with different markers, while requests under other keys are unchanged.
 */
export async function poison (probe: RouteProbe, trial: Trial): Promise<Poisoned | undefined> {
  const first = await attempt(probe, trial)
  if (first === undefined) return undefined
  if (probe.isolation === undefined) return first.isMarked ? first : undefined
  const second = await attempt(probe, trial)
  if (second === undefined || second.place !== first.place) return undefined
  return second.isMarked || await isUnchanged(probe, trial) ? second : undefined
}

async function attempt (probe: RouteProbe, trial: Trial): Promise<Poisoned | undefined> {
  const { check, input } = trial
  const key = await probe.fresh()
  const marker = newToken()
  const filled = await probe.ask(key, trial.fill(marker))
  const view = viewOf(filled, key.token)
  const isMarked = placeOf(marker, filled) !== undefined
  if (trial.isMarkerOnly === true && !isMarked) return undefined
  const isPlain = trial.read === undefined && trial.isSilent !== true
  if (isPlain && !isMarked && probe.control.difference(view) === undefined) return undefined
  const read = await probe.ask(key, trial.read)
  const marked = placeOf(marker, read)
  if (trial.isErrorOnly === true && read.status < 400) return undefined
  if (marked !== undefined) return { check, input, place: marked, filled, read, isMarked: true }
  if (trial.isMarkerOnly === true) return undefined
  const control = trial.read === undefined ? probe.control : await controlOf(probe, trial.read)
  const got = viewOf(read, key.token)
  const place = control.difference(got)
  return place !== undefined && cameFrom(got, view)
    ? { check, input, place, filled, read, isMarked: false }
    : undefined
}

/** Whether the reader got the body or the failure of the first request. */
const cameFrom = (read: View, filled: View) =>
  new Control(filled).isLike(read) || (read.status >= 300 && read.status === filled.status)

/** Learns the response to a request that is not the plain one. */
export async function controlOf (probe: RouteProbe, change: Change): Promise<Control> {
  const views: View[] = []
  for (let i = 0; i < 2; i++) {
    const key = await probe.fresh()
    views.push(viewOf(await probe.ask(key, change), key.token))
  }
  const [first, second] = views
  if (first === undefined || second === undefined) throw new Error('unreachable')
  return new Control(first, second)
}

/** Whether innocent requests under other keys still get what they got before. */
async function isUnchanged (probe: RouteProbe, trial: Trial): Promise<boolean> {
  if (trial.read !== undefined) return true
  for (let i = 0; i < 2; i++) {
    const key = await probe.fresh()
    const view = viewOf(await probe.ask(key), key.token)
    if (probe.control.difference(view) !== undefined) return false
  }
  return true
}
