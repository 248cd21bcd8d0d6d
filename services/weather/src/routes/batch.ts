import createError from '@fastify/error'
import { type FastifyBaseLogger } from 'fastify'
import { citiesOf } from '../cities.js'
import { CityAmbiguous, CityNotFound } from '../errors.js'
import { type Units } from '../units.js'
import { type Weather } from '../weather.js'
import { renderCurrent } from './render.js'
import { type BatchResponse } from './schemas.js'

/** @throws WEATHER_ERR_CITIES */
export async function renderBatch (
  weather: Weather,
  list: string,
  units: Units,
  { client, log }: { client: string | undefined; log: FastifyBaseLogger }
): Promise<BatchResponse> {
  const cities = citiesOf(list)
  const outcomes = await weather.currentOf(cities, client)
  return {
    items: outcomes.map((outcome, i) => {
      const city = cities[i] ?? ''
      if ('error' in outcome) return { city, error: told(outcome.error, city, log) }
      return { city, weather: renderCurrent(outcome.place, outcome.document, units) }
    })
  }
}

/** Renders an error as one of many: errors that are not meant for clients are not disclosed. */
function told (error: unknown, city: string, log: FastifyBaseLogger) {
  const isNamed = error instanceof createError.FastifyError
  const status = isNamed ? error.statusCode ?? 500 : 500
  if (status >= 500) log.warn({ err: error, city }, 'a city of a batch could not be answered')
  const candidates =
    error instanceof CityNotFound || error instanceof CityAmbiguous ? error.problem : {}
  if (isNamed) return { status, code: error.code, detail: error.message, ...candidates }
  return {
    status,
    code: 'INTERNAL_SERVER_ERROR',
    detail: 'The service could not answer for this city; its log has the reason.'
  }
}
