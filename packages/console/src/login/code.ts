import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * Format of a login code: its expiry (ms since 1970), a dot, and at least 192 random bits as
 * base64url.
 */
export const CODE_PATTERN = '^[1-9]\\d{12}\\.[A-Za-z0-9_-]{32,100}$'

/** Returns the digest by which a code is compared and stored. */
export const digestOf = (code: string): string =>
  createHash('sha256').update(code).digest('base64url')

/** Compares two codes in constant time. */
export const isSameCode = (a: string, b: string): boolean =>
  timingSafeEqual(Buffer.from(digestOf(a)), Buffer.from(digestOf(b)))

/**
 * Returns when a code expires, in ms since 1970. The expiry is part of the code, so a restart does
 * not change it.
 */
export const expiryOf = (code: string): number => Number(code.slice(0, code.indexOf('.')))
