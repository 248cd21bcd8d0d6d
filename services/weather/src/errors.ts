import createError from '@fastify/error'
import { expected } from '@weir/fastify/service'
import { type NamedPlace } from './open-meteo/weather.js'

// All errors that the service raises by name. Each message includes the remedy; callers fill in %s.

const NotFound = createError<'WEATHER_ERR_CITY_NOT_FOUND', 404, [city: string]>(
  'WEATHER_ERR_CITY_NOT_FOUND',
  'There is no place called %s: check its spelling and region, or give latitude and longitude',
  404
)

const Ambiguous = createError<'WEATHER_ERR_CITY_AMBIGUOUS', 400, [city: string]>(
  'WEATHER_ERR_CITY_AMBIGUOUS',
  'Several places are called %s: add country or admin1, or use the coordinates of one of the ' +
  'candidates',
  400
)

/**
 * WEATHER_ERR_CITY_NOT_FOUND: the geocoding has no place of this name, or, with candidates, none in
 * the given region.
 */
export class CityNotFound extends NotFound {
  readonly problem: { candidates?: NamedPlace[] }

  constructor (city: string, candidates: readonly NamedPlace[]) {
    super(JSON.stringify(city))
    this.problem = candidates.length > 0 ? { candidates: [...candidates] } : {}
  }
}

/** WEATHER_ERR_CITY_AMBIGUOUS: several places have the name, and none is by far the largest. */
export class CityAmbiguous extends Ambiguous {
  readonly problem: { candidates: NamedPlace[] }

  constructor (city: string, candidates: readonly NamedPlace[]) {
    super(JSON.stringify(city))
    this.problem = { candidates: [...candidates] }
  }
}

/**
 * The query has neither a city nor both coordinates, or all of them; or a region without a city.
 */
export const WEATHER_ERR_NO_PLACE = createError(
  'WEATHER_ERR_NO_PLACE',
  'The place is missing: give either city, with country and admin1 if necessary, or latitude ' +
  'and longitude',
  400
)

/** An invalid list of cities. */
export const WEATHER_ERR_CITIES = createError<'WEATHER_ERR_CITIES', 400, [problem: string]>(
  'WEATHER_ERR_CITIES', 'cities must be a list of 1 to 50 names, separated by commas: %s', 400)

interface Caused { readonly cause: unknown }

const upstreamError = <Code extends string>(code: Code, message: string) =>
  createError<Code, 502, [options: Caused]>(code, message, 502)

/** Open-Meteo refused the call: a 4xx other than 429. */
export const WEATHER_ERR_UPSTREAM_REFUSED = upstreamError(
  'WEATHER_ERR_UPSTREAM_REFUSED', 'Open-Meteo refused the call: try again later')

/** Open-Meteo answered with a redirection, which is not followed. */
export const WEATHER_ERR_UPSTREAM_REDIRECTED = upstreamError(
  'WEATHER_ERR_UPSTREAM_REDIRECTED',
  'Open-Meteo has moved, or a gateway is in the way: try again later'
)

/** The body is not JSON, such as the HTML page of a gateway. */
export const WEATHER_ERR_UPSTREAM_NOT_JSON = upstreamError(
  'WEATHER_ERR_UPSTREAM_NOT_JSON', 'Open-Meteo sent a response that is not JSON: try again later')

/** The body is not UTF-8, according to its Content-Type or its bytes. */
export const WEATHER_ERR_UPSTREAM_CHARSET = upstreamError(
  'WEATHER_ERR_UPSTREAM_CHARSET', 'Open-Meteo sent a response that is not in UTF-8: try again ' +
    'later')

/** The body is longer than any valid one. */
export const WEATHER_ERR_UPSTREAM_TOO_LARGE = upstreamError(
  'WEATHER_ERR_UPSTREAM_TOO_LARGE', 'Open-Meteo sent a response that is too large: try again later')

/** The connection ended, or broke, within the body, on each attempt. */
export const WEATHER_ERR_UPSTREAM_CUT_OFF = upstreamError(
  'WEATHER_ERR_UPSTREAM_CUT_OFF', 'Open-Meteo sent a response that was cut off: try again later')

/** JSON of a different shape, or about a different place. The cause has the difference. */
export const WEATHER_ERR_UPSTREAM_INVALID = upstreamError(
  'WEATHER_ERR_UPSTREAM_INVALID',
  'Open-Meteo sent a response that cannot be understood: try again later'
)

const Unavailable = createError<
  'WEATHER_ERR_UPSTREAM_UNAVAILABLE',
  503,
  [seconds: number, options: Caused]
>(
  'WEATHER_ERR_UPSTREAM_UNAVAILABLE',
  'Open-Meteo is unavailable at the moment, and no recent weather is cached: try again in %s s',
  503
)

const Busy = expected(
  'warn',
  createError<'WEATHER_ERR_UPSTREAM_BUSY', 503, [seconds: number]>(
    'WEATHER_ERR_UPSTREAM_BUSY',
    'Open-Meteo accepts no more calls at the moment, and no recent weather is cached: try again ' +
    'in %s s',
    503
  )
)

const ShareUsed = createError<'WEATHER_ERR_CLIENT_SHARE', 429, [seconds: number]>(
  'WEATHER_ERR_CLIENT_SHARE',
  'You have used your share of the calls to Open-Meteo, and no recent weather is cached: try ' +
  'again in %s s',
  429
)

/** Open-Meteo is unreachable, fails, or has kept failing. */
export const upstreamUnavailable = (retryAfterMs: number, cause: unknown) =>
  later(retryAfterMs, (seconds) => new Unavailable(seconds, { cause }))

/** The fleet has used up its calls, or was told to wait. */
export const upstreamBusy = (retryAfterMs: number) =>
  later(retryAfterMs, (seconds) => new Busy(seconds))

/**
 * WEATHER_ERR_CLIENT_SHARE: a client has used its share of the calls, until `retryAfterMs` have
 * passed.
 */
export class ClientShareUsed extends ShareUsed {
  readonly headers: Readonly<Record<string, string>>
  readonly problem: object

  constructor (readonly retryAfterMs: number, violated: readonly string[]) {
    const seconds = secondsOf(retryAfterMs)
    super(seconds)
    this.headers = { 'retry-after': String(seconds) }
    this.problem = { ...QUOTA_EXCEEDED, 'violated-policies': violated }
  }
}

/** Problem type of draft-ietf-httpapi-ratelimit-headers. */
const QUOTA_EXCEEDED = {
  type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
  title: 'Request cannot be satisfied as assigned quota has been exceeded'
}

const secondsOf = (ms: number) => Math.max(1, Math.ceil(ms / 1000))

/** Adds Retry-After, in whole seconds, to an error. */
function later<E extends Error> (
  ms: number,
  make: (seconds: number) => E
): E & { headers: Record<string, string> } {
  const seconds = secondsOf(ms)
  return Object.assign(make(seconds), { headers: { 'retry-after': String(seconds) } })
}
