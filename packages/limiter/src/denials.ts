import { LRUCache } from 'lru-cache'
import { type Decision, later } from './decision.js'
import { areSame, type Policy } from './policy.js'

interface Denial {
  readonly cost: number
  readonly policies: readonly Policy[]
  readonly decision: Decision
  /** Time of the answer. Its remaining times count from here: too late rather than too early. */
  readonly receivedAt: number
  /**
   * Time until which the denial is used: counted from before the request, so that it ends before
   * the store would allow.
   */
  readonly until: number
}

// Maximum number of keys, and of denials per key for different policies or costs, at a few hundred
// bytes each.
const MOST_KEYS = 10_000
const MOST_OF_A_KEY = 8

/**
 * Recent denials, so that a flood costs the store nothing.
 *
 * A denial stays true until its time is over, whatever others use meanwhile. Only a reset, or a
 * store that loses its memory, ends it earlier. A denial is therefore used for at most a second
 * before the store is asked again: a reset by another instance may go unnoticed for that long. This
 * also keeps differences in clock speed negligible.
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
    // The denial may predate the reset.
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
