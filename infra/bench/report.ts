import { isMet, type Result } from './scenario.js'
import { table } from './table.js'

/** Renders the results as a table, followed by the missed targets. */
export function report (results: readonly Result[]): string {
  const rows = [
    ['scenario', 'what', 'A: weir', 'B', 'median (spread)', 'by CPU', 'target', ''],
    ...results.map((result) => [
      result.scenario,
      result.what,
      result.a,
      result.b ?? '',
      `${figure(result.measured.median, result.unit)} (${figure(result.measured.min, result.unit)}-${figure(result.measured.max, result.unit)})`,
      result.byCpu === undefined ? '' : figure(result.byCpu.median, 'x'),
      target(result),
      verdict(result)
    ])
  ]
  const judged = results.filter((result) => isMet(result) !== undefined)
  const missed = judged.filter((result) => isMet(result) === false)
  const summary =
    missed.length === 0
      ? `All ${judged.length} targets met.`
      : `${missed.length} of ${judged.length} targets MISSED:`
  return [table(rows), '', summary, ...missed.map((result) => {
    const { scenario, what, unit, measured, byCpu = measured } = result
    const isEach = result.target !== undefined && 'everyAtMost' in result.target
    return `  ${scenario}, ${what}: ${figure(isEach ? byCpu.max : byCpu.median, unit)}, ${target(result)}`
  })].join('\n')
}

/** Renders the duration of the scenarios as one line, in seconds. */
export function tookLine (seconds: Readonly<Record<string, number>>): string {
  const all = Object.values(seconds).reduce((sum, one) => sum + one, 0)
  const each = Object.entries(seconds).map(([name, one]) => `${name} ${one}`).join(', ')
  return `Took ${Math.floor(all / 60)} min ${all % 60} s: ${each} s`
}

function figure (value: number, unit: Result['unit']): string {
  if (unit === 'B' || unit === 'runs' || unit === 'calls') return `${Math.round(value)}`
  return value.toFixed(value < 10 ? 2 : 1)
}

function target ({ target, unit, byCpu }: Result): string {
  if (target === undefined) return 'none'
  const by = byCpu === undefined ? '' : ' by CPU'
  if ('atLeast' in target) return `>= ${target.atLeast} ${unit}${by}`
  return 'atMost' in target
    ? `<= ${target.atMost} ${unit}${by}`
    : `each <= ${target.everyAtMost} ${unit}${by}`
}

function verdict (result: Result): string {
  const met = isMet(result)
  if (met === undefined) return ''
  return met ? 'ok' : 'MISSED'
}
