import createError from '@fastify/error'
import { expected } from '@weir/fastify/service'
import { type NamedPlace } from './open-meteo/weather.js'

// Every error that the service raises by name. The message says what to do; %s are filled in by the
// caller.

const NotFound = createError<'WEATHER_ERR_CITY_NOT_FOUND', 404, [city: string]>(
  'WEATHER_ERR_CITY_NOT_FOUND',
  'There is no such place as %s: check its spelling and region, or give latitude and longitude',
  404
)

const Ambiguous = createError<'WEATHER_ERR_CITY_AMBIGUOUS', 400, [city: string]>(
  'WEATHER_ERR_CITY_AMBIGUOUS',
  'Several places are called %s: add country or admin1, or take the coordinates of one of the candidates',
  400
)

/**
 * WEATHER_ERR_CITY_NOT_FOUND: the geocoding knows no place of this name, or, if there are
 * candidates, none where it is said to be.
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

/** Neither a city nor both coordinates, or all of them; or a region of no city. */
export const WEATHER_ERR_NO_PLACE = createError(
  'WEATHER_ERR_NO_PLACE',
  'Say where: give either city, with country and admin1 if need be, or latitude and longitude',
  400
)

/** A list of cities that cannot be used. */
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

/** The body is no JSON, such as the HTML page of a gateway. */
export const WEATHER_ERR_UPSTREAM_NOT_JSON = upstreamError(
  'WEATHER_ERR_UPSTREAM_NOT_JSON', 'Open-Meteo gave an answer that is no JSON: try again later')

/** The body is not in UTF-8, by its Content-Type or by its bytes. */
export const WEATHER_ERR_UPSTREAM_CHARSET = upstreamError(
  'WEATHER_ERR_UPSTREAM_CHARSET', 'Open-Meteo gave an answer that is not in UTF-8: try again later')

/** The body is longer than any right one. */
export const WEATHER_ERR_UPSTREAM_TOO_LARGE = upstreamError(
  'WEATHER_ERR_UPSTREAM_TOO_LARGE', 'Open-Meteo gave an answer that is too large: try again later')

/** The connection ended, or broke, within the body; so it did on each try. */
export const WEATHER_ERR_UPSTREAM_CUT_OFF = upstreamError(
  'WEATHER_ERR_UPSTREAM_CUT_OFF', 'Open-Meteo gave an answer that was cut off: try again later')

/** JSON of another shape, or about another place. The cause says where it differs. */
export const WEATHER_ERR_UPSTREAM_INVALID = upstreamError(
  'WEATHER_ERR_UPSTREAM_INVALID',
  'Open-Meteo gave an answer that cannot be understood: try again later'
)

const Unavailable = createError<
  'WEATHER_ERR_UPSTREAM_UNAVAILABLE',
  503,
  [seconds: number, options: Caused]
>(
  'WEATHER_ERR_UPSTREAM_UNAVAILABLE',
  'Open-Meteo gives no weather for now, and nothing recent enough is kept: try again in %s s',
  503
)

const Busy = expected(
  'warn',
  createError<'WEATHER_ERR_UPSTREAM_BUSY', 503, [seconds: number]>(
    'WEATHER_ERR_UPSTREAM_BUSY',
    'Open-Meteo takes no more calls for now, and nothing recent enough is kept: try again in %s s',
    503
  )
)

const ShareUsed = createError<'WEATHER_ERR_CLIENT_SHARE', 429, [seconds: number]>(
  'WEATHER_ERR_CLIENT_SHARE',
  'You have used your share of the calls to Open-Meteo, and nothing recent enough is kept: try again in %s s',
  429
)

/** Open-Meteo cannot be reached, or fails, or has kept failing. */
export const upstreamUnavailable = (retryAfterMs: number, cause: unknown) =>
  later(retryAfterMs, (seconds) => new Unavailable(seconds, { cause }))

/** The fleet has made as many calls as it may, or was told to wait. */
export const upstreamBusy = (retryAfterMs: number) =>
  later(retryAfterMs, (seconds) => new Busy(seconds))

/**
 * WEATHER_ERR_CLIENT_SHARE: a client has used its share of the calls. `retryAfterMs` tells when it
 * has some again.
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

/** draft-ietf-httpapi-ratelimit-headers, "Problem Types". */
const QUOTA_EXCEEDED = {
  type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
  title: 'Request cannot be satisfied as assigned quota has been exceeded'
}

const secondsOf = (ms: number) => Math.max(1, Math.ceil(ms / 1000))

/** An error with Retry-After, in whole seconds. */
function later<E extends Error> (
  ms: number,
  make: (seconds: number) => E
): E & { headers: Record<string, string> } {
  const seconds = secondsOf(ms)
  return Object.assign(make(seconds), { headers: { 'retry-after': String(seconds) } })
}
