import { LONGEST_TIMER } from './duration.js'
import type { Entry } from './entry.js'
import type { Source } from './events.js'
import { withResolvers } from './with-resolvers.js'

/**
 * How a flight ended for those who waited for it. `none`: nothing to share, or too late; each on its own. `again`: nobody
 * computed anything; they start over.
 */
export type Landing<T> =
  | { readonly kind: 'value', readonly entry: Entry<T>, readonly source: Source }
  | { readonly kind: 'error', readonly error: unknown, readonly stale: Entry<T> | undefined }
  | { readonly kind: 'none' }
  | { readonly kind: 'again' }

/** One computation of one key in this process, and those who wait for it. */
export class Flight<T> {
  readonly landed: Promise<Landing<T>>
  readonly land: (landing: Landing<T>) => void

  /**
   * @param number the order in which flights began in this process, or last departed: began to compute
   * @param background it replaces a stale value that may be served meanwhile
   */
  constructor (public number: number, readonly background: boolean, timeout: number, onEnd: (flight: Flight<T>) => void) {
    const { promise, resolve } = withResolvers<Landing<T>>()
    const land = (landing: Landing<T>) => {
      clearTimeout(timer)
      onEnd(this)
      resolve(landing)
    }
    const timer = setTimeout(land, Math.min(timeout, LONGEST_TIMER), { kind: 'none' }).unref()
    this.landed = promise
    this.land = land
  }
}

/**
 * At most one flight per key. One that takes longer than `timeout` milliseconds stops being waited for and makes room
 * for another; if it ends after all, what it stores is judged like any entry.
 */
export class Flights<T> {
  readonly #open = new Map<string, Flight<T>>()
  #begun = 0

  constructor (readonly timeout: number) {}

  /** The number of the latest flight. Who arrives now arrives before any flight with a higher number. */
  get latest (): number {
    return this.#begun
  }

  get size (): number {
    return this.#open.size
  }

  of (key: string): Flight<T> | undefined {
    return this.#open.get(key)
  }

  begin (key: string, background = false): Flight<T> {
    const flight = new Flight<T>(++this.#begun, background, this.timeout, (ended) => {
      if (this.#open.get(key) === ended) this.#open.delete(key)
    })
    this.#open.set(key, flight)
    return flight
  }

  /** The flight begins to compute: to those who arrived before, its value is not too old, whatever is invalidated meanwhile. */
  depart (flight: Flight<T>): void {
    flight.number = ++this.#begun
  }
}
