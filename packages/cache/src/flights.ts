import { LONGEST_TIMER } from './duration.js'
import type { Entry } from './entry.js'
import type { Source } from './events.js'
import { FillNode } from './fill-graph.js'
import type { Entries } from './store.js'
import type { FillTrace } from './traces.js'
import { withResolvers } from './with-resolvers.js'

/**
 * The outcome of a flight for the callers that joined it.
 *
 * `unshared`: there is nothing to share, or the flight took too long; each caller computes the
 * value itself. `again`: no value was computed, or a private one. Callers start over; after a
 * private value, those whose own may be private too compute side by side.
 */
export type Outcome<T> =
  | { readonly kind: 'value', readonly entry: Entry<T>, readonly source: Source }
  | { readonly kind: 'error', readonly stale: Entry<T> | undefined }
  | { readonly kind: 'unshared' }
  | { readonly kind: 'again', readonly wasOwn?: boolean }

/** One computation of a key in this process, and the callers that joined it. */
export class Flight<T> {
  readonly outcome: Promise<Outcome<T>>
  readonly finish: (outcome: Outcome<T>) => void
  /** The trace of the flight's fill, once it has begun and if it has subscribers. */
  trace: FillTrace | undefined
  /**
   * @param number position in the order in which flights began or last started computing
   * @param background whether it replaces a stale value that may be served meanwhile
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
 * The flights of a process: at most one per key.
 *
 * A flight that takes longer than `timeout` milliseconds is abandoned and makes room for another.
 * If it finishes later, the value it stores is checked like any entry.
 */
export class Flights<T> {
  readonly #open = new Map<string, Flight<T>>()
  #begun = 0

  /** @param entries identifies the namespace of the keys */
  constructor (readonly timeout: number, readonly entries: Entries) {}

  /**
   * The number of the latest flight: a caller arriving now precedes all flights with a higher
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

  /** @param parent the fill that waits for this one; a background flight has none */
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
   * Marks the flight as computing: its value is recent enough for callers that arrived earlier,
   * whatever is invalidated meanwhile.
   */
  start (flight: Flight<T>): void {
    flight.number = ++this.#begun
  }
}
