import { randomBytes } from 'node:crypto'

const LIFETIME_MS = 60 * 60 * 1000

/**
 * Creates a code for one login: its expiry, one hour after `now`, and 192 random bits. Times are in
 * ms since 1970.
 */
export const newLoginCode = (now: number): string =>
  `${now + LIFETIME_MS}.${randomBytes(24).toString('base64url')}`
