import { algorithms, type State } from './algorithms/index.js'
import type { Policy } from './policy.js'
import type { Verdict } from './store.js'

/**
 * A store's answer, and the states to keep, in the order of the policies; undefined: nothing
 * changes.
 */
export interface Outcome {
  readonly verdicts: readonly Verdict[]
  readonly states: readonly State[] | undefined
}

/**
 * Decides over all policies of a key, for stores that compute here; the Redis script does the same.
 * @param now microseconds
 * @param stored the state of each policy, if there is one
 * @param using false to only look
 * @param weight budget used by a cost of 1, at most the whole capacity. Verdicts count in costs
 */
export function decide (
  policies: readonly Policy[],
  cost: number,
  now: number,
  stored: readonly (State | undefined)[],
  using: boolean,
  weight = 1
): Outcome {
  const settled: State[] = []
  const waits: number[] = []
  let isAhead = false
  let uses = using
  for (let i = 0; i < policies.length; i++) {
    const { algorithm: name, meter, capacity } = at(policies, i)
    const algorithm = algorithms[name]
    const before = stored[i]
    isAhead ||= before !== undefined && algorithm.isAhead(meter, before, now)
    const state = algorithm.settle(meter, before, now)
    const wait = algorithm.wait(meter, state, now, Math.min(cost * weight, capacity))
    uses &&= wait === 0
    settled.push(state)
    waits.push(wait)
  }
  const verdicts: Verdict[] = []
  for (let i = 0; i < policies.length; i++) {
    const { algorithm: name, meter, capacity } = at(policies, i)
    const algorithm = algorithms[name]
    const before = at(settled, i)
    const state = uses
      ? algorithm.use(meter, before, now, Math.min(cost * weight, capacity))
      : before
    settled[i] = state
    const unit = Math.min(weight, capacity)
    const remaining = Math.floor(algorithm.remaining(meter, state) / unit)
    const again = algorithm.again(meter, state, now, Math.max(1, remaining) * unit)
    verdicts.push({
      remaining,
      full: algorithm.full(meter, state, now),
      wait: at(waits, i),
      again
    })
  }
  return { verdicts, states: uses || (using && isAhead) ? settled : undefined }
}

/** Returns an element that exists, which the types cannot express. */
function at<V> (values: readonly V[], i: number): V {
  const value = values[i]
  if (value === undefined) throw new RangeError(`no element ${i}`)
  return value
}
