import { LRUCache } from 'lru-cache'
import { type Decision, later } from './decision.js'
import { areSame, type Policy } from './policy.js'

interface Denial {
  readonly cost: number
  readonly policies: readonly Policy[]
  readonly decision: Decision
  /**
   * When it came back. What is left of its times counts from here: too late rather than too early.
   */
  readonly receivedAt: number
  /**
   * Until when it is used: counted from before it was asked for, so that it ends before the store
   * would allow.
   */
  readonly until: number
}

// So many keys, and of each so many denials, for different policies or costs: of a few hundred
// bytes each.
const MOST_KEYS = 10_000
const MOST_OF_A_KEY = 8

/**
 * Who was denied, so that a flood costs the store nothing. A denial stays true until its time is
 * over, whatever others use meanwhile; only a reset ends it earlier, or a store that loses its
 * memory. Hence it is used for a second at most, and then asked for again: that is how long a reset
 * by another instance may go unnoticed. It also keeps the difference between two clocks' speeds
 * negligible.
 */
export class Denials {
  readonly #denials = new LRUCache<string, readonly Denial[]>({ max: MOST_KEYS })
  #forgotAt = -Infinity

  /** @param longest milliseconds for which a denial is used */
  constructor (readonly longest: number) {}

  find (key: string, policies: readonly Policy[], cost: number): Decision | undefined {
    const denial = this.#denials.get(key)?.find((denial) => isFor(denial, policies, cost))
    if (denial === undefined) return undefined
    const now = performance.now()
    return now < denial.until ? later(denial.decision, now - denial.receivedAt) : undefined
  }

  /** @param askedAt `performance.now()` before the store was asked */
  remember (
    key: string,
    policies: readonly Policy[],
    cost: number,
    decision: Decision,
    askedAt: number
  ): void {
    // It may be from before the reset.
    if (askedAt <= this.#forgotAt) return
    const now = performance.now()
    const until = askedAt + Math.min(decision.retryAfterMs, this.longest)
    const others = (this.#denials.get(key) ?? []).filter(
      (denial) => now < denial.until && !isFor(denial, policies, cost)
    )
    this.#denials.set(key, [
      { cost, policies, decision, receivedAt: now, until },
      ...others.slice(0, MOST_OF_A_KEY - 1)
    ])
  }

  forget (key: string): void {
    this.#forgotAt = performance.now()
    this.#denials.delete(key)
  }
}

function isFor (
  { cost, policies: own }: Denial,
  policies: readonly Policy[],
  otherCost: number
): boolean {
  return cost === otherCost && areSame(own, policies)
}
