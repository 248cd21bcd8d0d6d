import { inspect } from 'node:util'

/** Every failure of this package, by code. The message says what to do about it. */
const messages = {
  WEIR_CACHE_INVALID_DURATION: (what: string) =>
    `${what} is not a duration: give milliseconds as a number, or text like '500ms', '60s', '5m', '2h', '1d'`,
  WEIR_CACHE_INVALID_KEY: (what: string) => `${what} is not a key: give a non-empty string of well-formed Unicode`,
  WEIR_CACHE_INVALID_TAG: (what: string) => `${what} is not a tag: give a non-empty string of well-formed Unicode without control characters`,
  WEIR_CACHE_INVALID_OPTION: (what: string) => what,
  WEIR_CACHE_UNSERIALIZABLE: (what: string) =>
    `The value for ${what}. Store data only (JSON, Map, Set, Date, BigInt, bytes), or give the cache a serializer of your own`,
  WEIR_CACHE_STORE_UNAVAILABLE: (what: string) => `${what} has not answered, and is not asked again for a moment`,
  WEIR_CACHE_STORE_UNTRUSTED: (what: string) => `${what} may have entries whose invalidation it has not been told of yet: it is not read until it has`,
  WEIR_CACHE_STORE_FAILED: (what: string) => `The store did not ${what}: see the cause; what it was asked is not done`
} as const

export type CacheErrorCode = keyof typeof messages

/** A value that was not expected, for a message: short, whatever it is. */
export const shown = (value: unknown) => inspect(value, { depth: 0, maxStringLength: 200 })

/** An error of the cache. `code` is stable, the message is for people. */
export class CacheError extends Error {
  override readonly name = 'CacheError'

  constructor (readonly code: CacheErrorCode, what: string, options?: ErrorOptions) {
    super(messages[code](what), options)
  }
}
