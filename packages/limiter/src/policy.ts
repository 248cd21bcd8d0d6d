import { shown } from '@weir/internal'
import { type AlgorithmName, algorithms, type Meter } from './algorithms/index.js'
import { LimiterError } from './errors.js'
import { formatQuota, string } from './quota.js'

/** Options of {@link definePolicy}. */
export interface PolicyOptions {
  /** Name of the budget, also in the fields that clients see: printable ASCII. */
  readonly name: string
  /** Amount that may be used per window, in the long run. A positive integer. */
  readonly limit: number
  /** Whole milliseconds. */
  readonly window: number
  /**
   * GCRA only: amount that may be used at once after a pause.
   *
   * Default: `limit`, so that a client that complies with "limit per window", however unevenly, is
   * never denied. A lower value evens out the load, a higher one tolerates longer pauses.
   */
  readonly burst?: number
  /** Default `gcra`. */
  readonly algorithm?: AlgorithmName
}

/** A complete and validated limit. Created by {@link definePolicy}. */
export interface Policy extends Required<PolicyOptions> {
  /**
   * Maximum amount usable at once: a full budget. `burst` for GCRA, `limit` for a sliding window.
   */
  readonly capacity: number
  /**
   * Name of its budget in a store, and the only data sent to the Redis script. It includes the
   * meter: a changed policy starts anew.
   */
  readonly id: string
  /** The numbers that stores compute with. */
  readonly meter: Meter
  /** The name as it appears in the fields: `"second"`. */
  readonly label: string
  /** The item of the RateLimit-Policy field, which every response carries: `"second";q=10;w=1`. */
  readonly quota: string
}

const DAY = 86_400_000
const LONGEST = 366 * DAY
const MOST = 1_000_000_000

/**
 * Validates a limit and fills in defaults.
 *
 * The following holds for any span of one window, wherever it begins:
 * - `gcra`: less than `limit + burst` is used.
 * - `sliding-window`: at most `limit` is used.
 *
 * @throws LimiterError WEIR_LIMITER_INVALID_POLICY
 * @example definePolicy({ name: 'second', limit: 100, window: 1000, burst: 20 })
 */
export function definePolicy (options: PolicyOptions): Policy {
  const { name, limit, window, burst, algorithm = 'gcra' } = options
  const refuse = (problem: string) =>
    new LimiterError('WEIR_LIMITER_INVALID_POLICY', `Policy ${shown(name)}: ${problem}`)

  if (typeof name !== 'string' || !/^[\x20-\x7e]{1,128}$/.test(name)) {
    throw refuse('use a name of 1 to 128 printable ASCII characters')
  }
  if (!Object.hasOwn(algorithms, algorithm)) {
    throw refuse(`algorithm ${shown(algorithm)}: use one of ${Object.keys(algorithms).join(', ')}`)
  }
  if (!isWithin(limit, MOST)) {
    throw refuse(`limit ${shown(limit)}: use an integer from 1 to ${MOST}`)
  }
  if (!isWithin(window, LONGEST)) {
    throw refuse(
      `window ${shown(window)}: use whole milliseconds from 1 to ${LONGEST} (366 days)`
    )
  }
  if (burst !== undefined) {
    if (algorithm !== 'gcra') {
      throw refuse('a sliding window has no burst: omit it, or use gcra')
    }
    if (!isWithin(burst, MOST)) {
      throw refuse(`burst ${shown(burst)}: use an integer from 1 to ${MOST}`)
    }
    if ((window / limit) * burst > LONGEST) {
      throw refuse(
        `burst ${burst} takes longer than 366 days to refill: lower it, or raise the limit`
      )
    }
  }
  return build(name, limit, window, burst ?? limit, algorithm)
}

/**
 * Returns one instance's share of a policy when instances cannot share it: an equal part, at least
 * 1.
 */
export function shareOf (policy: Policy, instances: number): Policy {
  const part = (whole: number) => Math.max(1, Math.floor(whole / instances))
  return build(policy.name, part(policy.limit), policy.window, part(policy.burst), policy.algorithm)
}

/** Reports whether these are the same budgets of a key, in the same order. */
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
