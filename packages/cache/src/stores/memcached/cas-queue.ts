import { setTimeout } from 'node:timers/promises'
import { CacheError } from '../../errors.js'
import type { Item } from './server.js'

/** An item's contents, as changes see them. */
export interface Contents<S> {
  readonly read: () => Promise<Item | undefined>
  /** Decodes the item: a new object each time, which changes may alter. */
  readonly decode: (item: Item | undefined) => S | Promise<S>
  /** Puts it in the item's place if that is still there: `false` if it is not. */
  readonly write: (state: S, item: Item | undefined) => Promise<boolean>
}

// Weight of the changes made by one write, and writes that are tried before it is an error.
const AT_ONCE = 2000
const ATTEMPTS = 200
// Milliseconds between attempts, at most: they are drawn by lot.
const LONGEST_PAUSE = 32

/**
 * Changes one item that other instances change, too: reads it, changes what was read, and writes it
 * if it is still as it was, else begins anew. Changes that are asked for at one time, or while a
 * write is under way, are made by one write.
 */
export class CasQueue<S> {
  #waiting: Waiting<S>[] = []
  #isBusy = false

  /** @param idle called when nothing waits any more */
  constructor (readonly contents: Contents<S>, readonly idle: () => void = () => {}) {}

  /**
   * @param change alters the state and says what came of it; called again for each attempt
   * @param weight how many parts of the item it changes
   * @throws what reading and writing throw. The change may then be done all the same
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
      // After the promise jobs of this turn: others may have to change it, too.
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
  /** @returns resolves the promise with what came of this attempt */
  readonly attempt: (state: S) => () => void
  readonly reject: (error: unknown) => void
}
