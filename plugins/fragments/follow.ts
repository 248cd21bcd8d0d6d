import { isWeakDate, parseCacheControl } from '@weir/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type {} from '../cache-control/index.js'
import { joinedVary } from '../response-cache/fields.js'
import { type Page, pageOf } from './page.js'

/**
 * Has a page say no more than its fragments allow. Its Cache-Control, and a targeted one (RFC 9213), is `private` if one of them is, and no
 * lifetime in it is longer than that of the shortest; it varies by what they vary by, and was modified when the latest was rendered.
 */
export function followFragments (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: () => void): void {
  const page = pageOf(request)
  if (page !== undefined) follow(page, reply, payload)
  done()
}

function follow (page: Page, reply: FastifyReply, payload: unknown): void {
  const now = Date.now()
  const isPrivate = page.isPrivate || page.isOwn
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (name === 'cache-control' || name.endsWith('-cache-control')) reply.header(name, bounded(String(value), isPrivate, secondsLeft(page, now)))
  }
  // Browsers would guess a lifetime for a page without Cache-Control.
  if (isPrivate && !reply.hasHeader('cache-control') && !isSaidLater(reply)) reply.header('cache-control', 'private, no-cache')
  const expires = Date.parse(String(reply.getHeader('expires')))
  if (expires > page.freshUntil) reply.header('expires', new Date(Math.max(now, page.freshUntil)).toUTCString())
  const varies = [...page.names, ...page.functions.length > 0 ? ['*'] : []]
  if (varies.length > 0) reply.header('vary', joinedVary(textOf(reply, 'vary'), varies.join(', ')))
  const modified = textOf(reply, 'last-modified')
  if (modified !== undefined && Date.parse(modified) < page.renderedAt) {
    const later = new Date(page.renderedAt).toUTCString()
    // Within its second there may be several versions (RFC 9110, 8.8.2.2).
    if (isWeakDate(later, now)) reply.removeHeader('last-modified')
    else reply.header('last-modified', later)
  }
  // Fastify takes a text for text/plain where no engine has said that it is HTML.
  const isHtml = payload !== '' && payload === page.html
  if (isHtml && reply.getHeader('content-type') === 'text/plain; charset=utf-8') reply.type('text/html; charset=utf-8')
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
    for (const name of ['public', 's-maxage', 'proxy-revalidate', 'private']) directives.delete(name)
    directives.set('private', true)
  }
  return [...directives].map(([name, value]) => value === true ? name : `${name}=${/^[\w-]+$/.test(value) ? value : JSON.stringify(value)}`).join(', ')
}

function textOf (reply: FastifyReply, name: string): string | undefined {
  const value = reply.getHeader(name)
  return value === undefined ? undefined : String(value)
}
