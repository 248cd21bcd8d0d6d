import { AgingStamps } from './aging-stamps.js'
import type { Stamp } from './validity.js'

// Records checked for expiry each time one is added.
const LOOKS = 4

/** Keys whose entries were replaced, each kept until the replaced entry would have expired. */
export class Replacements {
  readonly #stamps = new AgingStamps()
  readonly #ends = new Map<string, number>()
  #round = this.#ends.entries()

  constructor (readonly limit: number) {}

  get size (): number {
    return this.#stamps.size
  }

  get (key: string): Stamp | undefined {
    return this.#stamps.get(key)
  }

  /**
   * Records a replacement. Beyond the limit the oldest records are dropped.
   * @param until milliseconds since the epoch
   * @returns the highest stamp of a dropped record that had not expired: entries up to it can no
   *   longer be judged; 0 if there was none
   */
  record (key: string, stamp: Stamp, until: number): Stamp {
    const known = this.get(key)
    // The later record also ends the entries of the earlier one, so it has to last as long.
    this.#ends.set(key, Math.max(until, this.#ends.get(key) ?? 0))
    if (known !== undefined && stamp <= known) return 0
    this.#stamps.set(key, stamp)
    this.#dropEnded()
    let floor: Stamp = 0
    while (this.size > Math.max(0, this.limit)) floor = Math.max(floor, this.#dropOldest())
    return floor
  }

  /** Drops records that a floor covers. */
  raise (floor: Stamp): void {
    for (;;) {
      const oldest = this.#stamps.oldest()
      if (oldest === undefined || oldest[1] > floor) return
      this.#drop(oldest[0])
    }
  }

  #dropOldest (): Stamp {
    const oldest = this.#stamps.oldest()
    if (oldest === undefined) return 0
    const [key, stamp] = oldest
    const end = this.#ends.get(key)
    this.#drop(key)
    return end !== undefined && end > Date.now() ? stamp : 0
  }

  #dropEnded (): void {
    const now = Date.now()
    for (let looks = 0; looks < LOOKS; looks++) {
      const next = this.#round.next()
      if (next.done === true) {
        this.#round = this.#ends.entries()
        return
      }
      const [key, until] = next.value
      if (until <= now) this.#drop(key)
    }
  }

  #drop (key: string): void {
    this.#stamps.delete(key)
    this.#ends.delete(key)
  }
}
