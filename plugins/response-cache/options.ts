import { CacheError, type Duration, parseDuration, type OutageOptions } from '@weir/cache'
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { isRole, ROLES, type Role } from '../auth/user.js'
import { WEIR_ERR_ROUTE_OPTION } from '../errors.js'
import { isOptions } from '../plugin-options.js'
import { declaredNames } from './query.js'
import { REFRESH } from './refresh.js'
import { type RouteTags, unfillablePlaceholder } from './tags.js'

/**
 * Returns the key of a request. Declared as a method, so that it may take a request of its route's
 * own type.
 */
export type KeyOfRequest = { bivariant (request: FastifyRequest): string }['bivariant']

/**
 * Condition on a request of the route. Promises are not accepted: do asynchronous work in a hook.
 */
export type RequestCondition = { bivariant (request: FastifyRequest): boolean }['bivariant']

/** Condition on a response of the route. */
export type ResponseCondition = {
  bivariant(request: FastifyRequest, reply: FastifyReply): boolean
}['bivariant']

/** Value of a route's `config.cache`. */
export interface RouteCacheOptions extends OutageOptions {
  /**
   * Freshness lifetime in this cache, regardless of the Cache-Control for others; clients get
   * `no-cache` by default. Without it the response's own headers decide: a targeted field,
   * `s-maxage`, `max-age`, Expires, or a heuristic (RFC 9111, section 4.2).
   */
  readonly ttl?: Duration
  /** Upper bound for the lifetime from the response's headers. */
  readonly maxTtl?: Duration
  /** False: a response without an explicit lifetime is not fresh (RFC 9111, section 4.2.2). */
  readonly heuristic?: boolean
  /**
   * Names of targeted fields, the most applicable first (RFC 9213). Default `CDN-Cache-Control`.
   */
  readonly targets?: readonly string[]
  /** False ignores Cache-Control and Pragma of requests (RFC 9111, section 5.2.1). Default true. */
  readonly requestDirectives?: boolean
  /**
   * Time after expiry in which a response may be served stale while a new one is fetched (RFC 5861,
   * section 3). Not for responses that were stale from the start, such as with `max-age=0` or
   * `no-cache`.
   */
  readonly staleWhileRevalidate?: Duration
  /**
   * Time after expiry in which such a response may be served instead of a 5xx (RFC 5861, section
   * 4).
   */
  readonly staleIfError?: Duration
  /**
   * Time that an expired response is kept, for validation, a client's `max-stale` and
   * `stale-if-error`. Default: its freshness lifetime, at least a minute and at most a day.
   */
  readonly retain?: Duration
  /**
   * Freshness lifetime of 404, 405, 410, 414 and 501. Default: from their own headers, never `ttl`.
   */
  readonly negative?: Duration
  /**
   * Fraction of `ttl`, 0 to 1, that is randomly subtracted, so that responses filled together do
   * not expire together.
   */
  readonly jitter?: number
  /**
   * Tags that invalidate the response; sent as Cache-Groups (RFC 9875). A response for which the
   * function returns anything but a list of non-empty strings is served and not stored. In a list,
   * `{name}` stands for a parameter.
   */
  readonly tags?: RouteTags
  /**
   * True: responses are the same for all clients, regardless of a request's credentials. Default
   * false: a response to a request with credentials is shared only if it is declared as shareable.
   */
  readonly public?: boolean
  /**
   * Lifetime at the caches of `@weir/fastify/edge`, which are purged by each invalidation; true:
   * the plugin's. Requires `public: true`, because those caches know no credentials, and excludes
   * `key` and `unless`: they know only URL and Vary. Guards do not run for their hits. Default:
   * their lifetime follows from Cache-Control.
   */
  readonly edge?: Duration | true
  /**
   * Header fields that identify a user on this route, in place of the plugin's list: Authorization,
   * Cookie, X-API-Key and its `credentials`. Authorization is required (RFC 9111, section 3.5). A
   * `request.user` and a client certificate count in any case.
   * @example ['authorization'] // a proxied route whose origin sends `private` where Cookie matters
   */
  readonly credentials?: readonly string[]
  /**
   * Handling of responses with Set-Cookie: `refuse`, the default, does not store them. `strip`
   * stores them without the cookie, which only the client of the miss gets. `store` replays the
   * cookie to every client: for cookies that identify no user.
   */
  readonly setCookie?: 'refuse' | 'strip' | 'store'
  /**
   * Request headers by which responses differ; part of the key, and sent as `Vary` (RFC 9111,
   * section 4.1).
   */
  readonly vary?: readonly string[]
  /**
   * Returns the key of the response in place of path and query: a non-empty string. For any other
   * result, including a promise, the cache is bypassed.
   */
  readonly key?: KeyOfRequest
  /**
   * Clients whose `?refresh=1` has the response computed anew and stored for all: a role of
   * `@weir/fastify/auth`, or a function of the request. For other clients the parameter has no
   * effect: it is not part of the key, and the handler does not see it. Default: it is a parameter
   * like any other.
   */
  readonly refresh?: Role | RequestCondition
  /**
   * Requests for which it returns true are answered by the handler, and their responses are not
   * stored.
   */
  readonly unless?: RequestCondition
  /**
   * Responses for which it returns anything but true are not stored, regardless of their headers.
   */
  readonly onlyIf?: ResponseCondition
  /**
   * True: GET requests for a stored response get its `Link` members with rel=preload, preconnect or
   * modulepreload as a 103 before the final response, even while the origin revalidates the
   * response (RFC 8297). Default false.
   */
  readonly earlyHints?: boolean
}

const isTextList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '')

/**
 * Returns whether a value is a list of header names (RFC 9110, 5.6.2). `*` is a valid name, but has
 * a special meaning everywhere.
 */
export const isNameList = (value: unknown): value is string[] =>
  isTextList(value) && value.every((name) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && name !== '*')

/**
 * Requires Authorization, without which a route would violate RFC 9111, 3.5; `public` declares
 * responses as shareable more clearly.
 */
const isCredentialList = (value: unknown) =>
  isNameList(value) && value.some((name) => name.toLowerCase() === 'authorization')

const DURATION = {
  check: (value: unknown) => parseDuration(value, 'it'),
  expected: "a duration: milliseconds, or text like '60s'"
}
const SWITCH = { check: (value: unknown) => typeof value === 'boolean', expected: 'true or false' }

/** Expected value of each option; a check throws or returns false. */
const CHECKS: Record<
  keyof RouteCacheOptions,
  { check: (value: unknown) => unknown; expected: string }
> = {
  ttl: DURATION,
  maxTtl: DURATION,
  heuristic: SWITCH,
  targets: { check: isNameList, expected: 'a list of header names' },
  requestDirectives: SWITCH,
  staleWhileRevalidate: DURATION,
  staleIfError: DURATION,
  retain: DURATION,
  negative: DURATION,
  jitter: {
    check: (value) => typeof value === 'number' && value >= 0 && value <= 1,
    expected: 'a number from 0 to 1'
  },
  tags: {
    check: (value) => typeof value === 'function' || isTextList(value),
    expected: 'a list of tags, or a function that returns one'
  },
  public: SWITCH,
  edge: {
    check: (value) => value === true || parseDuration(value, 'it') >= 1000,
    expected: "true, or a duration of a second or more, such as '1d'"
  },
  credentials: {
    check: isCredentialList,
    expected:
      "a list of header names with 'authorization' (RFC 9111, 3.5; public: true shares all responses)"
  },
  setCookie: {
    check: (value) => value === 'refuse' || value === 'strip' || value === 'store',
    expected: "'refuse', 'strip' or 'store'"
  },
  vary: { check: isNameList, expected: 'a list of request header names' },
  key: { check: (value) => typeof value === 'function', expected: 'a function of the request' },
  refresh: {
    check: (value) => isRole(value) || typeof value === 'function',
    expected: `one of ${ROLES.join(', ')}, or a function of the request`
  },
  unless: { check: (value) => typeof value === 'function', expected: 'a function of the request' },
  onlyIf: {
    check: (value) => typeof value === 'function',
    expected: 'a function of the request and its reply'
  },
  earlyHints: SWITCH,
  onOutage: {
    check: (value) => value === 'bypass' || value === 'stale',
    expected: "'bypass' or 'stale'"
  }
}

/**
 * Validates `config.cache` when the route is declared, so that a mistake stops the boot instead of
 * a request.
 * @throws WEIR_ERR_ROUTE_OPTION with the route and the option
 */
export function checkRouteCache (route: RouteOptions, options: RouteCacheOptions): void {
  const name = routeName(route)
  if (!isOptions(options)) {
    throw new WEIR_ERR_ROUTE_OPTION(name, 'cache', 'must be an object, or false')
  }
  const methods = [route.method].flat()
  // Routes for all methods, such as a proxy's, are cached for GET and HEAD.
  if (!methods.some((method) => method === 'GET' || method === 'HEAD')) {
    throw new WEIR_ERR_ROUTE_OPTION(name, 'cache', 'is for GET and HEAD')
  }
  for (const [option, value] of Object.entries(options)) {
    const known = Object.hasOwn(CHECKS, option)
    if (!known) {
      throw new WEIR_ERR_ROUTE_OPTION(
        name,
        `cache.${option}`,
        `is unknown: valid options are ${Object.keys(CHECKS).join(', ')}`
      )
    }
    const { check, expected } = CHECKS[option as keyof RouteCacheOptions]
    if (value !== undefined && !passes(check, value)) {
      throw new WEIR_ERR_ROUTE_OPTION(
        name,
        `cache.${option}`,
        `must be ${expected}, not ${JSON.stringify(value)}`
      )
    }
  }
  if (options.refresh !== undefined && declaredNames(route)?.includes(REFRESH) === true) {
    throw new WEIR_ERR_ROUTE_OPTION(
      name,
      'cache.refresh',
      `uses the query parameter ${REFRESH}, which the route's schema declares: rename that one`
    )
  }
  if (options.edge !== undefined && options.public !== true) {
    throw new WEIR_ERR_ROUTE_OPTION(name, 'cache.edge',
      'needs public: true: caches at the edge do not know which cookies identify users')
  }
  const own = options.edge === undefined
    ? undefined
    : BY_REQUEST.find((option) => options[option] !== undefined)
  if (own !== undefined) {
    throw new WEIR_ERR_ROUTE_OPTION(name, 'cache.edge',
      `excludes cache.${own}: caches at the edge know only URL and Vary, use cache.vary in ` +
      'its place')
  }
  const problem = Array.isArray(options.tags)
    ? unfillablePlaceholder(options.tags, route)
    : undefined
  if (problem !== undefined) throw new WEIR_ERR_ROUTE_OPTION(name, 'cache.tags', problem)
}

/** Options that tell requests apart by more than URL and Vary. */
const BY_REQUEST = ['key', 'unless'] as const

export const routeName = (route: RouteOptions) => `${[route.method].flat().join(',')} ${route.url}`

function passes (check: (value: unknown) => unknown, value: unknown): boolean {
  try {
    return check(value) !== false
  } catch (error) {
    if (error instanceof CacheError) return false
    throw error
  }
}
