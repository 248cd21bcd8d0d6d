import { NameCounts } from './name-counts.js'
import { type Outcome, OUTCOMES, type RouteCounts, type Series } from './record.js'
import { emptySeries, subtractSeries } from './series.js'
import { Tally } from './tally.js'

// Those of Cache-Status are about thirty, and an origin's may be among them.
const MOST_REASONS = 50
const MOST_POLICIES = 50
const NONE = emptySeries()

/** What a route had counted at some moment. */
export interface RouteTotals {
  readonly count: number
  readonly outcomes: Readonly<Record<Outcome, Series>>
  readonly reasons: ReadonlyMap<string, number>
}

/**
 * What is counted of one route, since the process began. Looked up once, when the route is
 * declared.
 */
export class RouteCounter {
  readonly tallies: Readonly<Record<Outcome, Tally>> = each(() => new Tally())
  /** Why responses were not cached. */
  readonly reasons = new NameCounts(MOST_REASONS)
  /** Denials, by policy. */
  readonly limited = new NameCounts(MOST_POLICIES)

  constructor (readonly route: string) {}

  /** Requests so far. Asked of every route each second: a loop, without a function for each. */
  get count (): number {
    let count = 0
    for (const outcome of OUTCOMES) count += this.tallies[outcome].count
    return count
  }

  /** @param earlier totals of before: of what was not counted since, nothing is copied */
  totals (earlier?: RouteTotals): RouteTotals {
    const count = this.count
    if (earlier?.count === count) return earlier
    return {
      count,
      outcomes: each((outcome) => this.#seriesOf(outcome, earlier)),
      reasons: this.reasons.copy()
    }
  }

  #seriesOf (outcome: Outcome, earlier: RouteTotals | undefined): Series {
    const [tally, before] = [this.tallies[outcome], earlier?.outcomes[outcome] ?? NONE]
    return tally.count === before.count ? before : tally.copy()
  }

  /** What was counted since; undefined if nothing was. */
  since (earlier: RouteTotals | undefined): RouteCounts | undefined {
    const outcomes: Partial<Record<Outcome, Series>> = {}
    for (const outcome of OUTCOMES) {
      const [tally, before] = [this.tallies[outcome], earlier?.outcomes[outcome]]
      if (tally.count === (before?.count ?? 0)) continue
      outcomes[outcome] = before === undefined ? tally.copy() : subtractSeries(tally.copy(), before)
    }
    if (Object.keys(outcomes).length === 0) return undefined
    return { route: this.route, outcomes, reasons: this.reasons.since(earlier?.reasons) }
  }
}

function each<T> (make: (outcome: Outcome) => T): Record<Outcome, T> {
  return {
    l1: make('l1'),
    l2: make('l2'),
    coalesced: make('coalesced'),
    stale: make('stale'),
    miss: make('miss'),
    bypass: make('bypass'),
    uncached: make('uncached'),
    limited: make('limited'),
    error: make('error'),
    refill: make('refill')
  }
}
