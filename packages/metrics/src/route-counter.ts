import { NameCounts } from './name-counts.js'
import { type Outcome, OUTCOMES, type RouteCounts, type Series } from './record.js'
import { emptySeries, subtractSeries } from './series.js'
import { Tally } from './tally.js'

// Cache-Status has about thirty reasons, and an origin may add its own.
const MOST_REASONS = 50
const MOST_POLICIES = 50
const NONE = emptySeries()

/** The counts of a route at some moment. */
export interface RouteTotals {
  readonly count: number
  readonly outcomes: Readonly<Record<Outcome, Series>>
  readonly reasons: ReadonlyMap<string, number>
}

/**
 * The counts of one route since the process started. Looked up once, when the route is declared.
 */
export class RouteCounter {
  readonly tallies: Readonly<Record<Outcome, Tally>> = each(() => new Tally())
  /** Reasons for not caching responses. */
  readonly reasons = new NameCounts(MOST_REASONS)
  /** Denials by policy. */
  readonly limited = new NameCounts(MOST_POLICIES)

  constructor (readonly route: string) {}

  /**
   * Number of requests so far. A plain loop without a function per element, because every route is
   * asked each second.
   */
  get count (): number {
    let count = 0
    for (const outcome of OUTCOMES) count += this.tallies[outcome].count
    return count
  }

  /** @param earlier previous totals: counts that have not changed since are not copied */
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

  /** Returns the counts since; undefined if there are none. */
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
