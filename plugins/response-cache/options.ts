import { CacheError, type Duration, parseDuration, type OutageOptions } from '@weir/cache'
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { isRole, ROLES, type Role } from '../auth/user.js'
import { WEIR_ERR_ROUTE_OPTION } from '../errors.js'
import { isOptions } from '../plugin-options.js'
import { declaredNames } from './query.js'
import { REFRESH } from './refresh.js'
import { type RouteTags, unfillablePlaceholder } from './tags.js'

/** Declared as a method, so that it may ask for a request of its route's own type. */
export type KeyOfRequest = { bivariant (request: FastifyRequest): string }['bivariant']

/**
 * A condition on a request of the route. A promise is no answer: what has to be waited for belongs
 * into a hook.
 */
export type RequestCondition = { bivariant (request: FastifyRequest): boolean }['bivariant']

/** A condition on a response of the route. */
export type ResponseCondition = {
  bivariant(request: FastifyRequest, reply: FastifyReply): boolean
}['bivariant']

/** What `config.cache` of a route may say. */
export interface RouteCacheOptions extends OutageOptions {
  /**
   * How long a response is fresh for this cache, whatever its Cache-Control tells others; clients
   * are by default told `no-cache`. Without it the response's own headers decide: a targeted field,
   * `s-maxage`, `max-age`, Expires, or a heuristic (RFC 9111, section 4.2).
   */
  readonly ttl?: Duration
  /** An upper bound for what the response's headers decide. */
  readonly maxTtl?: Duration
  /** False: a response that does not say how long it is fresh is not (RFC 9111, section 4.2.2). */
  readonly heuristic?: boolean
  /**
   * Names of targeted fields, the most applicable first (RFC 9213). Default `CDN-Cache-Control`.
   */
  readonly targets?: readonly string[]
  /** False: clients have no say, by Cache-Control or Pragma (RFC 9111, section 5.2.1). */
  readonly requestDirectives?: boolean
  /**
   * How long a response that was fresh for a time may be served after that while a new one is
   * fetched (RFC 5861, section 3). One that was stale from the start, such as by `max-age=0` or
   * `no-cache`, is not.
   */
  readonly staleWhileRevalidate?: Duration
  /** How long such a response may be served after that instead of a 5xx (RFC 5861, section 4). */
  readonly staleIfError?: Duration
  /**
   * How long an expired response is kept, for validation, a client's `max-stale` and
   * `stale-if-error`. Default: as long as it was fresh, at least a minute and at most a day.
   */
  readonly retain?: Duration
  /**
   * The time for which 404, 405, 410, 414 and 501 are fresh. Default: by their own headers, and
   * never by `ttl`.
   */
  readonly negative?: Duration
  /**
   * The part of `ttl`, 0 to 1, that is taken away at random, so that what was filled together does
   * not end together.
   */
  readonly jitter?: number
  /**
   * What invalidates the response; emitted as Cache-Groups (RFC 9875). A response for which the
   * function returns anything but a list of non-empty strings is served and not stored. In a list,
   * `{name}` stands for a parameter.
   */
  readonly tags?: RouteTags
  /**
   * True: its responses are for everybody, whatever credentials a request has. Default false: a
   * response to a request with credentials is shared only if it says so itself.
   */
  readonly public?: boolean
  /**
   * Header fields that identify a user on this route, in place of the plugin's list: Authorization,
   * Cookie, X-API-Key and its `credentials`. Authorization has to be one (RFC 9111, section 3.5). A
   * `request.user` and a client certificate count anyway.
   * @example ['authorization'] // a proxied route whose origin says `private` where Cookie matters
   */
  readonly credentials?: readonly string[]
  /**
   * The fate of a response with Set-Cookie: `refuse`, the default, does not store it. `strip`
   * stores it without: only the client of the miss gets the cookie. `store` replays the cookie to
   * every client: for cookies that identify nobody.
   */
  readonly setCookie?: 'refuse' | 'strip' | 'store'
  /**
   * Request headers by which responses differ; part of the key, and told as `Vary` (RFC 9111,
   * section 4.1).
   */
  readonly vary?: readonly string[]
  /**
   * What identifies the response instead of path and query: a non-empty string. For a request of
   * which it returns anything else, a promise included, the cache is bypassed.
   */
  readonly key?: KeyOfRequest
  /**
   * Clients whose `?refresh=1` has the response computed anew, and stored for everybody: a role of
   * `@weir/fastify/auth`, or a function of the request. All others get what they would get without
   * the parameter, which is no part of the key and which the handler does not see. Default: it is a
   * parameter like any other.
   */
  readonly refresh?: Role | RequestCondition
  /**
   * Requests of which it returns true are answered by the handler, and their responses are not
   * stored.
   */
  readonly unless?: RequestCondition
  /** Responses of which it returns anything but true are not stored, whatever their headers say. */
  readonly onlyIf?: ResponseCondition
  /**
   * True: GET requests for a stored response get its `Link` members with rel=preload, preconnect or
   * modulepreload as a 103 before the answer, also while the origin is asked whether the response
   * still holds (RFC 8297). Default false.
   */
  readonly earlyHints?: boolean
}

const isTextList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '')

/**
 * Whether it is a list of header names (RFC 9110, 5.6.2). `*` could be one, but says something else
 * wherever it is used.
 */
export const isNameList = (value: unknown): value is string[] =>
  isTextList(value) && value.every((name) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && name !== '*')

/**
 * Without Authorization a route would break RFC 9111, 3.5, and `public` says plainly that responses
 * are for everybody.
 */
const isCredentialList = (value: unknown) =>
  isNameList(value) && value.some((name) => name.toLowerCase() === 'authorization')

const DURATION = {
  check: (value: unknown) => parseDuration(value, 'it'),
  expected: "a duration: milliseconds, or text like '60s'"
}
const SWITCH = { check: (value: unknown) => typeof value === 'boolean', expected: 'true or false' }

/** For each option, what its value must be; a check throws or says false. */
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
    expected: 'a list of tags, or a function that makes one'
  },
  public: SWITCH,
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
 * Checks `config.cache` when the route is declared, so that a mistake stops the boot and not a
 * request.
 * @throws WEIR_ERR_ROUTE_OPTION with the route and the option
 */
export function checkRouteCache (route: RouteOptions, options: RouteCacheOptions): void {
  const name = routeName(route)
  if (!isOptions(options)) {
    throw new WEIR_ERR_ROUTE_OPTION(name, 'cache', 'must be an object, or false')
  }
  const methods = [route.method].flat()
  // A route for all methods, such as a proxy's, is cached where it is read.
  if (!methods.some((method) => method === 'GET' || method === 'HEAD')) {
    throw new WEIR_ERR_ROUTE_OPTION(name, 'cache', 'is for GET and HEAD')
  }
  for (const [option, value] of Object.entries(options)) {
    const known = Object.hasOwn(CHECKS, option)
    if (!known) {
      throw new WEIR_ERR_ROUTE_OPTION(
        name,
        `cache.${option}`,
        `is unknown: there is ${Object.keys(CHECKS).join(', ')}`
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
      `takes the query parameter ${REFRESH}, which the route's schema declares: rename that one`
    )
  }
  const problem = Array.isArray(options.tags)
    ? unfillablePlaceholder(options.tags, route)
    : undefined
  if (problem !== undefined) throw new WEIR_ERR_ROUTE_OPTION(name, 'cache.tags', problem)
}

export const routeName = (route: RouteOptions) => `${[route.method].flat().join(',')} ${route.url}`

function passes (check: (value: unknown) => unknown, value: unknown): boolean {
  try {
    return check(value) !== false
  } catch (error) {
    if (error instanceof CacheError) return false
    throw error
  }
}
