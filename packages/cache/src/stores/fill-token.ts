import { randomBytes } from 'node:crypto'

// Sets the tokens of this process apart.
const PROCESS = randomBytes(9).toString('base64url')
let count = 0

/** Names a fill among those of all processes. */
export const nextToken = (): string => `${PROCESS}.${++count}`
