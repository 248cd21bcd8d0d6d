/** A value of a CSV file. */
export type CsvValue = string | number | boolean | null | undefined

/**
 * Serializes a CSV file (RFC 4180) with a header. Text that a spreadsheet would run as a formula is
 * prefixed with an apostrophe.
 *
 * @example csvOf(['route', 'requests'], [['GET /a', 3]]) // 'route,requests\r\nGET /a,3\r\n'
 */
export const csvOf = (
  header: readonly string[],
  rows: readonly (readonly CsvValue[])[]
): string =>
  [header, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('')

/** Matches text that a spreadsheet runs as a formula, including after leading whitespace. */
const FORMULA = /^\s*[=+\-@\t\r]/

function field (value: CsvValue): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'string') return String(value)
  const text = FORMULA.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/**
 * Builds a file name from the title of a table and the time.
 *
 * @example fileName('Requests', 0) // 'weir-requests-1970-01-01T00-00.csv'
 */
export const fileName = (title: string, now: number): string => {
  const name = title.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '')
  return `weir-${name}-${new Date(now).toISOString().slice(0, 16).replace(':', '-')}.csv`
}
