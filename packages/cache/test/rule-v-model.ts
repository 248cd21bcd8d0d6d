import type { Stamp } from '../src/index.js'
import type { randomFrom } from './random.js'

/** An entry as a test keeps it. */
export interface Known {
  readonly key: string
  readonly stamp: Stamp
  readonly tags: readonly string[]
}

/** Rule V in a model that forgets nothing, whatever the number of records. */
export class RuleVModel {
  readonly #invalidated = new Map<string, Stamp>()
  readonly #replacements: {
    readonly key: string
    readonly stamp: Stamp
    readonly until: number
  }[] = []

  #cleared: Stamp = 0

  invalidate (tags: readonly string[], stamp: Stamp): void {
    for (const tag of tags) {
      this.#invalidated.set(tag, Math.max(stamp, this.#invalidated.get(tag) ?? 0))
    }
  }

  /** @param stamp the new entry's: that of the replacement is just below */
  replace (key: string, stamp: Stamp, until: number): void {
    this.#replacements.push({ key, stamp, until })
  }

  clear (stamp: Stamp): void {
    this.#cleared = stamp
  }

  isInvalidated ({ stamp, tags }: Known): boolean {
    return stamp <= this.#cleared || tags.some((tag) => stamp <= (this.#invalidated.get(tag) ?? 0))
  }

  /** Includes replacements whose record has expired. */
  wasReplaced ({ key, stamp }: Known): boolean {
    return this.#replacements.some(
      (replacement) => replacement.key === key && stamp < replacement.stamp
    )
  }

  /**
   * Reports whether it was replaced, and the replaced entry has not expired. `now`: milliseconds
   * since the epoch.
   */
  isReplaced ({ key, stamp }: Known, now: number): boolean {
    return this.#replacements.some(
      (replacement) =>
        replacement.key === key && stamp < replacement.stamp && now < replacement.until
    )
  }
}

/** Picks a random item. */
export const pick = <T>(random: ReturnType<typeof randomFrom>, items: readonly [T, ...T[]]): T =>
  items[random(items.length)] ?? items[0]
