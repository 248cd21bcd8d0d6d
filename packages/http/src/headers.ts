/** What node:http, Fastify and undici give as the value of one header. */
export type HeaderValue = string | readonly string[] | number | undefined

/** Headers by lower-case name, as node:http gives them. */
export type Headers = Readonly<Record<string, HeaderValue>>

/** The field value of a header; several field lines are one list (RFC 9110 5.3). */
export function fieldValue (value: HeaderValue): string | undefined {
  if (typeof value === 'string' || value === undefined) return value
  return typeof value === 'number' ? String(value) : value.join(', ')
}
