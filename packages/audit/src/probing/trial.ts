import type { CheckId } from '../catalogue.js'
import type { Answer } from '../target/target.js'
import type { Change } from './change.js'
import { isCausal } from './confirm.js'
import { mayBeServed } from './hit.js'
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
  /** Status that innocent requests get otherwise. */
  readonly usual: number
}

/**
 * Tries to poison an entry. A marker that an innocent request gets is proof. Other faults are
 * returned only if they show each time, under different keys, and never without the first request:
 * see `isCausal`. Parts that turn out to change on their own are learned, and no longer compared.
 */
export async function poison (probe: RouteProbe, trial: Trial): Promise<Poisoned | undefined> {
  const innocent = new Innocent(probe, trial.read)
  for (let tries = 0; tries < TRIES; tries++) {
    const first = await attempt(probe, trial, innocent)
    if (first === undefined) return undefined
    if (probe.isolation === undefined) return first.isMarked ? first : undefined
    const second = await attempt(probe, trial, innocent)
    if (second === undefined || second.place !== first.place) return undefined
    if (second.isMarked) return second
    let hasChanged = false
    const isCaused = await isCausal(
      async () => (await attempt(probe, trial, innocent))?.place === first.place,
      async () => {
        hasChanged = await innocent.hasChanged()
        return hasChanged
      }
    )
    if (isCaused) return second
    if (!hasChanged) return undefined
  }
  return undefined
}

/** Most times that a trial begins anew because the route has changed on its own. */
const TRIES = 8

/** The innocent requests of a trial, and the responses that they get without the first request. */
class Innocent {
  readonly #probe: RouteProbe
  readonly #change: Change | undefined
  #control: Control | undefined

  constructor (probe: RouteProbe, change: Change | undefined) {
    this.#probe = probe
    this.#change = change
  }

  async control (): Promise<Control> {
    if (this.#change === undefined) return this.#probe.control
    this.#control ??= await controlOf(this.#probe, this.#change)
    return this.#control
  }

  /** Fills and reads an entry by innocent requests; learns the response if it is a new one. */
  async hasChanged (): Promise<boolean> {
    const control = await this.control()
    const key = await this.#probe.fresh()
    await this.#probe.ask(key, this.#change)
    const view = viewOf(await this.#probe.ask(key, this.#change), key.token)
    if (control.difference(view) === undefined) return false
    if (this.#change === undefined) this.#probe.learn(view)
    else this.#control = control.with(view)
    return true
  }
}

async function attempt (
  probe: RouteProbe, trial: Trial, innocent: Innocent
): Promise<Poisoned | undefined> {
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
  const usual = probe.control.status
  if (marked !== undefined) {
    return { check, input, place: marked, filled, read, isMarked: true, usual }
  }
  if (trial.isMarkerOnly === true || !mayBeServed(probe.plain, filled, read)) return undefined
  const control = await innocent.control()
  const got = viewOf(read, key.token)
  const place = control.difference(got)
  return place !== undefined && cameFrom(got, view, place)
    ? { check, input, place, filled, read, isMarked: false, usual: control.status }
    : undefined
}

/** Whether the reader got the body or the failure of the first request, and its field. */
const cameFrom = (read: View, filled: View, place: string) =>
  (new Control(filled).isLike(read) || (read.status >= 300 && read.status === filled.status)) &&
  read.headers.get(place) === filled.headers.get(place)

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
