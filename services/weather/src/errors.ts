import createError from '@fastify/error'

// Every error that the service raises by name. The message says what to do; %s are filled in by the caller.

/** The geocoding knows no place of this name. */
export const WEATHER_ERR_CITY_NOT_FOUND = createError<'WEATHER_ERR_CITY_NOT_FOUND', 404, [city: string]>(
  'WEATHER_ERR_CITY_NOT_FOUND', 'There is no place called %s: check its spelling, or give latitude and longitude', 404)

/** Neither a city nor both coordinates, or all of them. */
export const WEATHER_ERR_NO_PLACE = createError(
  'WEATHER_ERR_NO_PLACE', 'Say where: give either city, or latitude and longitude', 400)

/** A list of cities that cannot be used. */
export const WEATHER_ERR_CITIES = createError<'WEATHER_ERR_CITIES', 400, [problem: string]>(
  'WEATHER_ERR_CITIES', 'cities must be a list of 1 to 50 names, separated by commas: %s', 400)

/** Open-Meteo answered, with something that is not what it is known to answer. The cause says where it differs. */
export const WEATHER_ERR_UPSTREAM_INVALID = createError<'WEATHER_ERR_UPSTREAM_INVALID', 502, [options: { cause: unknown }]>(
  'WEATHER_ERR_UPSTREAM_INVALID', 'Open-Meteo gave an answer that cannot be understood: try again later', 502)

const Unavailable = createError<'WEATHER_ERR_UPSTREAM_UNAVAILABLE', 503, [seconds: number, options: { cause: unknown }]>(
  'WEATHER_ERR_UPSTREAM_UNAVAILABLE', 'Open-Meteo does not answer, and nothing recent enough is kept: try again in %s s', 503)

const Busy = createError<'WEATHER_ERR_UPSTREAM_BUSY', 503, [seconds: number]>(
  'WEATHER_ERR_UPSTREAM_BUSY', 'Open-Meteo takes no more calls for now, and nothing recent enough is kept: try again in %s s', 503)

/** Open-Meteo cannot be reached, or fails. */
export const upstreamUnavailable = (retryAfterMs: number, cause: unknown) =>
  later(retryAfterMs, (seconds) => new Unavailable(seconds, { cause }))

/** The fleet has made as many calls as it may, or was told to wait. */
export const upstreamBusy = (retryAfterMs: number) => later(retryAfterMs, (seconds) => new Busy(seconds))

/** An error with Retry-After, in whole seconds. */
function later<E extends Error> (ms: number, make: (seconds: number) => E): E & { headers: Record<string, string> } {
  const seconds = Math.max(1, Math.ceil(ms / 1000))
  return Object.assign(make(seconds), { headers: { 'retry-after': String(seconds) } })
}
