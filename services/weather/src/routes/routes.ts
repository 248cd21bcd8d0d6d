import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '@weir/fastify/service'
import { type Weather } from '../weather.js'
import { renderBatch } from './batch.js'
import { sendCacheFields } from './fields.js'
import { locate } from './place.js'
import { type Place, renderCurrent, renderForecast } from './render.js'
import { sendRendered } from './rendered.js'
import { BatchQuery, BatchSchema, CurrentQuery, CurrentSchema, ForecastQuery, ForecastSchema } from './schemas.js'

export interface WeatherRoutesOptions {
  readonly weather: Weather
  /** This cache in Cache-Status. */
  readonly cacheName: string
}

const where = 'Give either city, or latitude and longitude, which are rounded to a tenth of a degree.'

const variantOf = (place: Place, ...rest: readonly unknown[]) => JSON.stringify([place, ...rest])

/** Everything under /api/weather. */
export const weatherRoutes: FastifyPluginAsyncTypebox<WeatherRoutesOptions> = async (app, { weather, cacheName }) => {
  app.get('/api/weather/current', {
    schema: {
      tags: ['weather'],
      summary: 'The weather now',
      description: where,
      querystring: CurrentQuery,
      response: { 200: CurrentSchema, ...problems }
    }
  }, async ({ query }, reply) => {
    const { place, cell } = await locate(weather, query)
    const reading = await weather.current(cell)
    sendCacheFields(reply, cacheName, reading)
    sendRendered(reply, reading.document, variantOf(place, query.units), () => renderCurrent(place, reading.document, query.units))
    return reply
  })

  app.get('/api/weather/forecast', {
    schema: {
      tags: ['weather'],
      summary: 'The weather of the next days, by hour and by day',
      description: `${where} From midnight of today on, at the place.`,
      querystring: ForecastQuery,
      response: { 200: ForecastSchema, ...problems }
    },
    config: { rateLimit: { cost: 2 } }
  }, async ({ query }, reply) => {
    const { place, cell } = await locate(weather, query)
    const reading = await weather.forecast(cell, query.days)
    sendCacheFields(reply, cacheName, reading)
    const variant = variantOf(place, query.units, query.days)
    sendRendered(reply, reading.document, variant, () => renderForecast(place, reading.document, query.units, query.days))
    return reply
  })

  app.get('/api/weather/batch', {
    schema: {
      tags: ['weather'],
      summary: 'The weather now in many cities',
      description: 'Cities that cannot be answered for have an error in place of their weather.',
      querystring: BatchQuery,
      response: { 200: BatchSchema, ...problems }
    },
    config: { rateLimit: { cost: 10 } }
  }, async ({ query, log }, reply) => {
    reply.header('cache-control', 'no-cache')
    return renderBatch(weather, query.cities, query.units, log)
  })
}
