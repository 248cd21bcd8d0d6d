import { type CacheControl, parseCacheControl } from '@weir/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServerResponse } from 'node:http'
import { listOf } from '../response-cache/fields.js'
import { emptyFields, type Fields, type Head } from '../response-cache/head.js'
import { isCacheControl } from './follow.js'
import type { Page } from './page.js'
import type { Part } from './parts.js'

/** Returns the head of a page that can no longer be changed; undefined if it still can. */
export function decidedHead ({ raw }: FastifyReply, page: Page): Head | undefined {
  if (page.head !== undefined || !raw.headersSent) return page.head
  const fields = sentFields(raw)
  return fields && { status: raw.statusCode, fields }
}

/**
 * Returns the fields that Node has written. Fields given to `writeHead` are in its text only,
 * except over HTTP/2.
 */
function sentFields (raw: ServerResponse): Fields | undefined {
  const text: unknown = Reflect.get(raw, '_header')
  if (typeof text === 'string') return parsed(text)
  const stream: unknown = Reflect.get(raw, 'stream')
  if (typeof stream !== 'object' || stream === null || Reflect.get(stream, 'headersSent') !== true) {
    return undefined
  }
  const fields = emptyFields()
  for (const [name, value] of Object.entries(raw.getHeaders())) {
    if (value !== undefined) fields[name] = String(value)
  }
  return fields
}

function parsed (head: string): Fields {
  const fields = emptyFields()
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    if (colon > 0) {
      fields[name] =
        fields[name] === undefined
          ? line.slice(colon + 1).trim()
          : `${String(fields[name])}, ${line.slice(colon + 1).trim()}`
    }
  }
  return fields
}

/**
 * Returns the promise of a decided head that a fragment would break, and the remedy; undefined if
 * there is none. Without this check a client could get the page of another user, or be told forever
 * that its copy is current.
 */
export function brokenPromise (
  { isPrivate, isOwn, names, functions }: Part,
  request: FastifyRequest,
  head: Head
): string | undefined {
  const { fields } = head
  const isShared = mayBeShared(request, head)
  const whose = 'the head of the page is decided, and lets shared caches store it'
  if (isShared && (isPrivate || isOwn)) {
    return `it is for its user only, but ${whose}: use it before the first byte of the page, or ` +
      'declare the route private or noStore'
  }
  const vary = listOf(fields['vary'])
  const name = names.find((name) => !vary.includes(name))
  if (isShared && (name !== undefined || functions.length > 0)) {
    return (
      `it varies by ${name ?? 'a function'}, but ${whose}: use it before the first byte of the page, ` +
      `${name === undefined ? '' : 'add that to Vary, '}or declare the route private or noStore`
    )
  }
  const validator = ['etag', 'last-modified'].find((name) => fields[name] !== undefined)
  if (
    validator !== undefined &&
    !directivesOf(fields).every((directives) => directives.has('no-store'))
  ) {
    return (
      `the head of the page is decided, and its ${validator === 'etag' ? 'ETag' : 'Last-Modified'} does not reflect it: ` +
      'use it before the first byte of the page, or leave that field out'
    )
  }
  return undefined
}

/**
 * Returns the seconds for which a decided head lets caches store its page; undefined if it has no
 * lifetime.
 */
export function promisedSeconds ({ fields }: Head, now: number): number | undefined {
  const said = directivesOf(fields).flatMap((directives) =>
    ['max-age', 's-maxage'].map((name) => Number(directives.get(name) ?? NaN))
  )
  const expires = (Date.parse(String(fields['expires'])) - now) / 1000
  const known = [...said, expires].filter((seconds) => !Number.isNaN(seconds))
  return known.length === 0 ? undefined : Math.max(...known)
}

/**
 * Returns whether a shared cache may answer one user with the response to another (RFC 9111, 3).
 */
function mayBeShared (request: FastifyRequest, head: Head): boolean {
  const { fields } = head
  if (listOf(fields['vary']).includes('*')) return false
  return directivesOf(fields).some((directives) => isKept(directives, request, head))
}

function isKept (
  directives: CacheControl,
  { method, headers }: FastifyRequest,
  { status, fields }: Head
): boolean {
  if (directives.has('no-store') || directives.get('private') === true) return false
  const hasValidator = fields['etag'] !== undefined || fields['last-modified'] !== undefined
  // Caches revalidate each time, and without a validator they get a new page.
  if (directives.get('no-cache') === true && !hasValidator) return false
  if (
    headers.authorization !== undefined &&
    !['public', 's-maxage', 'must-revalidate'].some((name) => directives.has(name))
  ) { return false }
  const isExplicit =
    fields['expires'] !== undefined ||
    ['public', 'max-age', 's-maxage'].some((name) => directives.has(name))
  return isExplicit || ((method === 'GET' || method === 'HEAD') && status < 400)
}

/** Returns Cache-Control, and each targeted field that replaces it. */
function directivesOf (fields: Fields): CacheControl[] {
  const targeted = Object.keys(fields).filter(
    (name) => name !== 'cache-control' && isCacheControl(name)
  )
  return ['cache-control', ...targeted].map((name) => parseCacheControl(fields[name]))
}
