import { algorithms, type State } from './algorithms/index.js'
import type { Policy } from './policy.js'
import type { Verdict } from './store.js'

/** What a store is to answer, and the states it is to keep, in the order of the policies; undefined: nothing changes. */
export interface Outcome {
  readonly verdicts: readonly Verdict[]
  readonly states: readonly State[] | undefined
}

/**
 * The decision over all policies of a key, for stores that compute here; the script for Redis has the same.
 * @param now microseconds
 * @param stored the state of each policy, if there is one
 * @param using false to only look
 */
export function decide (
  policies: readonly Policy[], cost: number, now: number, stored: readonly (State | undefined)[], using: boolean
): Outcome {
  let isAhead = false
  const settled = policies.map(({ algorithm: name, meter }, i) => {
    const algorithm = algorithms[name]
    const before = stored[i]
    isAhead ||= before !== undefined && algorithm.isAhead(meter, before, now)
    const state = algorithm.settle(meter, before, now)
    return { algorithm, meter, state, wait: algorithm.wait(meter, state, now, cost) }
  })
  const uses = using && settled.every(({ wait }) => wait === 0)
  const ended = settled.map(({ state, ...rest }) => ({
    ...rest, state: uses ? rest.algorithm.use(rest.meter, state, now, cost) : state
  }))
  return {
    verdicts: ended.map(({ algorithm, meter, state, wait }) => ({
      remaining: algorithm.remaining(meter, state), full: algorithm.full(meter, state, now), wait
    })),
    states: uses || (using && isAhead) ? ended.map(({ state }) => state) : undefined
  }
}
