import { randomBytes } from 'node:crypto'

const LIFETIME_MS = 60 * 60 * 1000

/**
 * A code for one login: the time it expires, one hour from `now`, and 192 random bits. Times are ms
 * since 1970.
 */
export const newLoginCode = (now: number): string =>
  `${now + LIFETIME_MS}.${randomBytes(24).toString('base64url')}`
