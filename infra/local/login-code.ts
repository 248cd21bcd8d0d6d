import { randomBytes } from 'node:crypto'

const LIFETIME_MS = 60 * 60 * 1000

/**
 * Makes a code for one login to the console: its expiry, one hour from `now`, and 192 random bits.
 * Times are ms since 1970.
 */
export const newLoginCode = (now: number): string =>
  `${now + LIFETIME_MS}.${randomBytes(24).toString('base64url')}`
