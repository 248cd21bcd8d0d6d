import type { Policy } from './policy.js'
import type { Verdict } from './store.js'

/**
 * Who decided. `shared`: the store that all instances share. Without it, as the limiter was told:
 * `local`, this instance within its own share; `open` and `closed`, nobody.
 */
export type Mode = 'shared' | 'local' | 'open' | 'closed'

/** How a key stands with one policy. */
export interface PolicyState {
  /** The one that was applied: in mode `local` this instance's share of it, with the same name. */
  readonly policy: Policy
  /** What is left at once. */
  readonly remaining: number
  /** Milliseconds until all of it is back, if nothing is used meanwhile. */
  readonly resetMs: number
  /**
   * Milliseconds of the effective window: `remaining` is for these, so that a client that keeps to
   * it keeps to the policy. After that as much can be used again, and 1 where nothing remained.
   */
  readonly effectiveMs: number
  /**
   * Milliseconds after which the same would be allowed, if nothing is used meanwhile; 0 if this
   * policy did not deny.
   */
  readonly retryAfterMs: number
}

/** What became of a request. */
export interface Decision {
  readonly allowed: boolean
  readonly mode: Mode
  /**
   * In the order they were given. Empty in the modes `open` and `closed`: nothing is known, and
   * nothing should be said.
   */
  readonly policies: readonly PolicyState[]
  /** The names of those that denied. */
  readonly violated: readonly string[]
  /**
   * Waiting that many milliseconds succeeds, if nothing is used meanwhile. 0 when allowed; in mode
   * `closed` when the store is asked again.
   */
  readonly retryAfterMs: number
}

/** Rounded up, so that what is said is true. */
const milliseconds = (microseconds: number) => Math.ceil(microseconds / 1000)

/** The decision that a store's verdicts come to. */
export function decisionOf (
  mode: Mode,
  policies: readonly Policy[],
  verdicts: readonly Verdict[]
): Decision {
  const states: PolicyState[] = []
  for (const policy of policies) {
    const { remaining, full, wait, again } = verdicts[states.length] ?? NO_VERDICT
    states.push({
      policy,
      remaining,
      resetMs: milliseconds(full),
      effectiveMs: effectiveWindow(policy, remaining, milliseconds(again)),
      retryAfterMs: milliseconds(wait)
    })
  }
  return summary(mode, states)
}

/** Not shorter than the policy takes to give as much: the ratio of the two tells no higher rate. */
export const effectiveWindow = ({ limit, window }: Policy, remaining: number, again: number) =>
  Math.max(again, Math.ceil(remaining * window / limit))

const NO_VERDICT: Verdict = { remaining: 0, full: 0, wait: 0, again: 0 }

/** The same decision, so many milliseconds later. */
export function later ({ mode, policies }: Decision, elapsed: number): Decision {
  const left = (ms: number) => Math.max(0, Math.ceil(ms - elapsed))
  return summary(mode, policies.map(({ policy, remaining, resetMs, effectiveMs, retryAfterMs }) => (
    { policy, remaining, resetMs: left(resetMs), effectiveMs, retryAfterMs: left(retryAfterMs) }
  )))
}

function summary (mode: Mode, policies: readonly PolicyState[]): Decision {
  let violated: string[] | undefined
  let longest = 0
  for (const { policy, retryAfterMs } of policies) {
    if (retryAfterMs === 0) continue
    (violated ??= []).push(policy.name)
    longest = Math.max(longest, retryAfterMs)
  }
  return {
    allowed: violated === undefined,
    mode,
    policies,
    violated: violated ?? NONE,
    retryAfterMs: longest
  }
}

const NONE: readonly string[] = []
