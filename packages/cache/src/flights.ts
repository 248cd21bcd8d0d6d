import { LONGEST_TIMER } from './duration.js'
import type { Entry } from './entry.js'
import type { Source } from './events.js'
import { FillNode } from './fill-graph.js'
import type { Entries } from './store.js'
import type { FillTrace } from './traces.js'
import { withResolvers } from './with-resolvers.js'

/**
 * The outcome of a flight for the callers that joined it. `unshared`: there is nothing to share, or
 * it is too late; each computes for itself. `again`: nothing was computed, or a value that is its
 * caller's own; they start over, but after an own one those that may have their own, too, compute
 * side by side.
 */
export type Outcome<T> =
  | { readonly kind: 'value', readonly entry: Entry<T>, readonly source: Source }
  | { readonly kind: 'error', readonly stale: Entry<T> | undefined }
  | { readonly kind: 'unshared' }
  | { readonly kind: 'again', readonly wasOwn?: boolean }

/** One computation of one key in this process, and the callers that joined it. */
export class Flight<T> {
  readonly outcome: Promise<Outcome<T>>
  readonly finish: (outcome: Outcome<T>) => void
  /** The trace of its fill, once the fill has begun and if it has subscribers. */
  trace: FillTrace | undefined
  /**
   * @param number the order in which flights began in this process, or last started to compute
   * @param background it replaces a stale value that may be served meanwhile
   */
  constructor (
    readonly node: FillNode,
    public number: number,
    readonly background: boolean,
    timeout: number,
    onEnd: (flight: Flight<T>) => void
  ) {
    const { promise, resolve } = withResolvers<Outcome<T>>()
    const finish = (outcome: Outcome<T>) => {
      clearTimeout(timer)
      node.end()
      onEnd(this)
      resolve(outcome)
    }
    const timer = setTimeout(finish, Math.min(timeout, LONGEST_TIMER), {
      kind: 'unshared'
    }).unref()
    this.outcome = promise
    this.finish = finish
  }
}

/**
 * At most one flight per key. One that takes longer than `timeout` milliseconds is no longer waited
 * for and makes room for another; if it ends after all, what it stores is judged like any entry.
 */
export class Flights<T> {
  readonly #open = new Map<string, Flight<T>>()
  #begun = 0

  /** @param entries identify the namespace whose keys these are */
  constructor (readonly timeout: number, readonly entries: Entries) {}

  /**
   * The number of the latest flight: a caller that arrives now arrives before any with a higher
   * number.
   */
  get latest (): number {
    return this.#begun
  }

  get size (): number {
    return this.#open.size
  }

  of (key: string): Flight<T> | undefined {
    return this.#open.get(key)
  }

  /** @param parent the fill that waits for this one; a flight in the background has none */
  begin (key: string, parent: FillNode | undefined, background = false): Flight<T> {
    const flight = new Flight<T>(
      new FillNode(this.entries, key, parent),
      ++this.#begun,
      background,
      this.timeout,
      (ended) => {
        if (this.#open.get(key) === ended) this.#open.delete(key)
      }
    )
    this.#open.set(key, flight)
    return flight
  }

  /**
   * The flight starts to compute: for callers that arrived before, its value is not too old,
   * whatever is invalidated meanwhile.
   */
  start (flight: Flight<T>): void {
    flight.number = ++this.#begun
  }
}
