import { randomBytes } from 'node:crypto'

// Distinguishes the tokens of this process.
const PROCESS = randomBytes(9).toString('base64url')
let count = 0

/** Returns an identifier for a fill that is unique across processes. */
export const nextToken = (): string => `${PROCESS}.${++count}`
