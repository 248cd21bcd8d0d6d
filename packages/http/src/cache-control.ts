import { fieldValue, type HeaderValue } from './headers.js'

/** Directives by lower-case name; `true` for a directive without a value. */
export type CacheControl = ReadonlyMap<string, string | true>

const none: CacheControl = new Map()
const gap = /[ \t,]*/y
const directive =
  /([!#$%&'*+\-.^_`|~\dA-Za-z]+)(?:=(?:"((?:[^"\\]|\\.)*)"(?=[ \t]*(?:,|$))|([^,]*)))?[^,]*/y
const maximum = 2 ** 31

/**
 * Parses the directives of a Cache-Control field (RFC 9111 5.2).
 *
 * The first of repeated directives counts (4.2.1), except that `no-cache` and `private` add up.
 * Unreadable text after a name is dropped and the name is kept, so that a malformed `no-store`
 * still forbids storing.
 * @example
 * parseCacheControl('max-age=60, Private="a, b"') // Map { 'max-age' => '60', 'private' => 'a, b' }
 */
export function parseCacheControl (field: HeaderValue): CacheControl {
  const text = fieldValue(field)
  if (text === undefined || text === '') return none
  const directives = new Map<string, string | true>()
  let at = 0
  for (;;) {
    // Not part of the directive's regular expression, which would rescan each comma of a sequence
    // from every earlier one.
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
 * If `no-cache` and `no-cache="a"` conflict, the more restrictive one applies (RFC 9111 4.2.1); two
 * lists are combined.
 */
function stricter (a: string | true, b: string | true): string | true {
  return a === true || b === true ? true : `${a}, ${b}`
}

/**
 * Parses a delta-seconds value (RFC 9111 1.2.2), in seconds.
 *
 * Numbers that are too large become 2^31. Anything but a non-negative integer, including a missing
 * value, gives undefined: treat such a response as stale (4.2.1).
 */
export function deltaSeconds (value: string | true | undefined): number | undefined {
  if (value === undefined || value === true || !/^\d+$/.test(value)) return undefined
  return Math.min(Number(value), maximum)
}
