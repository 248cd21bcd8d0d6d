import { parseDictionary } from 'structured-headers'
import { parseCacheControl, type CacheControl } from './cache-control.js'
import { fieldNames, fieldValue, type Headers } from './headers.js'

/** Fields that are for caches like this one, most applicable first (RFC 9213 2.2). */
export const defaultTargets: readonly string[] = ['cdn-cache-control']

/** What a response tells this cache, and whether it tells only caches like this one. */
export interface ResponseDirectives {
  readonly directives: CacheControl
  /** They are of a targeted field: Cache-Control and Expires are for others (RFC 9213 2.2). */
  readonly targeted: boolean
}

/**
 * The directives that count for this cache: those of the first targeted field that is valid and not
 * empty, otherwise those of Cache-Control (RFC 9213 2.2).
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

// The structured type that each directive's value maps to (RFC 9213 2.1).
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
 * Undefined for a field that is to be ignored: empty, no Dictionary, or with a value of another
 * type than its directive has, which must not be guessed at (RFC 9213 2.1). Unknown directives and
 * parameters are ignored, the field is not.
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

// Without these a stored response would be another one than was received.
const indispensable = ['content-encoding', 'content-type', 'vary']

/**
 * The fields that a `no-cache` or `private` is about (RFC 9111 5.2.2.4, 5.2.2.7): `all` if it has
 * no argument, or none that can be followed; undefined if there is no such directive.
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
