import { type HistoryPoint, type OutcomeCounts, type Tick } from './api.js'

/** Of a chart: x in ms since 1970, ascending, and for each series a value or a gap at each x. */
export interface Columns {
  readonly x: readonly number[]
  readonly series: readonly (readonly (number | null)[])[]
}

/**
 * Columns of rows that have a time. A hole of more than `gapMs` after a row is a gap in the chart,
 * not a line across it; rows of different length have a gap of their own.
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
 * Series on top of each other, the first at the bottom: each as the upper edge of its area. To be
 * drawn from the last to the first, so that each covers what is not its own.
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
  /** Length, ms. */
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

/** Points from the first one with requests on: the time before it would only take room. */
export const sinceFirstRequest = (points: readonly HistoryPoint[]): readonly HistoryPoint[] => {
  const first = points.findIndex(({ requests }) => requests > 0)
  return first === -1 ? [] : points.slice(first)
}

/**
 * Ticks, and before them whole minutes of history, so that charts are full at once. @param now ms
 * since 1970
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

/** Two missing in a row are a gap: nobody knows what was then. */
export const gapAfter = ({ span }: Sample): number => span * 2.5

const scaled = (counts: OutcomeCounts, by: number): OutcomeCounts =>
  Object.fromEntries(Object.entries(counts).map(([outcome, times]) => [outcome, times * by]))

/**
 * Requests of a point of history by how they were answered: hits from memory and store are one
 * number there, and the rest had no cache.
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
