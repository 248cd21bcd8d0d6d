import { CacheError, shown } from './errors.js'

/**
 * Checks an argument that takes several values. Strings are iterable too, but a mistake here.
 * @throws CacheError WEIR_CACHE_INVALID_OPTION
 */
export function checkSeveral (
  name: 'keys' | 'entries',
  value: unknown,
  ...also: readonly symbol[]
): void {
  const isObject = typeof value === 'object' && value !== null
  if (isObject && [Symbol.iterator, ...also].some((symbol) => symbol in value)) return
  throw new CacheError(
    'WEIR_CACHE_INVALID_OPTION',
    `${name} ${described(value)}: use an array or an iterable of ${name}`
  )
}

/**
 * Checks that an entry is a pair of key and value.
 * @throws CacheError WEIR_CACHE_INVALID_OPTION
 */
export function checkPair (entry: unknown): void {
  if (Array.isArray(entry) && entry.length === 2) return
  throw new CacheError(
    'WEIR_CACHE_INVALID_OPTION',
    `entries has ${described(entry)}: use [key, value] for each`
  )
}

/** Describes an argument without the values in it, which may be many, or private. */
function described (value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`
  return typeof value === 'object' && value !== null ? 'an object' : shown(value)
}
