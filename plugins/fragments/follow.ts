import { isWeakDate, parseCacheControl } from '@weir/http'
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type {} from '../cache-control/index.js'
import { fieldsOf, joinedVary } from '../response-cache/fields.js'
import { type Fields, type Head, headOf } from '../response-cache/head.js'
import { ownPageOf, PAGE, type Page, pageOf } from './page.js'

/**
 * Has a page say no more than its fragments allow. Its Cache-Control, and a targeted one (RFC 9213), is `private` if one of them is, and no
 * lifetime in it is longer than that of the shortest; it varies by what they vary by, and was modified when the latest was rendered.
 */
export function followFragments (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: () => void): void {
  const page = pageOf(request)
  if (page !== undefined) {
    if (request.isTagged) page.seenByTag = page.texts.length
    const before = fieldsOf(reply)
    const fields = { ...before }
    follow(page, fields, isSaidLater(reply))
    for (const name of Object.keys(before)) if (fields[name] === undefined) reply.removeHeader(name)
    for (const [name, value] of Object.entries(fields)) if (value !== before[name]) reply.header(name, value)
    // Fastify takes a text for text/plain where no engine has said that it is HTML.
    const isHtml = payload !== '' && payload === page.html
    if (isHtml && reply.getHeader('content-type') === 'text/plain; charset=utf-8') reply.type('text/html; charset=utf-8')
  }
  done()
}

/**
 * Has a head that is about to be sent say no more than the fragments allow that were used until now, and notes that it is decided: those
 * used from here on are too late for it. Its fields are the caller's own. True if one of them has changed.
 */
export function followHead (request: FastifyRequest, head: Head): boolean {
  noteHead(request, head)
  const page = pageOf(request)
  if (page === undefined) return false
  const before = { ...head.fields }
  follow(page, head.fields, false)
  return [...new Set([...Object.keys(before), ...Object.keys(head.fields)])].some((name) => before[name] !== head.fields[name])
}

/** Notes the head of a page that cannot follow its fragments any more. */
export function noteHead (request: FastifyRequest, head: Head): void {
  // Without the plugin nobody uses fragments.
  if (request[PAGE] !== undefined) ownPageOf(request).head = head
}

/** Has the head follow the fragments that were used until it is sent, by whoever sends it: route hooks, streams, and the raw response. */
export function followAtTheEnd (request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = reply
  const isReplaced = Object.hasOwn(raw, 'writeHead')
  const native: unknown = Reflect.get(raw, 'writeHead')
  if (typeof native !== 'function') return
  const writeHead = (...args: readonly unknown[]): unknown => {
    // What is written twice is Node's to refuse.
    if (raw.headersSent) return Reflect.apply(native, raw, args)
    const head = headOf(raw, args)
    if (!followHead(request, head)) return Reflect.apply(native, raw, args)
    const { status, reason, fields } = head
    for (const name of raw.getHeaderNames()) raw.removeHeader(name)
    return Reflect.apply(native, raw, reason === undefined ? [status, fields] : [status, reason, fields])
  }
  restores.set(writeHead, () => {
    if (isReplaced) Object.assign(raw, { writeHead: native })
    else Reflect.deleteProperty(raw, 'writeHead')
  })
  Object.assign(raw, { writeHead })
}

const restores = new WeakMap<object, () => void>()

/** Undoes `followAtTheEnd` where the response cache takes over, which calls `followHead` for all that it does not answer itself. */
export function stopFollowing (raw: ServerResponse): void {
  const writeHead: unknown = Reflect.get(raw, 'writeHead')
  if (typeof writeHead === 'function') restores.get(writeHead)?.()
}

/** @param isSaidLater the route's own Cache-Control is yet to come */
export function follow (page: Page, fields: Fields, isSaidLater: boolean): void {
  const now = Date.now()
  const isPrivate = page.isPrivate || page.isOwn
  for (const [name, value] of Object.entries(fields)) {
    if (isCacheControl(name)) fields[name] = bounded(String(value), isPrivate, secondsLeft(page, now))
  }
  // Browsers would guess a lifetime for a page without Cache-Control.
  if (isPrivate && fields['cache-control'] === undefined && !isSaidLater) fields['cache-control'] = 'private, no-cache'
  const expires = Date.parse(String(fields['expires']))
  if (expires > page.freshUntil) fields['expires'] = new Date(Math.max(now, page.freshUntil)).toUTCString()
  const varies = [...page.names, ...page.functions.length > 0 ? ['*'] : []]
  if (varies.length > 0) fields['vary'] = joinedVary(fields['vary'], varies.join(', '))
  followed(page, fields, 'last-modified', (own) => lastModified(own, page, now))
  const { digest } = page
  if (digest !== undefined) followed(page, fields, 'etag', (own) => own.replace(/"$/, `-${digest}"`))
}

export const isCacheControl = (name: string): boolean => name === 'cache-control' || name.endsWith('-cache-control')

/** Makes a validator of the route one of the page: from the route's own each time. */
function followed ({ validators }: Page, fields: Fields, name: string, make: (own: string) => string | undefined): void {
  const value = fields[name]
  if (value === undefined) return
  const before = validators.get(name)
  const own = before?.sent === value ? before.own : String(value)
  const sent = make(own)
  validators.set(name, { own, sent })
  if (sent === undefined) Reflect.deleteProperty(fields, name)
  else fields[name] = sent
}

/**
 * The time of the latest change, later than the page's own: a client that has that has a page without fragments, and only that is
 * answered before it is known which are used.
 */
function lastModified (own: string, { renderedAt }: Page, now: number): string | undefined {
  const date = Date.parse(own)
  if (Number.isNaN(date)) return own
  const later = new Date(Math.max(renderedAt, date + 1000)).toUTCString()
  // Within its second there may be several versions (RFC 9110, 8.8.2.2).
  return isWeakDate(later, now) ? undefined : later
}

/**
 * Whether the date that a client has may be that of a page with fragments, before it is known which are used: such pages have a later date
 * than their own, and an entity tag of their own.
 */
export function mayHaveFragments ({ headers }: FastifyRequest, reply: FastifyReply, lastModified: string | undefined): boolean {
  return 'fragment' in reply && headers['if-none-match'] === undefined && lastModified !== undefined &&
    Date.parse(headers['if-modified-since'] ?? '') !== Date.parse(lastModified)
}

/** Whether the route's own Cache-Control is yet to come: see `@weir/fastify/cache-control`. */
function isSaidLater ({ request: { routeOptions: { config } }, statusCode }: FastifyReply): boolean {
  const { cacheControl } = config
  return cacheControl !== undefined && (statusCode < 400 || 'noStore' in cacheControl)
}

/** Seconds for which all of a page's fragments are fresh. */
export const secondsLeft = ({ freshUntil }: Pick<Page, 'freshUntil'>, now: number): number => Math.max(0, Math.floor((freshUntil - now) / 1000))

/**
 * Cache-Control that allows no more than `seconds`, and shared caches nothing if it is private.
 * @example bounded('public, max-age=60', true, 10) // 'max-age=10, private'
 */
export function bounded (field: string, isPrivate: boolean, seconds: number): string {
  const directives = new Map(parseCacheControl(field))
  for (const name of ['max-age', 's-maxage']) {
    const value = directives.get(name)
    // A value that is no number stays: caches take it for stale.
    if (typeof value === 'string' && Number(value) > seconds) directives.set(name, String(seconds))
  }
  if (isPrivate) {
    for (const name of ['public', 's-maxage', 'proxy-revalidate']) directives.delete(name)
    if (directives.get('private') !== true) directives.delete('private')
    directives.set('private', true)
  }
  return [...directives].map(([name, value]) => value === true ? name : `${name}=${/^[\w-]+$/.test(value) ? value : JSON.stringify(value)}`).join(', ')
}
