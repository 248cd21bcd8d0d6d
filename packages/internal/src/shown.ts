import { inspect } from 'node:util'

/** Renders an unexpected value for an error message, in a few hundred characters at most. */
export const shown = (value: unknown): string => inspect(value, { depth: 0, maxStringLength: 200 })
