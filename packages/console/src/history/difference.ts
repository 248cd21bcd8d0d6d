import {
  addedTo,
  type MinuteRecord,
  type Outcome,
  OUTCOMES,
  type RouteCounts,
  type Series,
  subtractSeries
} from '@weir/metrics'

/**
 * Returns the counts that a record adds to an earlier version of the same process and minute.
 * Without an earlier version, returns the whole record.
 */
export function difference (record: MinuteRecord, earlier: MinuteRecord | undefined): MinuteRecord {
  if (earlier === undefined) return record
  const routesBefore = new Map(earlier.routes.map((counts) => [counts.route, counts]))
  const denialKey = ({ route, policy, client }: MinuteRecord['denials'][number]) =>
    JSON.stringify([route, policy, client])
  const denialsBefore = new Map(earlier.denials.map((denial) => [denialKey(denial), denial.count]))
  return {
    ...record,
    routes: record.routes
      .map((counts) => routeDifference(counts, routesBefore.get(counts.route)))
      .filter(
        ({ outcomes, reasons }) =>
          Object.keys(outcomes).length > 0 || Object.keys(reasons).length > 0
      ),
    filledBy: tallyDifference(record.filledBy, earlier.filledBy),
    denials: record.denials
      .map((denial) => ({
        ...denial,
        count: denial.count - (denialsBefore.get(denialKey(denial)) ?? 0)
      }))
      .filter(({ count }) => count !== 0),
    caches: addedTo(earlier.caches ?? [], record.caches ?? [])
  }
}

function routeDifference (counts: RouteCounts, earlier: RouteCounts | undefined): RouteCounts {
  if (earlier === undefined) return counts
  const outcomes: Partial<Record<Outcome, Series>> = {}
  for (const outcome of OUTCOMES) {
    const [now, before] = [counts.outcomes[outcome], earlier.outcomes[outcome]]
    if (now !== undefined && now.count !== before?.count) {
      outcomes[outcome] = before === undefined ? now : subtractSeries(now, before)
    }
  }
  return {
    route: counts.route,
    outcomes,
    reasons: tallyDifference(counts.reasons, earlier.reasons)
  }
}

function tallyDifference (
  now: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(now)
      .map(([name, count]): [string, number] => [name, count - (before[name] ?? 0)])
      .filter(([, count]) => count !== 0)
  )
}
