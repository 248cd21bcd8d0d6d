import { endToEndHeaders, fieldValue, type HeaderValue } from '@weir/http'
import type { FastifyReply } from 'fastify'
import { emptyFields, type Fields, type Head } from './head.js'

/** Returns a reply's current header fields. */
export function fieldsOf (reply: FastifyReply): Fields {
  const fields = emptyFields()
  const headers = reply.getHeaders()
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) fields[name] = typeof value === 'number' ? String(value) : value
  }
  return fields
}

/** Fields of a reply before its handler, and those written by the handler. */
export interface Handled {
  readonly before: Fields
  readonly written: ReadonlySet<string>
}

/**
 * Records which header fields the handler writes until it sends its response, including those set
 * to their previous value, which hooks may change for the next reply.
 */
export function handledFields (reply: FastifyReply): Handled {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called on the reply
  const noting = { written: new Set<string>(), header: reply.header, send: reply.send }
  Object.assign(reply, { [NOTING]: noting }, NOTES)
  return { before: fieldsOf(reply), written: noting.written }
}

const NOTING = Symbol('weir.noting')

interface Noted extends FastifyReply {
  readonly [NOTING]: { readonly written: Set<string>, readonly header: Call, readonly send: Call }
}

type Call = (...args: never[]) => unknown

// One set of functions for all replies: closures would give each reply its own hidden class, which
// slows down Fastify.
const NOTES = {
  header (this: Noted, name: string, value?: unknown): unknown {
    const { written, header } = this[NOTING]
    written.add(name.toLowerCase())
    return Reflect.apply(header, this, [name, value])
  },
  send (this: Noted, payload: unknown): unknown {
    const { header, send } = this[NOTING]
    Object.assign(this, { header, send })
    return Reflect.apply(send, this, [payload])
  }
}

/**
 * Returns whether a field belongs to the handler: hooks write their fields again on each hit, so
 * these are not part of the response.
 */
export const isOwn = (name: string, fields: Fields, { before, written }: Handled): boolean =>
  written.has(name) || !isSame(fields[name], before[name])

/** Returns the handler's own fields. */
export function ownFields (fields: Fields, handled: Handled): Fields {
  const own = emptyFields()
  for (const name of Object.keys(fields)) {
    const value = fields[name]
    if (value !== undefined && isOwn(name, fields, handled)) own[name] = value
  }
  return own
}

const isSame = (a: Fields[string] | undefined, b: Fields[string] | undefined) =>
  a === b ||
  (a !== undefined && b !== undefined && String(a) === String(b) && typeof a === typeof b)

/** Returns Vary with additional names. */
export function joinedVary (...values: readonly HeaderValue[]): string {
  return [...new Set(values.flatMap(listOf))].join(', ')
}

/** Returns the members of a list of field names, in lower case. */
export function listOf (value: HeaderValue): string[] {
  if (value === undefined) return []
  return (fieldValue(value) ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
}

/**
 * Removes hop-by-hop fields (RFC 9110, 7.6.1), except that this connection is to end.
 * @param handled identifies the response's own fields; default: all
 */
export function withoutConnectionFields (
  { status, reason, fields }: Head,
  handled?: Handled
): Head {
  if (fields['connection'] === undefined) return { status, reason, fields }
  const own = handled === undefined ? fields : ownFields(fields, handled)
  const kept = endToEndHeaders(own)
  const isClose = /^\s*close\s*$/i.test(String(fields['connection']))
  const isKept = (name: string) =>
    own[name] === undefined || kept[name] !== undefined || (isClose && name === 'connection')
  return {
    status,
    reason,
    fields: Object.fromEntries(Object.entries(fields).filter(([name]) => isKept(name)))
  }
}
