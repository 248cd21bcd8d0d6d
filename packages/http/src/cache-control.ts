import { fieldValue, type HeaderValue } from './headers.js'

/** Directives by lower-case name; `true` for one without a value. */
export type CacheControl = ReadonlyMap<string, string | true>

const none: CacheControl = new Map()
const gap = /[ \t,]*/y
const directive =
  /([!#$%&'*+\-.^_`|~\dA-Za-z]+)(?:=(?:"((?:[^"\\]|\\.)*)"(?=[ \t]*(?:,|$))|([^,]*)))?[^,]*/y
const maximum = 2 ** 31

/**
 * Reads the directives of a Cache-Control field (RFC 9111 5.2). Of a repeated directive the first
 * counts (4.2.1), but `no-cache` and `private` add up. Whatever follows a name that cannot be read
 * is dropped and the name is kept, so that a malformed `no-store` still forbids storing.
 *
 * @example
 * parseCacheControl('max-age=60, Private="a, b"') // Map { 'max-age' => '60', 'private' => 'a, b' }
 */
export function parseCacheControl (field: HeaderValue): CacheControl {
  const text = fieldValue(field)
  if (text === undefined || text === '') return none
  const directives = new Map<string, string | true>()
  let at = 0
  for (;;) {
    // Not part of the directive's expression: each comma of a row would be scanned from every one
    // before it.
    gap.lastIndex = at
    gap.exec(text)
    directive.lastIndex = gap.lastIndex
    const match = directive.exec(text)
    if (match === null) {
      at = text.indexOf(',', gap.lastIndex)
      if (at === -1) break
      continue
    }
    at = directive.lastIndex
    const [, name = '', quoted, plain] = match
    const key = name.toLowerCase()
    const value = quoted === undefined ? plain?.trimEnd() ?? true : quoted.replace(/\\(.)/g, '$1')
    const before = directives.get(key)
    if (before === undefined) directives.set(key, value)
    else if (key === 'no-cache' || key === 'private') directives.set(key, stricter(before, value))
  }
  return directives
}

/**
 * Where `no-cache` and `no-cache="a"` conflict, the more restrictive one is honoured (RFC 9111
 * 4.2.1); of two lists, both.
 */
function stricter (a: string | true, b: string | true): string | true {
  return a === true || b === true ? true : `${a}, ${b}`
}

/**
 * Reads a delta-seconds value (RFC 9111 1.2.2), in seconds. A number too large becomes 2^31;
 * anything that is not a non-negative integer, also a missing value, is undefined: treat such a
 * response as stale (4.2.1).
 */
export function deltaSeconds (value: string | true | undefined): number | undefined {
  if (value === undefined || value === true || !/^\d+$/.test(value)) return undefined
  return Math.min(Number(value), maximum)
}
