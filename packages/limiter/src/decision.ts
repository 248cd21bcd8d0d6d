import type { Policy } from './policy.js'
import type { Verdict } from './store.js'

/**
 * The basis of a decision.
 *
 * `shared`: the store that all instances share. If it fails, depending on the limiter's setting:
 * `local`, this instance within its own share, or `open` and `closed`, no budget at all.
 */
export type Mode = 'shared' | 'local' | 'open' | 'closed'

/** The state of a key under one policy. */
export interface PolicyState {
  /** The applied policy: in mode `local` this instance's share of it, with the same name. */
  readonly policy: Policy
  /** Amount available at once. */
  readonly remaining: number
  /** Milliseconds until the whole budget is available, if nothing is used meanwhile. */
  readonly resetMs: number
  /**
   * Milliseconds of the effective window: a client that uses at most `remaining` within it complies
   * with the policy. Afterward as much can be used again, or 1 if nothing remained.
   */
  readonly effectiveMs: number
  /**
   * Milliseconds after which the same request would be allowed, if nothing is used meanwhile; 0 if
   * this policy did not deny it.
   */
  readonly retryAfterMs: number
}

/** The decision on a request. */
export interface Decision {
  readonly allowed: boolean
  readonly mode: Mode
  /**
   * States in the order of the policies. Empty in the modes `open` and `closed`: nothing is known,
   * so nothing should be reported.
   */
  readonly policies: readonly PolicyState[]
  /** Names of the policies that denied it. */
  readonly violated: readonly string[]
  /**
   * Milliseconds after which a retry succeeds, if nothing is used meanwhile. 0 if allowed; in mode
   * `closed`, when the store is asked again.
   */
  readonly retryAfterMs: number
}

/** Rounded up, so that reported values are correct. */
const milliseconds = (microseconds: number) => Math.ceil(microseconds / 1000)

/** Converts a store's verdicts to a decision. */
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

/**
 * Not shorter than the policy takes to provide the amount: the ratio of the two never exceeds the
 * policy's rate.
 */
export const effectiveWindow = ({ limit, window }: Policy, remaining: number, again: number) =>
  Math.max(again, Math.ceil(remaining * window / limit))

const NO_VERDICT: Verdict = { remaining: 0, full: 0, wait: 0, again: 0 }

/** Returns the same decision as of the given number of milliseconds later. */
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
