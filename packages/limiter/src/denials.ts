import { LRUCache } from 'lru-cache'
import { type Decision, later } from './decision.js'
import type { Policy } from './policy.js'

interface Denial {
  readonly key: string
  readonly decision: Decision
  /** When it came back. What is left of its times counts from here: too late rather than too early. */
  readonly receivedAt: number
  /** Until when it is used: counted from before it was asked for, so that it ends before the store would allow. */
  readonly until: number
}

// So many, of a few hundred bytes each.
const MOST = 10_000

/**
 * Who was denied, so that a flood costs the store nothing. A denial stays true until its time is over, whatever others use
 * meanwhile; only a reset ends it earlier, or a store that loses its memory. Hence it is used for a second at most, and then asked
 * for again: that is how long a reset by another instance may go unnoticed. It also keeps the difference between two clocks' speeds
 * negligible.
 */
export class Denials {
  readonly #denials = new LRUCache<string, Denial>({ max: MOST })
  #forgotAt = -Infinity

  /** @param longest milliseconds for which a denial is used */
  constructor (readonly longest: number) {}

  find (key: string, policies: readonly Policy[], cost: number): Decision | undefined {
    const name = nameOf(key, policies, cost)
    const denial = this.#denials.get(name)
    if (denial === undefined) return undefined
    const now = performance.now()
    if (now < denial.until) return later(denial.decision, now - denial.receivedAt)
    this.#denials.delete(name)
    return undefined
  }

  /** @param askedAt `performance.now()` before the store was asked */
  remember (key: string, policies: readonly Policy[], cost: number, decision: Decision, askedAt: number): void {
    // It may be from before the reset.
    if (askedAt <= this.#forgotAt) return
    const until = askedAt + Math.min(decision.retryAfterMs, this.longest)
    this.#denials.set(nameOf(key, policies, cost), { key, decision, receivedAt: performance.now(), until })
  }

  forget (key: string): void {
    this.#forgotAt = performance.now()
    for (const [name, denial] of this.#denials.entries()) {
      if (denial.key === key) this.#denials.delete(name)
    }
  }
}

/** Ids have no line breaks, and the key is last. */
const nameOf = (key: string, policies: readonly Policy[], cost: number) => `${policies.map(({ id }) => id).join('\n')}\n${cost}\n${key}`
