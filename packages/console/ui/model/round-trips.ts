import type { Outcome } from '@weir/metrics'

/** One measured request. */
export interface Timed {
  readonly way: 'cached' | 'computed'
  readonly ms: number
  readonly outcome: Outcome
}

/** Measured requests of one way. */
export interface Times {
  /** ms, ascending */
  readonly all: readonly number[]
  readonly p50: number | undefined
  /** Distinct outcomes, in the order of their first response. */
  readonly outcomes: readonly Outcome[]
}

/** Sorts measured requests by way. */
export function timesOf (timed: readonly Timed[]): Readonly<Record<Timed['way'], Times>> {
  const of = (way: Timed['way']): Times => {
    const own = timed.filter((one) => one.way === way)
    const all = own.map(({ ms }) => ms).sort((a, b) => a - b)
    const outcomes = [...new Set(own.map(({ outcome }) => outcome))]
    return { all, p50: quantile(all, 0.5), outcomes }
  }
  return { cached: of('cached'), computed: of('computed') }
}

/** Returns the quantile at `part` (0 to 1) of ascending values; undefined if the list is empty. */
export const quantile = (ascending: readonly number[], part: number): number | undefined =>
  ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * part))]
