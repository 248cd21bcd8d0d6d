import { parseDictionary } from 'structured-headers'
import { parseCacheControl, type CacheControl } from './cache-control.js'
import { fieldNames, fieldValue, type Headers } from './headers.js'

/** Fields that target caches like this one, most applicable first (RFC 9213 2.2). */
export const defaultTargets: readonly string[] = ['cdn-cache-control']

/** A response's directives for this cache, and whether they target only caches like this one. */
export interface ResponseDirectives {
  readonly directives: CacheControl
  /**
   * Whether they come from a targeted field: Cache-Control and Expires then address others (RFC
   * 9213 2.2).
   */
  readonly targeted: boolean
}

/**
 * Returns the directives that apply to this cache (RFC 9213 2.2).
 *
 * These are the ones of the first targeted field that is valid and not empty, otherwise those of
 * Cache-Control.
 *
 * @param targets names of targeted fields, in lower case
 */
export function responseDirectives (
  headers: Headers,
  targets: readonly string[] = defaultTargets
): ResponseDirectives {
  for (const name of targets) {
    const field = fieldValue(headers[name])
    const directives = field === undefined ? undefined : parseTargeted(field)
    if (directives !== undefined) return { directives, targeted: true }
  }
  return { directives: parseCacheControl(headers['cache-control']), targeted: false }
}

const isFlag = (value: unknown) => value === true
const isInteger = (value: unknown) => Number.isInteger(value)
const isFlagOrNames = (value: unknown) => value === true || typeof value === 'string'

// The structured type of each directive's value (RFC 9213 2.1).
const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  'max-age': isInteger,
  's-maxage': isInteger,
  'stale-while-revalidate': isInteger,
  'stale-if-error': isInteger,
  'must-revalidate': isFlag,
  'must-understand': isFlag,
  'no-store': isFlag,
  'proxy-revalidate': isFlag,
  public: isFlag,
  'no-cache': isFlagOrNames,
  private: isFlagOrNames
}

/**
 * Parses a targeted field; undefined if it has to be ignored.
 *
 * Ignored are empty fields, fields that are not a Dictionary, and values of another type than their
 * directive has, which must not be guessed (RFC 9213 2.1). Unknown directives and parameters are
 * skipped without ignoring the field.
 */
function parseTargeted (field: string): CacheControl | undefined {
  let members: Iterable<[string, readonly unknown[]]>
  try {
    members = parseDictionary(field)
  } catch {
    return undefined
  }
  let empty = true
  const directives = new Map<string, string | true>()
  for (const [name, [value]] of members) {
    empty = false
    const isOfType = types[name]
    if (isOfType === undefined) continue
    if (!isOfType(value)) return undefined
    directives.set(name, value === true ? true : String(value))
  }
  return empty ? undefined : directives
}

// A stored response without these would differ from the one received.
const indispensable = ['content-encoding', 'content-type', 'vary']

/**
 * Returns the fields to which a `no-cache` or `private` applies (RFC 9111 5.2.2.4, 5.2.2.7).
 *
 * `all` without an argument, or with one that cannot be honored; undefined without such a
 * directive.
 */
export function restricted (
  value: string | true | undefined
): readonly string[] | 'all' | undefined {
  if (value === undefined) return undefined
  const names = value === true ? undefined : fieldNames(value)
  if (
    names === undefined ||
    names.length === 0 ||
    indispensable.some((name) => names.includes(name))
  ) { return 'all' }
  return names
}
