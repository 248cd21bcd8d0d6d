import type { Headers } from './exchange.js'

/** The permitted differences between the headers of two responses. */
export interface Leeway {
  /** Whether the route has `config.cache`. */
  readonly isCached: boolean
  /** Names that `config.cache.vary` adds to Vary. */
  readonly vary: readonly string[]
  /** Fields that may differ for a reason that the caller has checked. */
  readonly names: readonly string[]
  /** Cookies of which only the name and attributes are compared. */
  readonly cookies: readonly string[]
}

// A cache's statements about itself, and fields of a connection or a moment.
const IGNORED = new Set([
  'age',
  'date',
  'cache-status',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'cache-groups',
  'cache-group-invalidation'
])
const DEFAULT_CACHE_CONTROL = new Set(['no-cache', 'no-store'])

/** Lists the header fields that distinguish the twins, each with both values. */
export function headerDifferences (plain: Headers, weir: Headers, leeway: Leeway): string[] {
  const names = [...new Set([...Object.keys(plain), ...Object.keys(weir)])].sort()
  return names
    .filter(
      (name) =>
        !IGNORED.has(name) &&
        !leeway.names.includes(name) &&
        !isSame(name, plain[name], weir[name], leeway)
    )
    .map((name) => `${name}: ${shown(plain[name])} / ${shown(weir[name])}`)
}

type Value = Headers[string] | undefined

function isSame (name: string, plain: Value, weir: Value, leeway: Leeway): boolean {
  switch (name) {
    case 'content-length':
      return plain === undefined || weir === undefined || plain === weir
    case 'etag':
      return plain === undefined || plain === weir
    case 'cache-control':
      return (
        String(plain) === String(weir) ||
        (plain === undefined && leeway.isCached && DEFAULT_CACHE_CONTROL.has(String(weir)))
      )
    // A cached route with a query schema reports which parameters its handler sees.
    case 'no-vary-search':
      return String(plain) === String(weir) || (plain === undefined && leeway.isCached)
    case 'vary':
      return isSameVary(plain, weir, leeway.vary)
    case 'set-cookie':
      return cookiesOf(plain, leeway.cookies) === cookiesOf(weir, leeway.cookies)
    default:
      return String(plain) === String(weir)
  }
}

function isSameVary (plain: Value, weir: Value, more: readonly string[]): boolean {
  const allowed = [...namesIn(plain), ...more]
  return (
    namesIn(plain).every((name) => namesIn(weir).includes(name)) &&
    namesIn(weir).every((name) => allowed.includes(name))
  )
}

const namesIn = (value: Value) =>
  String(value ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')

/** Set-Cookie without times, and without momentary values. */
function cookiesOf (value: Value, momentary: readonly string[]): string {
  return [value ?? []].flat().map((text) => {
    const [, name = '', rest = ''] = /^([^=]*)=[^;]*(.*)$/s.exec(text) ?? []
    const shape = momentary.includes(name) ? `${name}=...${rest}` : text
    return shape.replace(/(;\s*expires=)(?!Thu, 01 Jan 1970)[^;]*/i, '$1...')
  }).join('\n')
}

const shown = (value: Value) => value === undefined ? 'none' : String(value)
