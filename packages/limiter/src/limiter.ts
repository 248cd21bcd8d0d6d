import { Breaker, isReplyError, shown } from '@weir/internal'
import { type Decision, decisionOf } from './decision.js'
import { Denials } from './denials.js'
import { LimiterError } from './errors.js'
import { emitError } from './events.js'
import { definePolicy, type Policy, shareOf } from './policy.js'
import { type Leftover, Slices } from './slices.js'
import type { LimitStore, Verdict, Verdicts } from './store.js'
import { openMemory } from './stores/memory.js'
import { type LimiterCall, tracedCall } from './traces.js'

const FAILURE_MODES = ['local', 'open', 'closed'] as const

/**
 * The behavior while the store fails.
 *
 * `local`: each instance enforces its own share, in memory. `open`: everything is allowed.
 * `closed`: everything is denied.
 */
export type OnFailure = typeof FAILURE_MODES[number]

/** Options of {@link createLimiter}. */
export interface LimiterOptions {
  readonly store: LimitStore
  /** Default `local`. */
  readonly onFailure?: OnFailure
  /**
   * Current number of instances that share the budgets.
   *
   * In mode `local` each takes an equal part, at least 1. Default 1: each takes all of it. A
   * function must not throw; results below 1 count as 1.
   */
  readonly instances?: number | (() => number)
}

/** Options of one call. */
export interface ConsumeOptions {
  /** Amount to use. A positive integer up to the `capacity` of each policy. Default 1. */
  readonly cost?: number
  /** Overrides the limiter's setting. */
  readonly onFailure?: OnFailure
}

// Milliseconds until a retry where nothing is allowed without the store, and for which a denial is
// answered from memory.
const RETRY_AFTER = 250
const LONGEST_DENIAL = 1000
// Peeked at to check whether a store without its own probe answers.
const PROBE = [definePolicy({ name: 'probe', limit: 1, window: 1000 })]

/**
 * Creates a limiter over a store, which it does not close.
 *
 * One per process and store is enough, whatever the policies.
 * @throws LimiterError WEIR_LIMITER_INVALID_OPTION
 * @example
 * const limiter = createLimiter({ store: redisStore({ client }), instances: 4 })
 * const policies = [
 *   definePolicy({ name: 'second', limit: 10, window: 1000 }),
 *   definePolicy({ name: 'hour', limit: 1000, window: 3_600_000 })
 * ]
 * const { allowed, retryAfterMs } = await limiter.consume(limitKey('search', 'user:42'), policies)
 */
export function createLimiter (options: LimiterOptions): Limiter {
  return new Limiter(options)
}

/** See {@link createLimiter}. */
export class Limiter {
  readonly #store: LimitStore
  readonly #local = openMemory()
  readonly #breaker: Breaker
  /**
   * The key of the last failed call: in a store of several servers, it determines which one to
   * probe.
   */
  #suspect = ''
  readonly #denials = new Denials(LONGEST_DENIAL)
  readonly #slices = new Slices((leftover) => {
    this.#giveBack(leftover)
  })

  readonly #onFailure: OnFailure
  readonly #instances: number | (() => number)

  constructor ({ store, onFailure = 'local', instances = 1 }: LimiterOptions) {
    if (typeof instances !== 'function' && !(Number.isSafeInteger(instances) && instances >= 1)) {
      throw new LimiterError(
        'WEIR_LIMITER_INVALID_OPTION',
        `instances ${shown(instances)}: use a positive integer, or a function that returns one`
      )
    }
    checkMode(onFailure)
    this.#store = store
    this.#onFailure = onFailure
    this.#instances = instances
    this.#breaker = new Breaker({
      name: 'rate limits',
      probe: async () => store.probe?.(this.#suspect) ?? store.peek(this.#suspect, PROBE, 1),
      refusal: unavailable,
      isAnswer: isReplyError
    })
  }

  /**
   * Uses the cost of all of the key's budgets with these policies or, if one denies, of none.
   *
   * Does not fail because of the store.
   * @throws LimiterError WEIR_LIMITER_INVALID_KEY, WEIR_LIMITER_INVALID_COST,
   *   WEIR_LIMITER_COST_TOO_HIGH, WEIR_LIMITER_INVALID_POLICY (none, or two with the same name),
   *   WEIR_LIMITER_INVALID_OPTION
   */
  async consume (
    key: string,
    policies: readonly Policy[],
    options?: ConsumeOptions
  ): Promise<Decision> {
    return this.take(key, policies, options)
  }

  /**
   * Like `consume`, but returns decisions that this process can make synchronously.
   * @throws the errors of `consume`, synchronously
   * @example
   * const decision = limiter.take(key, policies)
   * const { allowed } = decision instanceof Promise ? await decision : decision
   */
  take (
    key: string,
    policies: readonly Policy[],
    options?: ConsumeOptions
  ): Decision | Promise<Decision> {
    const { cost = 1, onFailure = this.#onFailure } = options ?? NOTHING_SAID
    check(key, policies, cost)
    checkMode(onFailure)
    const denied = this.#denials.find(key, policies, cost)
    if (denied !== undefined) return denied
    if (this.#breaker.isOpen) {
      return this.#without(onFailure, 'take', key, policies, cost, unavailable)
    }
    const sliced = this.#slices.use(key, policies, cost)
    if (sliced !== undefined) return sliced
    const askedAt = performance.now()
    const answer = attempt(() =>
      this.#traced('take', policies, () => this.#askStore(key, policies, cost, askedAt)))
    if (!(answer instanceof Promise)) return this.#heard(key, policies, cost, answer, askedAt)
    return this.#ask(key, () => answer).then(
      (verdicts) => this.#heard(key, policies, cost, verdicts, askedAt),
      (error: unknown) => this.#without(onFailure, 'take', key, policies, cost, () => error)
    )
  }

  /**
   * Returns the decision of `consume` without using anything. Always asks the store. Throws like
   * `consume`.
   */
  async peek (
    key: string,
    policies: readonly Policy[],
    options?: ConsumeOptions
  ): Promise<Decision> {
    const { cost = 1, onFailure = this.#onFailure } = options ?? NOTHING_SAID
    check(key, policies, cost)
    checkMode(onFailure)
    if (this.#breaker.isOpen) {
      return this.#without(onFailure, 'peek', key, policies, cost, unavailable)
    }
    try {
      return decisionOf(
        'shared',
        policies,
        await this.#ask(key, async () =>
          this.#traced('peek', policies, () => this.#store.peek(key, policies, cost)))
      )
    } catch (error) {
      return this.#without(onFailure, 'peek', key, policies, cost, () => error)
    }
  }

  /**
   * Refills all budgets of the key. Other instances that remember a denial continue to deny for at
   * most a second.
   * @throws LimiterError WEIR_LIMITER_STORE_FAILED: nothing was done
   */
  async reset (key: string): Promise<void> {
    const failed = (cause: unknown) =>
      new LimiterError('WEIR_LIMITER_STORE_FAILED', `reset ${shown(key)}`, { cause })
    try {
      await this.#ask(key, () => this.#traced('reset', [], () => this.#store.reset(key)))
    } catch (error) {
      throw failed(error)
    }
    await this.#local.reset(key)
    this.#denials.forget(key)
    this.#slices.forget(key)
  }

  /**
   * Returns slices and stops probing a store that does not answer. The store itself is not closed.
   */
  close (): void {
    this.#slices.close()
    this.#breaker.stop()
  }

  /** Requests a use, together with a slice if possible. */
  #askStore (key: string, policies: readonly Policy[], cost: number, askedAt: number): Verdicts {
    const store = this.#store
    if (store.lease === undefined || !this.#slices.canHave(policies)) {
      return store.take(key, policies, cost)
    }
    return store
      .lease(key, policies, cost, this.#slices.terms(key, policies, cost))
      .then(({ verdicts, slice }) => {
        const decision = decisionOf('shared', policies, verdicts)
        if (decision.allowed) this.#slices.remember(key, policies, cost, decision, slice, askedAt)
        return verdicts
      })
  }

  /** @param askedAt `performance.now()` before the store was asked */
  #heard (
    key: string,
    policies: readonly Policy[],
    cost: number,
    verdicts: readonly Verdict[],
    askedAt: number
  ): Decision {
    const decision = decisionOf('shared', policies, verdicts)
    if (!decision.allowed) this.#denials.remember(key, policies, cost, decision, askedAt)
    return decision
  }

  #traced<R>(
    operation: LimiterCall['operation'],
    policies: readonly Policy[],
    call: () => R
  ): R {
    const describe = () =>
      ({ store: this.#store.kind, operation, policies: policies.map(({ name }) => name) })
    return tracedCall(describe, call)
  }

  /** A slice that cannot be returned stays used. */
  #giveBack ({ key, policies, terms }: Leftover): void {
    if (this.#breaker.isOpen) return
    this.#ask(key, async () => this.#store.lease?.(key, policies, 0, terms)).catch(() => {})
  }

  #ask<R>(key: string, call: () => Promise<R>): Promise<R> {
    return this.#breaker.run(async () => {
      try {
        return await call()
      } catch (error) {
        this.#suspect = key
        throw error
      }
    })
  }

  #without (
    mode: OnFailure,
    operation: 'take' | 'peek',
    key: string,
    policies: readonly Policy[],
    cost: number,
    error: () => unknown
  ): Decision {
    emitError(() => ({
      operation: operation === 'take' ? 'consume' : 'peek',
      key,
      error: error()
    }))
    if (mode !== 'local') {
      const allowed = mode === 'open'
      return { allowed, mode, policies: [], violated: [], retryAfterMs: allowed ? 0 : RETRY_AFTER }
    }
    const told = typeof this.#instances === 'number' ? this.#instances : this.#instances()
    const instances = told >= 1 ? Math.ceil(told) : 1
    // A use weighs as much as there are instances, against the whole budget: past uses keep
    // counting when the number of instances changes. A cost above a whole share takes all of it,
    // since otherwise it could never be used.
    const verdicts = this.#local[operation](key, policies, cost, instances)
    return decisionOf(
      mode,
      policies.map((policy) => shareOf(policy, instances)),
      verdicts
    )
  }
}

/** Returns the result of a call; an error that it throws becomes a rejection. */
function attempt<R> (call: () => R | Promise<R>): R | Promise<R> {
  try {
    return call()
  } catch (error) {
    return new Promise(() => { throw error })
  }
}

const NOTHING_SAID: ConsumeOptions = {}
const unavailable = () => new LimiterError('WEIR_LIMITER_STORE_UNAVAILABLE', 'The store')

function checkMode (mode: OnFailure) {
  if (FAILURE_MODES.includes(mode)) return
  throw new LimiterError(
    'WEIR_LIMITER_INVALID_OPTION',
    `onFailure ${shown(mode)}: use one of ${FAILURE_MODES.join(', ')}`
  )
}

function check (key: string, policies: readonly Policy[], cost: number) {
  if (typeof key !== 'string' || key === '') {
    throw new LimiterError(
      'WEIR_LIMITER_INVALID_KEY',
      `Key ${shown(key)}: use a non-empty string`
    )
  }
  if (!Number.isSafeInteger(cost) || cost < 1) {
    throw new LimiterError('WEIR_LIMITER_INVALID_COST', shown(cost))
  }
  if (policies.length === 0) {
    throw new LimiterError('WEIR_LIMITER_INVALID_POLICY', 'No policy: use at least one')
  }
  for (const policy of policies) {
    const { name, capacity } = policy
    if (cost > capacity) {
      throw new LimiterError(
        'WEIR_LIMITER_COST_TOO_HIGH',
        `A cost of ${cost} exceeds the ${capacity} that policy ${shown(name)} allows at once`
      )
    }
    for (const other of policies) {
      if (other === policy) break
      if (other.name !== name) continue
      throw new LimiterError(
        'WEIR_LIMITER_INVALID_POLICY',
        `Policy ${shown(name)}: another one has the same name: use a unique name for each`
      )
    }
  }
}
