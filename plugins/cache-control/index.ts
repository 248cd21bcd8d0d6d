import { isWeakDate } from '@weir/http'
import { shown } from '@weir/internal'
import type { DoneFuncWithErrOrRes, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { enforceDeclaration } from '../declared.js'
import { WEIR_ERR_PLUGIN_ORDER } from '../errors.js'
import { bounded, secondsLeft } from '../fragments/follow.js'
import { pageOf } from '../fragments/page.js'
import { resultOf } from '../given.js'
import { checkOptionNames } from '../plugin-options.js'
import { joinedVary } from '../response-cache/fields.js'
import { routeName } from '../response-cache/options.js'
import { directives, lifetimeOf } from './directives.js'
import { type AnyCacheControl, checkCacheControl, type PageCacheControl } from './options.js'
import { type Complain, validated } from './validators.js'

export { type Etag, type Expires, type LastModified, type PageCacheControl } from './options.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Declares how clients and caches may store the pages of this GET or HEAD route, unless its
     * handler does so itself.
     */
    cacheControl?: PageCacheControl
  }
}

const NAME = 'weir-cache-control'

/**
 * Declares how long the pages of a route may be stored, by which caches, and whether they have
 * changed: `config.cacheControl` becomes Cache-Control, Expires, Vary, ETag and Last-Modified. A
 * Cache-Control set by the handler takes precedence. Errors get nothing but `no-store`. Register it
 * before `@weir/fastify/response-cache`, so that the headers are stored with the response.
 */
async function cacheControl (app: FastifyInstance, options: object): Promise<void> {
  checkOptionNames(NAME, options, {})
  if (app.hasDecorator('responseCache')) {
    throw new WEIR_ERR_PLUGIN_ORDER(
      NAME,
      'weir-response-cache',
      'the headers are stored with the response'
    )
  }
  enforceDeclaration(app, 'cacheControl')
  app.addHook('onRoute', (route) => {
    const given: AnyCacheControl | undefined = route.config?.cacheControl
    if (given === undefined) return
    checkCacheControl(route, given)
    const complain = complaints(routeName(route))
    if (given.etag !== undefined || given.lastModified !== undefined) {
      route.handler = validated(route.handler, given, complain)
    }
    route.onSend = [saying(given, complain), ...[route.onSend ?? []].flat()]
  })
}

/** Returns the hook that writes the route's headers. */
function saying (options: AnyCacheControl, complain: Complain) {
  return (
    request: FastifyRequest,
    reply: FastifyReply,
    _payload: unknown,
    done: DoneFuncWithErrOrRes
  ): void => {
    if (options.vary !== undefined) {
      reply.header('vary', joinedVary(textOf(reply, 'vary'), options.vary.join(', ')))
    }
    if (reply.statusCode < 400 || options.noStore === true) say(options, request, reply, complain)
    done()
  }
}

function say (
  options: AnyCacheControl,
  request: FastifyRequest,
  reply: FastifyReply,
  complain: Complain
): void {
  if (reply.hasHeader('cache-control')) return
  const now = Date.now()
  const page = pageOf(request)
  const left = page === undefined ? undefined : secondsLeft(page, now)
  const own = lifetimeOf(options, endOf(options, request, reply, complain), now)
  const seconds = options.maxAge === 'fragments' ? (left ?? 0) : own
  const field = directives(options, seconds)
  reply.header(
    'cache-control',
    left === undefined
      ? field
      : bounded(field, page?.isPrivate === true || page?.isOwn === true, left)
  )
  // Expires counts from the second of Date, so that it agrees with max-age.
  if (seconds !== undefined) {
    reply.header(
      'expires',
      new Date(now + Math.min(seconds, left ?? Infinity) * 1000).toUTCString()
    )
  }
  if (options.maxAge === 'fragments' && page !== undefined && !reply.hasHeader('last-modified')) {
    const modified = new Date(page.renderedAt).toUTCString()
    if (!isWeakDate(modified, now)) {
      reply.header('last-modified', modified)
      // The page has no date of its own.
      page.validators.set('last-modified', { own: new Date(0).toUTCString(), sent: modified })
    }
  }
}

/**
 * Returns the time of expiry from the route's function. An invalid result counts as long past:
 * without a date a cache could choose a lifetime.
 */
function endOf (
  { expires }: AnyCacheControl,
  request: FastifyRequest,
  reply: FastifyReply,
  complain: Complain
): Date | undefined {
  if (expires === undefined) return undefined
  const end = resultOf(() => expires(request, reply))
  if (end instanceof Date && !Number.isNaN(end.getTime())) return end
  complain(request, 'expires', end)
  return new Date(0)
}

function complaints (route: string): Complain {
  const made = new Set<string>()
  return (request, option, given) => {
    if (made.has(option)) return
    made.add(option)
    const expected =
      option === 'etag' ? 'an entity tag such as "v7", with its quotes' : 'a valid Date'
    const follows =
      option === 'expires'
        ? 'no valid date, so that the page is stale at once'
        : 'a value that is left out'
    request.log.error(
      { route, given: shown(given) },
      `config.cacheControl.${option} returned ${follows}: return ${expected}`
    )
  }
}

function textOf (reply: FastifyReply, name: string): string | undefined {
  const value = reply.getHeader(name)
  return value === undefined ? undefined : String(value)
}

export default fp(cacheControl, { name: NAME, fastify: '5.x' })
