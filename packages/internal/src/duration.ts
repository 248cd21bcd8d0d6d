const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
export type Unit = keyof typeof MILLISECONDS

const isUnit = (text: string | undefined): text is Unit =>
  text !== undefined && text in MILLISECONDS

/**
 * Converts a number, or text such as `'500ms'`, `'60s'`, `'5m'`, `'2h'`, `'1d'`, to milliseconds.
 *
 * Undefined for anything else.
 */
export function millisecondsOf (value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined
  if (typeof value !== 'string') return undefined
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) ?? []
  return amount !== undefined && isUnit(unit) ? Number(amount) * MILLISECONDS[unit] : undefined
}
