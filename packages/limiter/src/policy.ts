import { shown } from '@weir/internal'
import { type AlgorithmName, algorithms, type Meter } from './algorithms/index.js'
import { LimiterError } from './errors.js'
import { formatQuota, string } from './quota.js'

/** What {@link definePolicy} takes. */
export interface PolicyOptions {
  /** Names the budget, in the fields clients see too: printable ASCII. */
  readonly name: string
  /** How much may be used per window, in the long run. A positive integer. */
  readonly limit: number
  /** Whole milliseconds. */
  readonly window: number
  /**
   * GCRA only: how much may be used at once after a rest. Default: `limit`, so that a client who
   * keeps to "limit per window", however unevenly, is never denied. Less evens the load out, more
   * forgives longer pauses.
   */
  readonly burst?: number
  /** Default `gcra`. */
  readonly algorithm?: AlgorithmName
}

/** A limit, complete and checked. Made by {@link definePolicy}. */
export interface Policy extends Required<PolicyOptions> {
  /**
   * The most that can be used at once: what a full budget holds. `burst` of GCRA, `limit` of a
   * sliding window.
   */
  readonly capacity: number
  /**
   * Names its budget in a store, and is all that the script for Redis is told. Of the meter too: a
   * policy that is changed starts anew.
   */
  readonly id: string
  /** What the stores compute with. */
  readonly meter: Meter
  /** Its name as the fields have it: `"second"`. */
  readonly label: string
  /** Its item of the RateLimit-Policy field, which every response carries: `"second";q=10;w=1`. */
  readonly quota: string
}

const DAY = 86_400_000
const LONGEST = 366 * DAY
const MOST = 1_000_000_000

/**
 * Checks a limit and fills in what is left out.
 *
 * What holds for any span of one window, wherever it begins:
 * - `gcra`: less than `limit + burst` is used in it.
 * - `sliding-window`: at most `limit`.
 *
 * @throws LimiterError WEIR_LIMITER_INVALID_POLICY
 * @example definePolicy({ name: 'second', limit: 100, window: 1000, burst: 20 })
 */
export function definePolicy (options: PolicyOptions): Policy {
  const { name, limit, window, burst, algorithm = 'gcra' } = options
  const refuse = (problem: string) =>
    new LimiterError('WEIR_LIMITER_INVALID_POLICY', `Policy ${shown(name)}: ${problem}`)

  if (typeof name !== 'string' || !/^[\x20-\x7e]{1,128}$/.test(name)) {
    throw refuse('give it a name of 1 to 128 characters of printable ASCII')
  }
  if (!Object.hasOwn(algorithms, algorithm)) {
    throw refuse(`algorithm ${shown(algorithm)}: give one of ${Object.keys(algorithms).join(', ')}`)
  }
  if (!isWithin(limit, MOST)) {
    throw refuse(`limit ${shown(limit)}: give an integer from 1 to ${MOST}`)
  }
  if (!isWithin(window, LONGEST)) {
    throw refuse(
      `window ${shown(window)}: give whole milliseconds from 1 to ${LONGEST} (366 days)`
    )
  }
  if (burst !== undefined) {
    if (algorithm !== 'gcra') {
      throw refuse('a sliding window has no burst: leave it out, or use gcra')
    }
    if (!isWithin(burst, MOST)) {
      throw refuse(`burst ${shown(burst)}: give an integer from 1 to ${MOST}`)
    }
    if ((window / limit) * burst > LONGEST) {
      throw refuse(
        `burst ${burst} takes longer than 366 days to come back: lower it, or raise the limit`
      )
    }
  }
  return build(name, limit, window, burst ?? limit, algorithm)
}

/**
 * What one of so many instances may use of the policy when they cannot share it: an equal part, and
 * 1 at least.
 */
export function shareOf (policy: Policy, instances: number): Policy {
  const part = (whole: number) => Math.max(1, Math.floor(whole / instances))
  return build(policy.name, part(policy.limit), policy.window, part(policy.burst), policy.algorithm)
}

/** Whether these are the same budgets of a key, in the same order. */
export function areSame (policies: readonly Policy[], others: readonly Policy[]): boolean {
  return (
    policies === others ||
    (policies.length === others.length && policies.every(({ id }, i) => id === others[i]?.id))
  )
}

function build (
  name: string,
  limit: number,
  window: number,
  burst: number,
  algorithm: AlgorithmName
): Policy {
  const meter = algorithms[algorithm].meter(limit, window * 1000, burst)
  return {
    name,
    limit,
    window,
    burst,
    algorithm,
    capacity: burst,
    id: [algorithm, ...meter, name].join(' '),
    meter,
    label: string(name),
    quota: formatQuota(name, limit, window, burst)
  }
}

const isWithin = (value: unknown, most: number) =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most
