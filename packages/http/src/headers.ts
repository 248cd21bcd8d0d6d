/** What node:http, Fastify and undici give as the value of one header. */
export type HeaderValue = string | readonly string[] | number | undefined

/** Headers by lower-case name, as node:http gives them. */
export type Headers = Readonly<Record<string, HeaderValue>>

/**
 * The field value of a header; several field lines are one list (RFC 9110 5.3). What a validator
 * has made of one, such as a boolean, is text again.
 */
export function fieldValue (value: HeaderValue): string | undefined {
  if (typeof value === 'string' || value === undefined) return value
  return typeof value === 'object' && value !== null ? value.join(', ') : String(value)
}

/**
 * The value of a header that has one only, such as Date: where it is repeated, the first field line
 * counts.
 */
export function singleValue (value: HeaderValue): string | undefined {
  if (typeof value === 'string' || value === undefined) return value
  return fieldValue(typeof value === 'object' && value !== null ? value[0] : value)
}

const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/

/**
 * The members of a list of field names, such as Vary and Connection have, in lower case and once
 * each. Undefined if one of them cannot be a name: then nobody knows what else was meant.
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
