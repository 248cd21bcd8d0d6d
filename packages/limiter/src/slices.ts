import { LRUCache } from 'lru-cache'
import type { Decision, PolicyState } from './decision.js'
import { areSame, type Policy } from './policy.js'
import type { LeaseTerms, Slice } from './store.js'

/** A key that was asked for a moment ago. */
interface Recent {
  readonly policies: readonly Policy[]
  /**
   * `performance.now()` before the store was asked, for the slice if there is one: its life begins
   * then.
   */
  readonly askedAt: number
  readonly slice: Slice
  /** The unused rest of the slice. */
  left: number
  /** The states that the store last reported, with the slice unused. */
  readonly states: readonly PolicyState[]
  /** When that came. */
  readonly knownAt: number
  /**
   * Whether a slice is of use: not while one is asked for, nor where others use so much of the key
   * that `states` would be wrong.
   */
  readonly isSteady: boolean
}

/** A slice that is over with something left. */
export interface Leftover {
  readonly key: string
  readonly policies: readonly Policy[]
  readonly terms: LeaseTerms
}

/**
 * Smaller capacities have no slices: those of all instances together are at most half a percent of
 * a capacity.
 */
const SMALLEST_CAPACITY = 200
// Milliseconds in which a slice is used: well below the 2.5 seconds for which the store takes it
// back.
const LIFE = 1000
const MOST_KEYS = 10_000
const NO_SLICE: Slice = { amount: 0, at: 0, until: 0 }

/**
 * Small parts of budgets that are far from used, by which an instance allows requests without
 * asking the store.
 *
 * **Never more than the limit by more than 1%.** A slice is used in the store when it is granted.
 * So for each policy U(t) <= N(t) <= U(t) + S(t), where U is what was really used up to t, N what
 * the store has counted, and S what is in slices that may still be used. The store grants no slice
 * by which more than c = 0.5% of the capacity would be in slices, and an instance uses a slice for
 * a shorter time than the store counts it: S <= c at any time, however many instances there are,
 * and whatever their clocks say. The store allows a use where N(t) - N(s) - out(t) is within the
 * policy for all s < t, out <= c being what is in slices then. U(t) - U(s) <= N(t) - N(s) + S(s):
 * real use is within the policy and 2c, in any window and any burst. This is of sums alone, and so
 * holds for both algorithms, any cost, and each of several policies by itself.
 *
 * **Nobody is denied for a slice that others have.** N(t) - out(t) <= U(t), and N(s) >= U(s): what
 * the store compares with the policy is at most what was really used. An instance gives back what
 * is left of a slice; near the limit, when less than half is left, no slice is granted any more and
 * each request is asked for. A slice of an instance that died stays used, as if its requests had
 * been made: for as long as a use counts, there is a slice less, never one more.
 *
 * **What is said to be left** is what the store said last, less what was used here since. What
 * others use meanwhile it has not: where that was more than 1% between two questions, the slice is
 * given back unused. So it is more than 1% too high for one slice at most: a second.
 */
export class Slices {
  readonly #recent = new LRUCache<string, Recent>({
    max: MOST_KEYS,
    dispose: (recent, key, reason) => {
      if (reason === 'evict') this.#end(key, recent)
    }
  })

  readonly #giveBack: (leftover: Leftover) => void
  #forgotAt = -Infinity
  #timer: NodeJS.Timeout | undefined

  /** @param giveBack called for each slice that is over while something of it is left */
  constructor (giveBack: (leftover: Leftover) => void) {
    this.#giveBack = giveBack
  }

  /** Whether there can be slices of these budgets. */
  canHave (policies: readonly Policy[]): boolean {
    for (const { capacity } of policies) if (capacity < SMALLEST_CAPACITY) return false
    return true
  }

  /** Allows a use by what is here; undefined if it has to be asked for. */
  use (key: string, policies: readonly Policy[], cost: number): Decision | undefined {
    const recent = this.#recent.get(key)
    if (
      recent === undefined ||
      recent.left < cost ||
      !areSame(recent.policies, policies) ||
      !recent.isSteady
    ) { return undefined }
    const now = performance.now()
    if (now - recent.askedAt >= LIFE) return undefined
    recent.left -= cost
    const used = recent.slice.amount - recent.left
    const elapsed = now - recent.knownAt
    const states: PolicyState[] = []
    for (const { policy, remaining, resetMs, effectiveMs } of recent.states) {
      const left = Math.max(0, remaining - used)
      states.push({
        policy,
        remaining: left,
        resetMs: Math.max(0, Math.ceil(resetMs - elapsed)),
        effectiveMs,
        retryAfterMs: 0
      })
    }
    return { allowed: true, mode: 'shared', policies: states, violated: [], retryAfterMs: 0 }
  }

  /**
   * The terms to send the store along with a use: as much as this instance is going to use within
   * half of a slice's life, if it goes on as it did since it asked last, and twice as much as then
   * at most. What is here of a slice goes back with it.
   */
  terms (key: string, policies: readonly Policy[], cost: number): LeaseTerms {
    const recent = this.#recent.get(key)
    if (recent === undefined || !areSame(recent.policies, policies)) {
      return { wanted: 0, back: undefined }
    }
    const { slice, left, askedAt, isSteady } = recent
    const now = performance.now()
    const used = slice.amount - left
    const rate = (used + cost) / Math.max(1, now - askedAt)
    const wanted = isSteady ? Math.floor(Math.min(2 * (used + cost), (rate * LIFE) / 2)) : 0
    const states = recent.states.map((state) => ({ ...state, remaining: state.remaining - used }))
    this.#recent.set(key, {
      ...recent,
      askedAt: now,
      slice: NO_SLICE,
      left: 0,
      states,
      isSteady: false
    })
    return { wanted, back: slice.amount > 0 ? { slice, unused: left } : undefined }
  }

  /** Takes in what the store answered to a use that it allowed. */
  remember (
    key: string,
    policies: readonly Policy[],
    cost: number,
    { policies: states }: Decision,
    slice: Slice,
    askedAt: number
  ): void {
    if (askedAt <= this.#forgotAt) return
    const before = this.#recent.get(key)
    const knownAt = performance.now()
    if (before === undefined || !areSame(before.policies, policies)) {
      if (before !== undefined) this.#end(key, before)
      this.#recent.set(key, {
        policies,
        askedAt,
        slice,
        left: slice.amount,
        states,
        knownAt,
        isSteady: true
      })
    } else {
      const usedHere = before.slice.amount - before.left + cost
      const isSteady = states.every(
        ({ policy, remaining }, i) =>
          (before.states[i]?.remaining ?? 0) - usedHere - remaining <= policy.capacity / 100
      )
      // Two that were asked at once: only the first of them wanted a slice.
      const held =
        slice.amount === 0 && before.left > 0 ? before : { askedAt, slice, left: slice.amount }
      this.#recent.set(key, { ...held, policies, states, knownAt, isSteady })
    }
    if (slice.amount > 0) this.#sweepLater()
  }

  /** Forgets a key whose budgets are full again: an earlier slice counts no more. */
  forget (key: string): void {
    this.#forgotAt = performance.now()
    this.#recent.delete(key)
  }

  /** Gives back all there is. */
  close (): void {
    clearTimeout(this.#timer)
    for (const [key, recent] of this.#recent.entries()) this.#end(key, recent)
    this.#recent.clear()
  }

  #end (key: string, { policies, slice, left }: Recent): void {
    if (left > 0) {
      this.#giveBack({ key, policies, terms: { wanted: 0, back: { slice, unused: left } } })
    }
  }

  #sweepLater (): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const ended = performance.now() - LIFE
      let isEmpty = true
      for (const [key, recent] of [...this.#recent.entries()]) {
        if (recent.askedAt > ended) {
          isEmpty &&= recent.slice.amount === 0
          continue
        }
        this.#recent.delete(key)
        this.#end(key, recent)
      }
      if (!isEmpty) this.#sweepLater()
    }, LIFE / 4).unref()
  }
}
