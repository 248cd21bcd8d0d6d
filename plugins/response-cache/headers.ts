import { fieldValue, type HeaderValue } from '@weir/http'
import type { FastifyReply } from 'fastify'
import type { HeaderPairs } from './stored-response.js'

/** What the handler added to the reply: hooks write theirs again on each hit, so theirs are not the response's. */
export function handlersHeaders (
  reply: FastifyReply, before: Readonly<Record<string, HeaderValue>>
): Record<string, string | readonly string[]> {
  const headers: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value === undefined || value === before[name]) continue
    headers[name] = typeof value === 'number' ? String(value) : value
  }
  return headers
}

/** Puts stored headers on a reply, but for those in `without`; Vary is joined with what hooks have said already. */
export function writeHeaders (reply: FastifyReply, headers: HeaderPairs, without?: ReadonlySet<string>): void {
  for (let i = 0; i < headers.length; i += 2) {
    const name = String(headers[i])
    const value = headers[i + 1]
    if (without?.has(name) === true) continue
    if (name === 'vary') addVary(reply, value)
    else reply.header(name, value)
  }
}

export function addVary (reply: FastifyReply, value: HeaderValue): void {
  const names = [...listOf(reply.getHeader('vary')), ...listOf(value)]
  if (names.length > 0) reply.header('vary', [...new Set(names)].join(', '))
}

/** The members of a list of field names, in lower case. */
export function listOf (value: HeaderValue): string[] {
  return (fieldValue(value) ?? '').split(',').map((name) => name.trim().toLowerCase()).filter((name) => name !== '')
}
