import { LRUCache } from 'lru-cache'
import type { Decision, PolicyState } from './decision.js'
import { areSame, type Policy } from './policy.js'
import type { LeaseTerms, Slice } from './store.js'

/** A key that was requested a moment ago. */
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
  /** Time at which they arrived. */
  readonly knownAt: number
  /**
   * Whether a slice is useful: not while one is being requested, nor if others use so much of the
   * key that `states` would be wrong.
   */
  readonly isSteady: boolean
}

/** An expired slice with an unused rest. */
export interface Leftover {
  readonly key: string
  readonly policies: readonly Policy[]
  readonly terms: LeaseTerms
}

/**
 * Smaller capacities get no slices: those of all instances together are at most 0.5% of a capacity.
 */
const SMALLEST_CAPACITY = 200
// Milliseconds in which a slice is used: well below the 2.5 seconds in which the store takes it
// back.
const LIFE = 1000
const MOST_KEYS = 10_000
const NO_SLICE: Slice = { amount: 0, at: 0, until: 0 }

/**
 * Small parts of lightly used budgets, with which an instance allows requests without asking the
 * store.
 *
 * **Never more than 1% above the limit.** A slice is used in the store when it is granted. So for
 * each policy U(t) <= N(t) <= U(t) + S(t), where U is the real use up to t, N the use counted by
 * the store, and S the amount in slices that may still be used. The store grants no slice that
 * would bring the amount in slices above c = 0.5% of the capacity, and an instance uses a slice for
 * a shorter time than the store counts it: S <= c at any time, however many instances there are,
 * and whatever their clocks show. The store allows a use if N(t) - N(s) - out(t) is within the
 * policy for all s < t, where out <= c is the amount in slices at that time. U(t) - U(s) <= N(t) -
 * N(s) + S(s): real use is within the policy plus 2c, in any window and any burst. The argument
 * uses only sums, so it holds for both algorithms, any cost, and each of several policies.
 *
 * **No client is denied because of slices that others hold.** N(t) - out(t) <= U(t), and N(s) >=
 * U(s): the amount that the store compares with the policy is at most the real use. An instance
 * returns the unused rest of a slice. Near the limit, when less than half is left, no slice is
 * granted and each request asks the store. A slice of an instance that died stays used, as if its
 * requests had been made: for as long as a use counts, there is one slice less, never one more.
 *
 * **The reported remainder** is what the store last reported, minus the use here since. It does not
 * include the use by others meanwhile: if that exceeded 1% between two requests, the slice is
 * returned unused. The reported value is therefore more than 1% too high for at most the life of
 * one slice: a second.
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

  /** @param giveBack called for each expired slice with an unused rest */
  constructor (giveBack: (leftover: Leftover) => void) {
    this.#giveBack = giveBack
  }

  /** Reports whether slices of these budgets are possible. */
  canHave (policies: readonly Policy[]): boolean {
    for (const { capacity } of policies) if (capacity < SMALLEST_CAPACITY) return false
    return true
  }

  /** Allows a use from local slices; undefined if the store has to be asked. */
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
   * Returns the terms to send to the store with a use.
   *
   * They request the amount this instance will use within half of a slice's life at its current
   * rate, but at most twice the previous amount. The unused rest of the local slice is returned
   * with them.
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

  /** Applies the store's answer to an allowed use. */
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
      // Two concurrent requests: only the first one requested a slice.
      const held =
        slice.amount === 0 && before.left > 0 ? before : { askedAt, slice, left: slice.amount }
      this.#recent.set(key, { ...held, policies, states, knownAt, isSteady })
    }
    if (slice.amount > 0) this.#sweepLater()
  }

  /** Forgets a key whose budgets were refilled: an earlier slice no longer counts. */
  forget (key: string): void {
    this.#forgotAt = performance.now()
    this.#recent.delete(key)
  }

  /** Returns all slices. */
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
