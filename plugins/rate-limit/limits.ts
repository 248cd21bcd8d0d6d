import { hash } from 'node:crypto'
import { CacheError, type Duration, parseDuration } from '@weir/cache'
import {
  type ConsumeOptions,
  definePolicy,
  LimiterError,
  type OnFailure,
  type Policy,
  type PolicyOptions
} from '@weir/limiter'
import type { FastifyRequest } from 'fastify'
import { isOptions, unknownOption } from '../plugin-options.js'

/** One limit per window. See `definePolicy` of `@weir/limiter`. */
export interface LimitPolicy extends Omit<PolicyOptions, 'window'> {
  readonly window: Duration
}

/** One limit, called `default`, or several at once. */
export interface LimitOptions extends Partial<Omit<LimitPolicy, 'name'>> {
  /**
   * Policies that all have to allow a request; if one denies it, none is charged. Replaces `limit`,
   * `window` and `burst`.
   */
  readonly policies?: readonly LimitPolicy[]
}

/** Value of a route's `config.rateLimit`. Without a limit of its own the route has the plugin's. */
export interface RouteLimitOptions extends LimitOptions {
  /**
   * Limits of clients with a `tier`, by its name. Tiers that are not listed have the default
   * limits.
   */
  readonly tiers?: Readonly<Record<string, LimitOptions>>
  /**
   * Cost of one request to each budget. Default 1. A function is called before the request is
   * validated; it returns a positive integer up to the smallest policy's capacity, or the request
   * is a 500.
   */
  readonly cost?: number | RequestCost
  /**
   * Group of routes that share one budget: letters, digits, `.` `_` `-`. Default: for a route with
   * limits of its own, the route; for all others together, `default`.
   */
  readonly group?: string
  /** Behavior while the store is unavailable. Default: the plugin's. */
  readonly onFailure?: OnFailure
}

/**
 * Computes the cost of a request. Declared as a method, so that it may take a request of its
 * route's own type.
 */
export type RequestCost = { bivariant (request: FastifyRequest): number }['bivariant']

/** Validated limit of a route. */
export interface RouteLimit {
  readonly group: string
  readonly policies: readonly Policy[]
  readonly tiers: ReadonlyMap<string, readonly Policy[]>
  readonly use: ConsumeOptions & { readonly cost: number }
  /** Computes the cost of a request, in place of `use.cost`. */
  readonly costOf?: RequestCost
}

/** Creates the error for an invalid option. */
export type Refuse = (option: string, problem: string) => Error

const POLICY = ['limit', 'window', 'burst', 'algorithm']
const LIMIT = [...POLICY, 'policies']
const ROUTE = [...LIMIT, 'tiers', 'cost', 'group', 'onFailure']
const MODES: readonly unknown[] = ['local', 'open', 'closed'] satisfies OnFailure[]

/**
 * Validates the limit options of a route or the plugin, so that a mistake stops the boot instead of
 * a request.
 * @param name identifies the route: its group is derived from it
 * @param fallback limit that applies if `options` has none; without it `options` must have one
 */
export function routeLimit (
  options: RouteLimitOptions,
  name: string,
  fallback: RouteLimit | undefined,
  refuse: Refuse
): RouteLimit {
  refuseUnknown(options, ROUTE, '', refuse)
  const own = policiesOf(options, '', refuse)
  const policies = own ?? fallback?.policies
  if (policies === undefined) {
    throw refuse('limit', 'is missing: give limit and window, or policies, here or to the plugin')
  }
  const tiers = options.tiers === undefined ? undefined : tiersOf(options.tiers, refuse)
  const { cost = 1, onFailure } = options
  if (onFailure !== undefined && !MODES.includes(onFailure)) {
    throw refuse('onFailure', `must be one of ${MODES.join(', ')}`)
  }
  const group =
    options.group ??
    (own === undefined && tiers === undefined && fallback !== undefined
      ? fallback.group
      : groupOf(name))
  if (typeof group !== 'string' || !/^[\w.-]+$/.test(group)) {
    throw refuse('group', `must be letters, digits, "." "_" or "-", not ${shown(group)}`)
  }
  const inherited = own === undefined ? fallback?.tiers : undefined
  const use = {
    cost: typeof cost === 'function' ? 1 : cost,
    ...(onFailure !== undefined && { onFailure })
  }
  const limit = {
    group,
    policies,
    tiers: tiers ?? inherited ?? new Map<string, Policy[]>(),
    use,
    ...(typeof cost === 'function' && { costOf: cost })
  }
  checkCost(limit, refuse)
  return limit
}

function policiesOf (options: LimitOptions, at: string, refuse: Refuse): Policy[] | undefined {
  const { policies, limit, window, burst, algorithm } = options
  const short = { limit, window, burst, algorithm }
  const isShort = Object.values(short).some((value) => value !== undefined)
  if (policies === undefined) {
    return isShort ? [policyOf({ ...short, name: 'default' }, at, refuse)] : undefined
  }
  if (isShort) {
    throw refuse(
      `${at}policies`,
      'is given beside limit, window, burst or algorithm: give one or the other'
    )
  }
  if (!Array.isArray(policies) || policies.length === 0) {
    throw refuse(`${at}policies`, 'must be a list of policies, one at least')
  }
  return policies.map((policy: LimitPolicy, i) => {
    const place = `${at}policies[${i}].`
    if (!isOptions(policy)) {
      throw refuse(`${at}policies[${i}]`, `must be an object, not ${shown(policy)}`)
    }
    refuseUnknown(policy, ['name', ...POLICY], place, refuse)
    const first = policies.findIndex((other: LimitPolicy) => other?.name === policy.name)
    if (first !== i) {
      throw refuse(`${place}name`, `${shown(policy.name)} is taken: give each policy its own name`)
    }
    return policyOf(policy, place, refuse)
  })
}

type Unchecked = { [Option in keyof LimitPolicy]?: LimitPolicy[Option] | undefined }

function policyOf (
  { name, limit, window, burst, algorithm }: Unchecked,
  at: string,
  refuse: Refuse
): Policy {
  if (limit === undefined) throw refuse(`${at}limit`, 'is missing')
  if (window === undefined) throw refuse(`${at}window`, 'is missing')
  if (name === undefined) throw refuse(`${at}name`, 'is missing')
  let ms
  try {
    ms = parseDuration(window)
  } catch (error) {
    if (!(error instanceof CacheError)) throw error
    throw refuse(
      `${at}window`,
      `must be a duration: milliseconds, or text like '60s', not ${shown(window)}`
    )
  }
  try {
    return definePolicy({
      name,
      limit,
      window: ms,
      ...(burst !== undefined && { burst }),
      ...(algorithm !== undefined && { algorithm })
    })
  } catch (error) {
    if (!(error instanceof LimiterError)) throw error
    throw refuse(at === '' ? 'limit' : at.slice(0, -1), `cannot be used: ${error.message}`)
  }
}

function tiersOf (
  tiers: Readonly<Record<string, LimitOptions>>,
  refuse: Refuse
): Map<string, Policy[]> {
  if (!isOptions(tiers)) throw refuse('tiers', `must be an object of limits, not ${shown(tiers)}`)
  return new Map(
    Object.entries(tiers).map(([tier, options]) => {
      const place = `tiers.${tier}`
      if (!isOptions(options)) throw refuse(place, `must be an object, not ${shown(options)}`)
      refuseUnknown(options, LIMIT, `${place}.`, refuse)
      const policies = policiesOf(options, `${place}.`, refuse)
      if (policies === undefined) {
        throw refuse(place, 'has no limit: give limit and window, or policies')
      }
      return [tier, policies]
    })
  )
}

function checkCost ({ use: { cost }, policies, tiers }: RouteLimit, refuse: Refuse): void {
  if (!Number.isSafeInteger(cost) || cost < 1) {
    throw refuse('cost', `must be a positive integer, not ${shown(cost)}`)
  }
  const smallest = [...policies, ...[...tiers.values()].flat()].find(
    ({ capacity }) => capacity < cost
  )
  if (smallest !== undefined) {
    throw refuse(
      'cost',
      `is ${cost}, but the policy ${shown(smallest.name)} never allows more than ` +
      `${smallest.capacity} at once: no request would pass`
    )
  }
}

function refuseUnknown (
  options: object,
  known: readonly string[],
  at: string,
  refuse: Refuse
): void {
  const unknown = unknownOption(options, known)
  if (unknown !== undefined) throw refuse(`${at}${unknown.name}`, unknown.problem)
}

const groupOf = (name: string) => `route-${hash('sha256', name, 'hex').slice(0, 16)}`

const shown = (value: unknown) => JSON.stringify(value) ?? String(value)
