import { fieldValue, type HeaderValue } from './headers.js'

/** Directives by lower-case name; `true` for one without a value. */
export type CacheControl = ReadonlyMap<string, string | true>

const none: CacheControl = new Map()
const directive = /[ \t,]*([!#$%&'*+\-.^_`|~\dA-Za-z]+)(?:=(?:"((?:[^"\\]|\\.)*)"(?=[ \t]*(?:,|$))|([^,]*)))?[^,]*/y
const toNextMember = /[^,]*,/y
const maximum = 2 ** 31

/**
 * Reads the directives of a Cache-Control field (RFC 9111 5.2). Of a repeated directive the first counts
 * (4.2.1). Whatever follows a name that cannot be read is dropped and the name is kept, so that a
 * malformed `no-store` still forbids storing.
 *
 * @example parseCacheControl('max-age=60, Private="a, b"') // Map { 'max-age' => '60', 'private' => 'a, b' }
 */
export function parseCacheControl (field: HeaderValue): CacheControl {
  const text = fieldValue(field)
  if (text === undefined || text === '') return none
  const directives = new Map<string, string | true>()
  let at = 0
  while (at < text.length) {
    directive.lastIndex = at
    const match = directive.exec(text)
    if (match === null) {
      toNextMember.lastIndex = at
      if (!toNextMember.test(text)) break
      at = toNextMember.lastIndex
      continue
    }
    at = directive.lastIndex
    const [, name = '', quoted, plain] = match
    const key = name.toLowerCase()
    if (directives.has(key)) continue
    directives.set(key, quoted === undefined ? plain?.trimEnd() ?? true : quoted.replace(/\\(.)/g, '$1'))
  }
  return directives
}

/**
 * Reads a delta-seconds value (RFC 9111 1.2.2), in seconds. A number too large becomes 2^31; anything that
 * is not a non-negative integer, also a missing value, is undefined: treat such a response as stale (4.2.1).
 */
export function deltaSeconds (value: string | true | undefined): number | undefined {
  if (value === undefined || value === true || !/^\d+$/.test(value)) return undefined
  return Math.min(Number(value), maximum)
}
