import type Database from 'better-sqlite3'

/**
 * Adds SQL functions for latency histograms, which are JSON lists of numbers: `latency_add(a, b)`
 * and the aggregate `latency_sum(a)`.
 */
export function addLatencyFunctions (database: Database.Database): void {
  database.function('latency_add', { deterministic: true }, (a: unknown, b: unknown) =>
    JSON.stringify(sum(parse(a), parse(b)))
  )
  database.aggregate('latency_sum', {
    deterministic: true,
    start: (): number[] => [],
    step: (total, next) => sum(parse(next), total),
    result: (total) => JSON.stringify(total)
  })
}

/** Parses a histogram; returns an empty list for invalid values. */
export function parse (histogram: unknown): number[] {
  const value: unknown = typeof histogram === 'string' ? JSON.parse(histogram) : undefined
  return Array.isArray(value) ? value.map(Number) : []
}

/** Adds two histograms bucket by bucket. Missing buckets count as 0. */
const sum = (a: number[], b: readonly number[]): number[] =>
  a.length < b.length
    ? b.map((count, i) => count + (a[i] ?? 0))
    : a.map((count, i) => count + (b[i] ?? 0))
