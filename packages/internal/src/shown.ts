import { inspect } from 'node:util'

const LONGEST = 400

/** Formats an unexpected value for an error message, in at most 400 characters. */
export function shown (value: unknown): string {
  const text = inspect(value, { depth: 0, maxStringLength: 200, maxArrayLength: 20 })
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text
}
