import type { Outcome } from '@weir/metrics'
import { type HistoryPoint, type Tick } from './api.js'

/** Of a chart: x in ms since 1970, ascending, and for each series a value or a gap at each x. */
export interface Columns {
  readonly x: readonly number[]
  readonly series: readonly (readonly (number | null)[])[]
}

/** Columns of rows that have a time. A hole of more than `gapMs` between two rows is a gap in the chart, not a line across it. */
export function columns<Row extends { readonly at: number }> (
  rows: readonly Row[], values: readonly ((row: Row) => number | null | undefined)[], gapMs: number
): Columns {
  const withHoles = rows.flatMap((row, index): { at: number, row?: Row }[] => {
    const before = rows[index - 1]
    const hole = before !== undefined && row.at - before.at > gapMs ? [{ at: before.at + 1 }] : []
    return [...hole, { at: row.at, row }]
  })
  return {
    x: withHoles.map(({ at }) => at),
    series: values.map((value) => withHoles.map(({ row }) => row === undefined ? null : value(row) ?? null))
  }
}

/**
 * Series on top of each other, the first at the bottom: each as the upper edge of its area. To be drawn from the last to the first, so that
 * each covers what is not its own.
 */
export function stacked (series: Columns['series']): (number | null)[][] {
  const edges: (number | null)[][] = []
  for (const values of series) {
    const below = edges.at(-1)
    edges.push(values.map((value, index) => value === null ? null : value + (below?.[index] ?? 0)))
  }
  return edges
}

/** Outcomes as rates of each tick: what was counted, over what the tick says it is a second's share of. */
export const outcomeRate = (outcome: Outcome) => (tick: Tick): number => {
  if (tick.requests === 0) return 0
  return (tick.outcomes[outcome] ?? 0) * tick.requestsPerSecond / tick.requests
}

/** Requests of a point of history by how they were answered: hits from memory and store are one number there, and the rest had no cache. */
export const historyParts = {
  hit: (point: HistoryPoint) => point.hits,
  coalesced: (point: HistoryPoint) => point.coalesced,
  stale: (point: HistoryPoint) => point.stale,
  miss: (point: HistoryPoint) => point.misses,
  bypass: (point: HistoryPoint) => point.bypassed,
  uncached: ({ requests, hits, coalesced, stale, misses, bypassed, limited, errors }: HistoryPoint) =>
    requests - hits - coalesced - stale - misses - bypassed - limited - errors,
  limited: (point: HistoryPoint) => point.limited,
  error: (point: HistoryPoint) => point.errors
} as const
