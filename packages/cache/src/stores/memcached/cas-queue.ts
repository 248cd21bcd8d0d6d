import { setTimeout } from 'node:timers/promises'
import { CacheError } from '../../errors.js'
import type { Item } from './server.js'

/** An item's content, as changes see it. */
export interface Contents<S> {
  readonly read: () => Promise<Item | undefined>
  /** Decodes the item into a new object, which changes may modify. */
  readonly decode: (item: Item | undefined) => S | Promise<S>
  /** Replaces the item if it has not changed; resolves to false if it has. */
  readonly write: (state: S, item: Item | undefined) => Promise<boolean>
}

// Total weight of the changes in one write, and the number of write attempts before an error.
const AT_ONCE = 2000
const ATTEMPTS = 200
// Longest pause between attempts, in milliseconds. Pauses are random.
const LONGEST_PAUSE = 32

/**
 * Changes an item that other instances change too: reads it, applies the changes, and writes it
 * back if it has not changed meanwhile, otherwise starts over.
 *
 * Changes requested at the same time, or while a write is in progress, share one write.
 */
export class CasQueue<S> {
  #waiting: Waiting<S>[] = []
  #isBusy = false

  /** @param idle called when no change is pending */
  constructor (readonly contents: Contents<S>, readonly idle: () => void = () => {}) {}

  /**
   * @param change modifies the state and returns a result; called again on each attempt
   * @param weight number of parts of the item that it changes
   * @throws the errors of reading and writing; the change may have been made
   */
  add<R> (change: (state: S) => R, weight = 1): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        weight,
        attempt (state) {
          const result = change(state)
          return () => { resolve(result) }
        },
        reject
      })
      if (this.#isBusy) return
      this.#isBusy = true
      // Runs after the promise jobs of this turn, which may request more changes.
      setImmediate(() => { this.#run().catch(reject) })
    })
  }

  async #run (): Promise<void> {
    while (this.#waiting.length > 0) {
      const some = this.#waiting.splice(0, this.#count())
      try {
        for (const resolve of await this.#change(some)) resolve()
      } catch (error) {
        for (const { reject } of some) reject(error)
      }
    }
    this.#isBusy = false
    this.idle()
  }

  #count (): number {
    let weight = 0
    const more = this.#waiting.findIndex((one) => (weight += one.weight) > AT_ONCE)
    return more < 0 ? this.#waiting.length : Math.max(1, more)
  }

  async #change (some: readonly Waiting<S>[]): Promise<(() => void)[]> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 1) await setTimeout(Math.random() * Math.min(2 ** attempt, LONGEST_PAUSE))
      const item = await this.contents.read()
      const state = await this.contents.decode(item)
      const results = some.map((one) => one.attempt(state))
      if (await this.contents.write(state, item)) return results
    }
    throw new CacheError('WEIR_CACHE_STORE_FAILED',
      `find a moment to change an item in ${ATTEMPTS} attempts: others change it all the time`)
  }
}

interface Waiting<S> {
  readonly weight: number
  /** @returns a function that resolves the promise with the result of this attempt */
  readonly attempt: (state: S) => () => void
  readonly reject: (error: unknown) => void
}
