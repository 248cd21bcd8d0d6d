import { setTimeout } from 'node:timers/promises'
import { stampOf } from './frame.js'
import type { StoreNamespace } from './store.js'
import type { Stamp } from './validity.js'

// Milliseconds between two tries, doubled each time up to the last.
const [FIRST_PAUSE, LONGEST_PAUSE] = [50, 1000]
// Swaps that are looked after at most.
const LIMIT = 10_000

/**
 * Swaps whose answer was lost. If the store did one, memories may have what it replaced, and no
 * record says so. Once the store answers again it is looked at, and what is to be recorded is. A
 * process that dies before leaves such a value in the memory of others until it ends by itself.
 */
export class DoubtfulSwaps {
  readonly #keys = new Map<string, { readonly stamp: Stamp, readonly until: number }>()

  constructor (readonly store: StoreNamespace) {}

  /** @param until as of {@link Validity.replaced} */
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
