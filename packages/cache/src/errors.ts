export { shown } from '@weir/internal'

/** Every failure of this package, by code. The message says what to do about it. */
const messages = {
  WEIR_CACHE_INVALID_DURATION: (what: string) =>
    `${what} is not a duration: use milliseconds or text such as '500ms', '60s', '5m', '2h', '1d'`,
  WEIR_CACHE_INVALID_KEY: (what: string) =>
    `${what} is not a key: use a non-empty string of well-formed Unicode`,
  WEIR_CACHE_INVALID_TAG: (what: string) =>
    `${what} is not a tag: use a non-empty string of well-formed Unicode`,
  WEIR_CACHE_INVALID_OPTION: (what: string) => what,
  WEIR_CACHE_INVALID_ARGUMENT: (what: string) =>
    `${what}, and cannot be part of a key: pass data (JSON, Map, Set, Date, URL, bytes), or build the key with the option 'key'`,
  WEIR_CACHE_NAME_TAKEN: (what: string) =>
    `This cache already wraps a function named ${what}: wrap a function once, or set a unique 'name' for each`,
  WEIR_CACHE_UNSERIALIZABLE: (what: string) => `The value for ${what}`,
  WEIR_CACHE_VALUE_TOO_LARGE: (what: string) =>
    `The value for ${what} of maxValueBytes before compression: store less under a key, or raise maxValueBytes`,
  WEIR_CACHE_NOT_A_NUMBER: (what: string) =>
    `${what}, and is unchanged: count under another key, or set a safe integer first`,
  WEIR_CACHE_NUMBER_TOO_LARGE: (what: string) =>
    `${what} would exceed the safe integers (2^53 - 1), and is unchanged`,
  WEIR_CACHE_INVALID_VERSION: (what: string) =>
    `${what} is not a version: use one that getWithVersion returned`,
  WEIR_CACHE_CANNOT_LIST: (what: string) =>
    `The store of ${what} cannot list its keys: stores in Redis, SQLite, Postgres and memory can, Memcached cannot`,
  WEIR_CACHE_INVALID_CURSOR: (what: string) =>
    `${what} is not a cursor of this listing: start without one`,
  WEIR_CACHE_REENTRANT_FILL: (what: string) =>
    `${what} is computed by a function that requests it, perhaps through other keys or instances, so it would wait for itself: ` +
    'compute it without requesting this key',
  WEIR_CACHE_FILL_TIMEOUT: (what: string) =>
    `${what}: find out what it is waiting for, or allow more time`,
  WEIR_CACHE_MISSING_DRIVER: (what: string) => what,
  WEIR_CACHE_STORE_TIMEOUT: (what: string) =>
    `${what}: check that it is running, or raise commandTimeout`,
  WEIR_CACHE_STORE_UNAVAILABLE: (what: string) =>
    `${what} has not answered, and gets no requests for a moment`,
  WEIR_CACHE_STORE_UNTRUSTED: (what: string) =>
    `${what} may have entries with undelivered invalidations: it is not read until they are delivered`,
  WEIR_CACHE_STORE_FAILED: (what: string) => `The store did not ${what}`
} as const

export type CacheErrorCode = keyof typeof messages

/** An error of the cache. `code` is stable; the message is for people. */
export class CacheError extends Error {
  override readonly name = 'CacheError'

  constructor (readonly code: CacheErrorCode, what: string, options?: ErrorOptions) {
    super(messages[code](what), options)
  }
}
