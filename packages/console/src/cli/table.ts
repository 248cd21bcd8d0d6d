// Spaces between columns, and the minimum width of a column that is cut.
const GAP = 2
const LEAST_WIDTH = 6
const UNITS = ['B', 'KiB', 'MiB', 'GiB']

/**
 * Formats rows as text. Columns are as wide as their content; numbers are right-aligned. If rows
 * exceed `most` characters, the widest columns of text are cut.
 */
export function table (
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly number[] = [],
  most = Infinity
): string {
  const whole = [heads, ...rows]
  const widths = heads.map((_, i) => Math.max(...whole.map((row) => row[i]?.length ?? 0)))
  const texts = heads.flatMap((_, i) => numbers.includes(i) ? [] : [i])
  const widest = () => texts.reduce((a, b) => (widths[b] ?? 0) > (widths[a] ?? 0) ? b : a)
  while (texts.length > 0 && sum(widths) + GAP * (widths.length - 1) > most) {
    const column = widest()
    const width = widths[column] ?? 0
    if (width <= LEAST_WIDTH) break
    widths[column] = width - 1
  }
  const all = whole.map((row) => row.map((cell, i) => cut(cell, widths[i] ?? 0)))
  return all
    .map((row) =>
      row
        .map((cell, i) => {
          if (numbers.includes(i)) return cell.padStart(widths[i] ?? 0)
          return i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)
        })
        .join(' '.repeat(GAP))
        .trimEnd()
    )
    .join('\n') + '\n'
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)
const cut = (text: string, width: number) =>
  text.length <= width ? text : `${text.slice(0, width - 1)}…`

/** Formats a number of bytes. @example bytes(1536) // '1.5 KiB' */
export function bytes (count: number): string {
  let [value, unit] = [count, 0]
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`
}

/** Formats a duration in its largest unit. @example age(90_000) // '2 min' */
export function age (ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`
  return seconds < 86_400 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`
}

/**
 * Replaces control characters, which could change the state of a terminal, and shows as escapes
 * those that change the direction of text, which could make it look like another.
 */
export const printable = (text: string): string => text
  .replace(/\p{Bidi_Control}/gu, (character) =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
  .replace(/\p{Cc}/gu, (character) => (character === '\n' ? ' ' : '\ufffd'))
