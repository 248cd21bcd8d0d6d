import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * Form of a login code: the time it expires (ms since 1970), a dot, at least 192 random bits as
 * base64url.
 */
export const CODE_PATTERN = '^[1-9]\\d{12}\\.[A-Za-z0-9_-]{32,100}$'

/** The digest by which a code is compared and remembered. */
export const digestOf = (code: string): string =>
  createHash('sha256').update(code).digest('base64url')

/** Compares two codes in a time that does not depend on where they differ. */
export const isSameCode = (a: string, b: string): boolean =>
  timingSafeEqual(Buffer.from(digestOf(a)), Buffer.from(digestOf(b)))

/**
 * The time a code expires, ms since 1970. It is part of the code, so a restart does not move it.
 */
export const expiryOf = (code: string): number => Number(code.slice(0, code.indexOf('.')))
