import type { Policy, Verdict } from '../src/index.js'

interface Use { readonly at: number, readonly cost: number }

/** The reference for all stores: a log of all uses, replayed from the start for each question. */
export class Model {
  readonly uses = new Map<string, Use[]>()

  take (policies: readonly Policy[], cost: number, now: number): Verdict[] {
    const before = policies.map((policy) => look(policy, this.#usesOf(policy), cost, now))
    if (before.some(({ wait }) => wait > 0)) return before
    for (const policy of policies) this.#usesOf(policy).push({ at: now, cost })
    return policies.map((policy) => ({ ...look(policy, this.#usesOf(policy), cost, now), wait: 0 }))
  }

  /** Records a use, whatever is left. */
  use (policies: readonly Policy[], cost: number, now: number): void {
    for (const policy of policies) this.#usesOf(policy).push({ at: now, cost })
  }

  peek (policies: readonly Policy[], cost: number, now: number): Verdict[] {
    return policies.map((policy) => look(policy, this.#usesOf(policy), cost, now))
  }

  /** The largest use in any span of one window. */
  busiest (policy: Policy): number {
    const uses = this.#usesOf(policy)
    return Math.max(
      0,
      ...uses.map(({ at: begin }) =>
        sum(uses.filter(({ at }) => at >= begin && at < begin + policy.window * 1000))
      )
    )
  }

  #usesOf ({ id }: Policy): Use[] {
    let uses = this.uses.get(id)
    if (uses === undefined) this.uses.set(id, uses = [])
    return uses
  }
}

function look (policy: Policy, uses: readonly Use[], cost: number, now: number): Verdict {
  const seen = lookAt(policy, uses, cost, now)
  const { remaining } = seen
  const { wait } = lookAt(
    policy,
    [...uses, { at: now, cost: remaining }],
    Math.max(1, remaining),
    now
  )
  return { ...seen, again: wait }
}

type Look = Omit<Verdict, 'again'>

const lookAt = (policy: Policy, uses: readonly Use[], cost: number, now: number) =>
  policy.algorithm === 'gcra'
    ? lookGcra(policy, uses, cost, now)
    : lookSliding(policy, uses, cost, now)

/**
 * An exact bucket: a cost of 1 fills it by the window's microseconds, each microsecond drains the
 * limit.
 */
function lookGcra (
  { limit, window, burst }: Policy,
  uses: readonly Use[],
  cost: number,
  now: number
): Look {
  const unit = BigInt(window * 1000)
  const leak = BigInt(limit)
  const drained = (level: bigint, from: number, to: number) => {
    const rest = level - BigInt(to - from) * leak
    return rest > 0n ? rest : 0n
  }
  let level = 0n
  let at = 0
  for (const use of uses) {
    level = drained(level, at, use.at) + BigInt(use.cost) * unit
    at = use.at
  }
  level = drained(level, at, now)
  const room = BigInt(burst) * unit - level
  const missing = BigInt(cost) * unit - room
  const until = (amount: bigint) => (amount > 0n ? Number((amount + leak - 1n) / leak) : 0)
  return { remaining: Number(room / unit), full: until(level), wait: until(missing) }
}

function lookSliding (
  { limit, window }: Policy,
  uses: readonly Use[],
  cost: number,
  now: number
): Look {
  const moment = limit > 256 ? Math.ceil((window * 1000) / 256) : 1
  const counting = uses
    .map((use) => ({ ...use, leaves: Math.ceil(use.at / moment) * moment + window * 1000 }))
    .filter(({ leaves }) => leaves > now)
  const used = sum(counting)
  const moments = [now, ...counting.map(({ leaves }) => leaves)]
  const free =
    moments.find(
      (moment) => sum(counting.filter(({ leaves }) => leaves > moment)) + cost <= limit
    ) ?? Infinity
  return { remaining: limit - used, full: Math.max(...moments) - now, wait: free - now }
}

const sum = (uses: readonly Use[]) => uses.reduce((total, { cost }) => total + cost, 0)
