import { type HistoryPoint, type OutcomeCounts, type Tick } from './api.js'

/** The data of a chart: ascending x in ms since 1970, and a value or a gap per series at each x. */
export interface Columns {
  readonly x: readonly number[]
  readonly series: readonly (readonly (number | null)[])[]
}

/**
 * Builds columns from timestamped rows. If the next row follows more than `gapMs` later, the chart
 * shows a gap instead of a connecting line; `gapMs` may depend on the row.
 */
export function columns<Row extends { readonly at: number }> (
  rows: readonly Row[], values: readonly ((row: Row) => number | null | undefined)[],
  gapMs: number | ((row: Row) => number)
): Columns {
  const gapOf = typeof gapMs === 'number' ? () => gapMs : gapMs
  const withHoles = rows.flatMap((row, index): { at: number, row?: Row }[] => {
    const before = rows[index - 1]
    const hole =
      before !== undefined && row.at - before.at > gapOf(before) ? [{ at: before.at + 1 }] : []
    return [...hole, { at: row.at, row }]
  })
  return {
    x: withHoles.map(({ at }) => at),
    series: values.map((value) =>
      withHoles.map(({ row }) => (row === undefined ? null : (value(row) ?? null)))
    )
  }
}

/**
 * Stacks series, the first at the bottom, and returns the upper edge of each area. Draw them from
 * last to first, so that each area covers the lower part of the one above it.
 */
export function stacked (series: Columns['series']): (number | null)[][] {
  const edges: (number | null)[][] = []
  for (const values of series) {
    const below = edges.at(-1)
    edges.push(values.map((value, index) => value === null ? null : value + (below?.[index] ?? 0)))
  }
  return edges
}

/** One point of the live charts: a tick, or a minute of history from before the first tick. */
export interface Sample {
  /** ms since 1970 */
  readonly at: number
  /** Length in ms. */
  readonly span: number
  /** Requests/s by outcome. */
  readonly rates: OutcomeCounts
  readonly hitRatio: number | null
  /** ms of handler time per second */
  readonly savedMs: number
  readonly hitP50: number | null
  readonly missP50: number | null
  readonly p99: number | null
}

const SECOND = 1000
const MINUTE = 60 * SECOND

/** Drops the points before the first one with requests, which would only take up space. */
export const sinceFirstRequest = (points: readonly HistoryPoint[]): readonly HistoryPoint[] => {
  const first = points.findIndex(({ requests }) => requests > 0)
  return first === -1 ? [] : points.slice(first)
}

/**
 * Prepends whole minutes of history to the ticks, so that charts are filled immediately.
 *
 * @param now ms since 1970
 */
export function samplesOf (
  points: readonly HistoryPoint[],
  ticks: readonly Tick[],
  now: number
): Sample[] {
  const begin = ticks[0]?.at ?? now
  const minutes = sinceFirstRequest(points)
    .filter(({ at }) => at + MINUTE <= begin)
    .map((point): Sample => ({
      // The sample is in the middle of its period.
      at: point.at + MINUTE / 2,
      span: MINUTE,
      rates: scaled(point.outcomes, 1 / 60),
      hitRatio: point.hitRatio,
      savedMs: point.savedMs / 60,
      hitP50: point.hitP50,
      missP50: point.missP50,
      p99: point.p99
    }))
  const seconds = ticks.map((tick): Sample => {
    const each = tick.requests === 0 ? 0 : tick.requestsPerSecond / tick.requests
    return {
      at: tick.at,
      span: SECOND,
      rates: scaled(tick.outcomes, each),
      hitRatio: tick.hitRatio,
      savedMs: tick.savedMs * each,
      hitP50: tick.latency.hit?.p50 ?? null,
      missP50: tick.latency.miss?.p50 ?? null,
      p99: tick.latency.all?.p99 ?? null
    }
  })
  return [...minutes, ...seconds]
}

/** Two consecutive missing samples are a gap, because no data exists for that time. */
export const gapAfter = ({ span }: Sample): number => span * 2.5

const scaled = (counts: OutcomeCounts, by: number): OutcomeCounts =>
  Object.fromEntries(Object.entries(counts).map(([outcome, times]) => [outcome, times * by]))

/**
 * Requests of a history point by outcome. History does not separate memory hits from store hits;
 * the remaining requests had no cache.
 */
export const historyParts = {
  hit: (point: HistoryPoint) => point.hits,
  coalesced: (point: HistoryPoint) => point.coalesced,
  stale: (point: HistoryPoint) => point.stale,
  miss: (point: HistoryPoint) => point.misses,
  bypass: (point: HistoryPoint) => point.bypassed,
  uncached: ({
    requests,
    hits,
    coalesced,
    stale,
    misses,
    bypassed,
    limited,
    errors
  }: HistoryPoint) => requests - hits - coalesced - stale - misses - bypassed - limited - errors,
  limited: (point: HistoryPoint) => point.limited,
  error: (point: HistoryPoint) => point.errors
} as const
