const UNITS = ['B', 'KiB', 'MiB', 'GiB']

/** Formats rows as text. Columns are as wide as their content; numbers are right-aligned. */
export function table (
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly number[] = []
): string {
  const all = [heads, ...rows]
  const widths = heads.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)))
  return all
    .map((row) =>
      row
        .map((cell, i) => {
          if (numbers.includes(i)) return cell.padStart(widths[i] ?? 0)
          return i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)
        })
        .join('  ')
        .trimEnd()
    )
    .join('\n') + '\n'
}

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

/** Replaces control characters, which could change the state of a terminal. */
export const printable = (text: string): string =>
  // eslint-disable-next-line no-control-regex -- control characters are the target
  text.replace(/[\0-\x1f\x7f-\x9f]/g, (character) => (character === '\n' ? ' ' : '\ufffd'))
