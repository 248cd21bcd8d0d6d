import { CacheError, type Duration, parseDuration } from '@weir/cache'
import { shown } from '@weir/internal'
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { WEIR_ERR_ROUTE_OPTION } from '../errors.js'
import { seconds } from './directives.js'
import { isOptions, unknownOption } from '../plugin-options.js'
import { isNameList, routeName } from '../response-cache/options.js'

/** Returns the time at which the resource last changed; nothing if that is unknown. */
export type LastModified = { bivariant (request: FastifyRequest): Known<Date> }['bivariant']
/** Returns the entity tag of the resource, such as `"v7"`; nothing if it is unknown. */
export type Etag = { bivariant (request: FastifyRequest): Known<string> }['bivariant']
/** Returns the time until which the page is fresh. */
export type Expires = {
  bivariant(request: FastifyRequest, reply: FastifyReply): Date
}['bivariant']

type Known<T> = T | null | undefined | Promise<T | null | undefined>

/** Caches that may store a page: at most one of public and private. */
type Audience =
  | { readonly public?: true, readonly private?: never }
  | { readonly private: true, readonly public?: never, readonly sharedMaxAge?: never }

type Staleness =
  | {
    readonly mustRevalidate?: true
    readonly staleWhileRevalidate?: never
    readonly staleIfError?: never
  }
  | {
    readonly mustRevalidate?: never
    readonly staleWhileRevalidate?: Duration
    readonly staleIfError?: Duration
  }

type Lifetime =
  | {
    readonly maxAge: Duration
    readonly sharedMaxAge?: Duration
    readonly immutable?: true
    readonly expires?: never
  }
  | {
    readonly maxAge: 'fragments'
    readonly sharedMaxAge?: never
    readonly immutable?: never
    readonly expires?: never
  }
  | {
    readonly expires: Expires
    readonly sharedMaxAge?: never
    readonly immutable?: never
    readonly maxAge?: never
  }

type Fresh = Audience &
  Staleness &
  Lifetime & { readonly noCache?: never; readonly noStore?: never }

type Validated = Audience & { readonly noCache: true; readonly noStore?: never } & {
  readonly [
  Name in
      | 'maxAge'
      | 'sharedMaxAge'
      | 'expires'
      | 'immutable'
      | 'mustRevalidate'
      | 'staleWhileRevalidate'
      | 'staleIfError'
  ]?: never
}

/** Headers of a page that identify its representation. */
export interface Described {
  /** Request headers by which the page differs, added to Vary. */
  readonly vary?: readonly string[]
  /**
   * Entity tag of the resource: a request that has it is answered 304 without running the handler
   * (RFC 9110, 13.1).
   */
  readonly etag?: Etag
  /** Time of the resource's last change, sent as Last-Modified and evaluated like `etag`. */
  readonly lastModified?: LastModified
}

interface NotKept {
  readonly noStore: true
}

/**
 * Declares how clients and caches may store the pages of a route, in terms of the directives of
 * Cache-Control (RFC 9111, 5.2.2; RFC 5861; RFC 8246). Contradictions do not compile, or are a
 * WEIR_ERR_ROUTE_OPTION when the route is declared.
 * @example { public: true, maxAge: '365d', immutable: true } // static: a new version has a new URL
 * @example { private: true, noCache: true } // dynamic: revalidated on each request
 * // conditional
 * { noCache: true, lastModified: (request) => changedAt(request.params.id) }
 * // nothing but its fragments: as long as all of them are fresh
 * { public: true, maxAge: 'fragments' }
 * @example { noStore: true } // a secret
 */
export type PageCacheControl = ((Fresh | Validated) & Described) | NotKept

/** Every option, regardless of valid combinations. */
export interface AnyCacheControl extends Described {
  readonly public?: true
  readonly private?: true
  readonly noStore?: true
  readonly noCache?: true
  readonly maxAge?: Duration | 'fragments'
  readonly sharedMaxAge?: Duration
  readonly expires?: Expires
  readonly immutable?: true
  readonly mustRevalidate?: true
  readonly staleWhileRevalidate?: Duration
  readonly staleIfError?: Duration
}

const isDuration = (value: unknown) => parseDuration(value, 'it') >= 0
const DURATION = { check: isDuration, expected: "a duration: milliseconds, or text like '60s'" }
const TRUE = { check: (value: unknown) => value === true, expected: 'true, or omitted' }
const FUNCTION = {
  check: (value: unknown) => typeof value === 'function',
  expected: 'a function of the request'
}

const CHECKS: Record<
  keyof AnyCacheControl,
  { check: (value: unknown) => boolean; expected: string }
> = {
  public: TRUE,
  private: TRUE,
  noStore: TRUE,
  noCache: TRUE,
  maxAge: {
    check: (value) => value === 'fragments' || isDuration(value),
    expected: `${DURATION.expected}, or 'fragments'`
  },
  sharedMaxAge: DURATION,
  expires: FUNCTION,
  immutable: TRUE,
  mustRevalidate: TRUE,
  staleWhileRevalidate: DURATION,
  staleIfError: DURATION,
  vary: { check: isNameList, expected: 'a list of request header names' },
  etag: FUNCTION,
  lastModified: FUNCTION
}

const CHECKED = 'each use is revalidated, so nothing is fresh'
const STALE = 'a page that must be revalidated is never served stale'

/** Pairs of options that exclude each other, with the reason. */
const CONTRADICTIONS: readonly (readonly [
  keyof AnyCacheControl,
  keyof AnyCacheControl,
  string
])[] = [
  ['public', 'private', 'a page is for all users or for one'],
  ['private', 'sharedMaxAge', 'no shared cache stores a private page'],
  ['maxAge', 'expires', 'each is derived from the other: give one of them'],
  ['expires', 'sharedMaxAge', 'no cache stores a page for longer than it is fresh'],
  ['noCache', 'maxAge', CHECKED],
  ['noCache', 'sharedMaxAge', CHECKED],
  ['noCache', 'expires', CHECKED],
  ['noCache', 'immutable', CHECKED],
  ['noCache', 'mustRevalidate', 'it is weaker than noCache: leave it out'],
  ['noCache', 'staleWhileRevalidate', CHECKED],
  ['noCache', 'staleIfError', CHECKED],
  ['mustRevalidate', 'staleWhileRevalidate', STALE],
  ['mustRevalidate', 'staleIfError', STALE]
]

/**
 * Checks `config.cacheControl` when the route is declared.
 * @throws WEIR_ERR_ROUTE_OPTION with the route, the option and the contradicting option
 */
export function checkCacheControl (route: RouteOptions, options: AnyCacheControl): void {
  const name = routeName(route)
  const fail = (option: string, problem: string): never => {
    throw new WEIR_ERR_ROUTE_OPTION(
      name,
      option === '' ? 'cacheControl' : `cacheControl.${option}`,
      problem
    )
  }
  if (!isOptions(options)) return fail('', 'must be an object')
  if (![route.method].flat().some((method) => method === 'GET' || method === 'HEAD')) {
    fail('', 'is for GET and HEAD')
  }
  const unknown = unknownOption(options, Object.keys(CHECKS))
  if (unknown !== undefined) fail(unknown.name, unknown.problem)
  const given = (Object.keys(CHECKS) as (keyof AnyCacheControl)[]).filter(
    (option) => options[option] !== undefined
  )
  for (const option of given) {
    const { check, expected } = CHECKS[option]
    if (!passes(check, options[option])) {
      fail(option, `must be ${expected}, not ${shown(options[option])}`)
    }
  }
  const other = given.find((option) => option !== 'noStore')
  if (options.noStore === true && other !== undefined) {
    fail('noStore', `contradicts ${other}: nothing is stored at all`)
  }
  for (const [one, another, why] of CONTRADICTIONS) {
    if (given.includes(one) && given.includes(another)) fail(one, `contradicts ${another}: ${why}`)
  }
  const { maxAge, sharedMaxAge, immutable } = options
  if (maxAge === 'fragments' && sharedMaxAge !== undefined) {
    fail(
      'sharedMaxAge',
      "contradicts maxAge 'fragments': in shared caches, too, a page is as fresh as its fragments"
    )
  }
  if (
    immutable === true &&
    (maxAge === undefined || maxAge === 'fragments' || seconds(maxAge) === 0)
  ) {
    fail(
      'immutable',
      'needs maxAge: a duration of a second or more for which the page does not change (RFC 8246)'
    )
  }
  if (!given.some((option) => LIFETIMES.has(option))) {
    fail('', 'has no lifetime: give it maxAge, expires, noCache or noStore')
  }
  checkBesideCache(options, route, fail)
}

const LIFETIMES: ReadonlySet<keyof AnyCacheControl> = new Set([
  'maxAge',
  'expires',
  'noCache',
  'noStore'
] as const)

/** The response cache stores neither. */
function checkBesideCache (
  { noStore, private: isPrivate }: AnyCacheControl,
  { config }: RouteOptions,
  fail: (option: string, problem: string) => void
): void {
  if (config?.cache === undefined || config.cache === false) return
  for (const [option, value] of Object.entries({ noStore, private: isPrivate })) {
    if (value === true) {
      fail(option, 'contradicts config.cache, which would store nothing: leave one of them out')
    }
  }
}

function passes (check: (value: unknown) => boolean, value: unknown): boolean {
  try {
    return check(value)
  } catch (error) {
    if (error instanceof CacheError) return false
    throw error
  }
}
