import { endToEndHeaders, fieldValue, type HeaderValue } from '@weir/http'
import type { FastifyReply } from 'fastify'
import { emptyFields, type Fields, type Head } from './head.js'

/** A reply's header fields as they are now. */
export function fieldsOf (reply: FastifyReply): Fields {
  const fields = emptyFields()
  const headers = reply.getHeaders()
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) fields[name] = typeof value === 'number' ? String(value) : value
  }
  return fields
}

/** The fields of a reply before its handler, and those that this has written. */
export interface Handled {
  readonly before: Fields
  readonly written: ReadonlySet<string>
}

/**
 * Notes which header fields the handler writes, until it sends its answer: also one that it gives
 * the value it had, which hooks may give another to the next reply.
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

// One set for all replies: closures of its own would give each a hidden class of its own, which
// slows down all that Fastify does with it.
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
 * Whether a field is not as it was before the handler: hooks write theirs again on each hit, so
 * theirs are not the response's.
 */
export const isOwn = (name: string, fields: Fields, { before, written }: Handled): boolean =>
  written.has(name) || !isSame(fields[name], before[name])

/** The fields that are the handler's own. */
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

/** Vary with more names. */
export function joinedVary (...values: readonly HeaderValue[]): string {
  return [...new Set(values.flatMap(listOf))].join(', ')
}

/** The members of a list of field names, in lower case. */
export function listOf (value: HeaderValue): string[] {
  if (value === undefined) return []
  return (fieldValue(value) ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
}

/**
 * Another connection's fields are not passed on (RFC 9110, 7.6.1), but that this one is to end.
 * @param handled tells which are the response's own; default: all
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
