import { endToEndHeaders, fieldValue, type HeaderValue } from '@weir/http'
import type { FastifyReply } from 'fastify'
import { emptyFields, type Fields, type Head } from './head.js'

/** A reply's header fields as they are now. */
export function fieldsOf (reply: FastifyReply): Fields {
  const fields = emptyFields()
  for (const [name, value] of Object.entries(reply.getHeaders())) {
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
 * Notes which header fields the handler writes, until it sends its answer: also one that it gives the value it had, which hooks may
 * give another to the next reply.
 */
export function handledFields (reply: FastifyReply): Handled {
  const written = new Set<string>()
  const header = reply.header.bind(reply)
  const send = reply.send.bind(reply)
  reply.header = (name: string, value?: unknown) => {
    written.add(name.toLowerCase())
    return header(name, value)
  }
  reply.send = (payload) => {
    Object.assign(reply, { header, send })
    return send(payload)
  }
  return { before: fieldsOf(reply), written }
}

/** The fields that are not as they were before the handler: hooks write theirs again on each hit, so theirs are not the response's. */
export function ownFields (fields: Fields, { before, written }: Handled): Fields {
  const own = emptyFields()
  for (const [name, value] of Object.entries(fields)) {
    if (written.has(name) || !isSame(value, before[name])) own[name] = value
  }
  return own
}

const isSame = (a: Fields[string], b: Fields[string] | undefined) =>
  a === b || (b !== undefined && String(a) === String(b) && typeof a === typeof b)

/** Vary with more names. */
export function joinedVary (...values: readonly HeaderValue[]): string {
  return [...new Set(values.flatMap(listOf))].join(', ')
}

/** The members of a list of field names, in lower case. */
export function listOf (value: HeaderValue): string[] {
  return (fieldValue(value) ?? '').split(',').map((name) => name.trim().toLowerCase()).filter((name) => name !== '')
}

/** Another connection's fields are not passed on (RFC 9110, 7.6.1), but that this one is to end. */
export function withoutConnectionFields ({ status, reason, fields }: Head, own: Fields): Head {
  if (fields['connection'] === undefined) return { status, reason, fields }
  const kept = endToEndHeaders(own)
  const isClose = /^\s*close\s*$/i.test(String(fields['connection']))
  const isKept = (name: string) => own[name] === undefined || kept[name] !== undefined || (isClose && name === 'connection')
  return { status, reason, fields: Object.fromEntries(Object.entries(fields).filter(([name]) => isKept(name))) }
}
