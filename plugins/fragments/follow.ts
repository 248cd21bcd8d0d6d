import { isWeakDate, parseCacheControl } from '@weir/http'
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type {} from '../cache-control/index.js'
import { joinedVary } from '../response-cache/fields.js'
import { type Fields, type Head, headOf } from '../response-cache/head.js'
import { ownPageOf, PAGE, type Page, pageOf } from './page.js'

/**
 * Restricts a page's headers to what its fragments allow. Cache-Control, and a targeted field (RFC
 * 9213), is `private` if a fragment is, and no lifetime exceeds that of the shortest fragment; Vary
 * names their fields, and Last-Modified is at least the time at which the latest was rendered.
 */
export function followFragments (
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  done: () => void
): void {
  const page = pageOf(request)
  if (page !== undefined) {
    if (request.isTagged) page.seenByTag = page.texts.length
    for (const [name, value] of changesBy(page, reply.getHeaders(), isSaidLater(reply))) {
      if (value === undefined) reply.removeHeader(name)
      else reply.header(name, value)
    }
    // Fastify treats text as text/plain unless an engine has declared it as HTML.
    const isHtml = payload !== '' && payload === page.html
    if (isHtml && reply.getHeader('content-type') === 'text/plain; charset=utf-8') {
      reply.type('text/html; charset=utf-8')
    }
  }
  done()
}

/**
 * Restricts a head that is about to be sent to what the fragments used so far allow, and marks it
 * as decided: fragments used from here on are too late. Its fields belong to the caller. Returns
 * true if a field has changed.
 */
export function followHead (request: FastifyRequest, head: Head): boolean {
  noteHead(request, head)
  const page = pageOf(request)
  return page !== undefined && follow(page, head.fields)
}

/** Marks the head of a page that can no longer follow its fragments. */
export function noteHead (request: FastifyRequest, head: Head): void {
  // Fragments are used only with the plugin.
  if (request[PAGE] !== undefined) ownPageOf(request).head = head
}

/** A response whose head follows the fragments of its request's page. */
interface Following {
  readonly request: FastifyRequest
  /** Previous `writeHead`. */
  readonly before: unknown
  /**
   * Whether the previous `writeHead` was the response's own rather than inherited from its class.
   */
  readonly isOwn: boolean
}

const FOLLOWING = Symbol('weir.following')

declare module 'node:http' {
  interface ServerResponse {
    [FOLLOWING]?: Following
  }
}

/**
 * Makes the head follow the fragments used until it is sent by route hooks, streams, or the raw
 * response.
 */
export function followAtTheEnd (request: FastifyRequest, { raw }: FastifyReply): void {
  const before: unknown = Reflect.get(raw, 'writeHead')
  const following: Following = { request, before, isOwn: Object.hasOwn(raw, 'writeHead') }
  Object.assign(raw, { [FOLLOWING]: following, writeHead: writeFollowing })
}

// One function for all responses: a function per response would give each its own hidden class.
function writeFollowing (this: ServerResponse, ...args: readonly unknown[]): unknown {
  const { [FOLLOWING]: following } = this
  if (typeof following?.before !== 'function') {
    throw new TypeError('this writeHead belongs to another response')
  }
  const { request, before } = following
  // Node refuses a second head.
  if (this.headersSent) return Reflect.apply(before, this, args)
  const head = headOf(this, args)
  if (!followHead(request, head)) return Reflect.apply(before, this, args)
  const { status, reason, fields } = head
  for (const name of this.getHeaderNames()) this.removeHeader(name)
  return Reflect.apply(
    before,
    this,
    reason === undefined ? [status, fields] : [status, reason, fields]
  )
}

/**
 * Undoes `followAtTheEnd` when the response cache takes over, which calls `followHead` for each
 * response that it does not answer itself.
 */
export function stopFollowing (raw: ServerResponse): void {
  const following = raw[FOLLOWING]
  if (following === undefined || Reflect.get(raw, 'writeHead') !== writeFollowing) return
  if (following.isOwn) Object.assign(raw, { writeHead: following.before })
  else Reflect.deleteProperty(raw, 'writeHead')
}

/** Restricts fields to what the page's fragments allow. Returns true if one of them has changed. */
export function follow (page: Page, fields: Fields): boolean {
  const changes = changesBy(page, fields, false)
  for (const [name, value] of changes) {
    if (value === undefined) Reflect.deleteProperty(fields, name)
    else fields[name] = value
  }
  return changes.length > 0
}

/** Value of a field in Node and Fastify. */
type FieldValue = string | number | readonly string[] | undefined

/** New value of a field; undefined removes it. */
type Change = readonly [name: string, value: string | undefined]

/**
 * Returns the changes that the page's fragments make to its head.
 * @param isSaidLater the route's own Cache-Control has not been set yet
 */
function changesBy (
  page: Page,
  fields: Readonly<Record<string, FieldValue>>,
  isSaidLater: boolean
): readonly Change[] {
  const now = Date.now()
  const isPrivate = page.isPrivate || page.isOwn
  const changes: Change[] = []
  const note = (name: string, value: string | undefined) => {
    if (value !== fields[name]) changes.push([name, value])
  }
  for (const name in fields) {
    const value = fields[name]
    if (value !== undefined && isCacheControl(name)) {
      note(name, bounded(String(value), isPrivate, secondsLeft(page, now)))
    }
  }
  const { expires, vary, etag } = fields
  // Browsers would guess a lifetime for a page without Cache-Control.
  if (isPrivate && fields['cache-control'] === undefined && !isSaidLater) {
    note('cache-control', 'private, no-cache')
  }
  if (expires !== undefined && Date.parse(String(expires)) > page.freshUntil) {
    note('expires', new Date(Math.max(now, page.freshUntil)).toUTCString())
  }
  if (page.functions.length > 0) note('vary', joinedVary(textOf(vary), ...page.names, '*'))
  else if (page.names.length > 0) note('vary', joinedVary(textOf(vary), ...page.names))
  const date = fields['last-modified']
  if (date !== undefined) {
    note(
      'last-modified',
      followed(page, 'last-modified', date, page.renderedAt, (own) => lastModified(own, page, now))
    )
  }
  const digest = etag === undefined ? undefined : page.digest
  if (digest !== undefined) {
    note(
      'etag',
      followed(page, 'etag', etag, digest, (own) => own.replace(/"$/, `-${digest}"`))
    )
  }
  return changes
}

const textOf = (value: FieldValue) => value === undefined ? undefined : String(value)

export const isCacheControl = (name: string): boolean =>
  name === 'cache-control' || name.endsWith('-cache-control')

/** Derives a validator of the page from the route's own one, each time. */
function followed (
  { validators }: Page,
  name: string,
  value: FieldValue,
  by: string | number,
  make: (own: string) => string | undefined
): string | undefined {
  const last = validators.get(name)
  const before = last !== undefined && last.sent === value ? last : undefined
  // A date that was old enough to be sent remains so.
  if (before?.by === by) return before.sent
  const own = before === undefined ? String(value) : before.own
  const sent = make(own)
  validators.set(name, { own, sent, by })
  return sent
}

/**
 * Returns the time of the latest change, later than the page's own date: a client that has the own
 * date has a page without fragments, and only such requests are answered before it is known which
 * fragments are used.
 */
function lastModified (own: string, { renderedAt }: Page, now: number): string | undefined {
  const date = Date.parse(own)
  if (Number.isNaN(date)) return own
  const later = new Date(Math.max(renderedAt, date + 1000)).toUTCString()
  // Several versions may share the second of the change (RFC 9110, 8.8.2.2).
  return isWeakDate(later, now) ? undefined : later
}

/**
 * Returns whether a client's date may be that of a page with fragments, before it is known which
 * ones are used: such pages have a later date and a different entity tag.
 */
export function mayHaveFragments (
  { headers }: FastifyRequest,
  reply: FastifyReply,
  lastModified: string | undefined
): boolean {
  return (
    'fragment' in reply &&
    headers['if-none-match'] === undefined &&
    lastModified !== undefined &&
    Date.parse(headers['if-modified-since'] ?? '') !== Date.parse(lastModified)
  )
}

/**
 * Returns whether the route's own Cache-Control has not been set yet: see
 * `@weir/fastify/cache-control`.
 */
function isSaidLater ({
  request: {
    routeOptions: { config }
  },
  statusCode
}: FastifyReply): boolean {
  const { cacheControl } = config
  return cacheControl !== undefined && (statusCode < 400 || 'noStore' in cacheControl)
}

/** Returns the seconds for which all of a page's fragments are fresh. */
export const secondsLeft = ({ freshUntil }: Pick<Page, 'freshUntil'>, now: number): number =>
  Math.max(0, Math.floor((freshUntil - now) / 1000))

/**
 * Limits a Cache-Control field to `seconds`, and excludes shared caches if it is private.
 * @example bounded('public, max-age=60', true, 10) // 'max-age=10, private'
 */
export function bounded (field: string, isPrivate: boolean, seconds: number): string {
  if (!isPrivate && !/max-?age/i.test(field)) return field
  const directives = new Map(parseCacheControl(field))
  for (const name of ['max-age', 's-maxage']) {
    const value = directives.get(name)
    // Values that are not a number stay: caches treat them as stale.
    if (typeof value === 'string' && Number(value) > seconds) directives.set(name, String(seconds))
  }
  if (isPrivate) {
    for (const name of ['public', 's-maxage', 'proxy-revalidate']) directives.delete(name)
    if (directives.get('private') !== true) directives.delete('private')
    directives.set('private', true)
  }
  return [...directives]
    .map(([name, value]) =>
      value === true ? name : `${name}=${/^[\w-]+$/.test(value) ? value : JSON.stringify(value)}`
    )
    .join(', ')
}
