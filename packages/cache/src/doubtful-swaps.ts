import { setTimeout } from 'node:timers/promises'
import { stampOf } from './frame.js'
import type { StoreNamespace } from './store.js'
import type { Stamp } from './validity.js'

// Milliseconds between retries: the first pause, and the limit up to which it doubles.
const [FIRST_PAUSE, LONGEST_PAUSE] = [50, 1000]
// Maximum number of swaps to follow up.
const LIMIT = 10_000

/**
 * Follows up swaps whose answer was lost.
 *
 * If the store executed such a swap, other instances may hold the replaced value in memory, and no
 * record ends it. Once the store answers again, the key is read and the missing record is written.
 * If the process dies first, the value stays in those memories until it expires.
 */
export class DoubtfulSwaps {
  readonly #keys = new Map<string, { readonly stamp: Stamp, readonly until: number }>()

  constructor (readonly store: StoreNamespace) {}

  /** @param until see {@link Validity.replaced} */
  add (key: string, stamp: Stamp, until: number): void {
    const known = this.#keys.get(key)
    if (known === undefined && this.#keys.size >= LIMIT) return
    this.#keys.set(key, {
      stamp: Math.max(stamp, known?.stamp ?? 0),
      until: Math.max(until, known?.until ?? 0)
    })
    if (known === undefined) this.#settle(key).catch(() => {})
  }

  async #settle (key: string): Promise<void> {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      await setTimeout(pause, undefined, { ref: false })
      const doubt = this.#keys.get(key)
      if (
        doubt === undefined ||
        doubt.until < Date.now() ||
        (await this.#isSettled(key, doubt.stamp, doubt.until))
      ) {
        if (this.#keys.get(key) === doubt) {
          this.#keys.delete(key)
          return
        }
      }
    }
  }

  async #isSettled (key: string, stamp: Stamp, until: number): Promise<boolean> {
    try {
      const [frame] = await this.store.entries.get([key])
      // An earlier frame is the one that was to be replaced.
      if (frame === undefined || stampOf(frame) > stamp) {
        await this.store.validity.replaced(key, stamp, until)
      }
      return true
    } catch {
      return false
    }
  }
}
