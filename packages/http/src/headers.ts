/** The value of one header as node:http, Fastify and undici represent it. */
export type HeaderValue = string | readonly string[] | number | undefined

/** Headers by lower-case name, as in node:http. */
export type Headers = Readonly<Record<string, HeaderValue>>

/**
 * Returns the field value of a header; several field lines form one list (RFC 9110 5.3).
 *
 * Values that a validator has converted, such as booleans, become text again.
 */
export function fieldValue (value: HeaderValue): string | undefined {
  if (typeof value === 'string' || value === undefined) return value
  return typeof value === 'object' && value !== null ? value.join(', ') : String(value)
}

/**
 * Returns the value of a header that has only one, such as Date: the first field line if repeated.
 */
export function singleValue (value: HeaderValue): string | undefined {
  if (typeof value === 'string' || value === undefined) return value
  return fieldValue(typeof value === 'object' && value !== null ? value[0] : value)
}

const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/

/**
 * Parses a list of field names, as in Vary and Connection: in lower case, each once.
 *
 * Undefined if one of them is not a valid name: the intended field is then unknown.
 */
export function fieldNames (value: HeaderValue): string[] | undefined {
  if (value === undefined) return []
  const names = new Set<string>()
  for (const member of (fieldValue(value) ?? '').split(',')) {
    const name = member.trim()
    if (name === '') continue
    if (!token.test(name)) return undefined
    names.add(name.toLowerCase())
  }
  return [...names]
}
