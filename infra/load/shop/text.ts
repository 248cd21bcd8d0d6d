import { table } from '../../bench/table.js'
import { type Comparison } from './comparison.js'
import { digits, rowsOf } from './rows.js'

/** Renders both sides as one table. */
export function comparisonText (comparison: Comparison): string {
  const rows = rowsOf(comparison).map(({ what, unit, cached, uncached }) => [
    `${what}${unit === '' ? '' : `, ${unit}`}`,
    digits(cached),
    digits(uncached)
  ])
  return `\n${table([['', 'cached', 'uncached'], ...rows])}`
}
