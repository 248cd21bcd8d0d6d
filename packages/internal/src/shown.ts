import { inspect } from 'node:util'

/** Formats an unexpected value for an error message, in at most a few hundred characters. */
export const shown = (value: unknown): string => inspect(value, { depth: 0, maxStringLength: 200 })
