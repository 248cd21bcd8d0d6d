import { randomBytes } from 'node:crypto'

/**
 * Returns a random name that no app contains. Letters and digits survive in a host name, a path, a
 * header field and a query, in either case.
 */
export const newToken = (): string => `wa${randomBytes(6).toString('hex')}z`
