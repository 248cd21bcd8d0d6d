import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '@weir/fastify/service'
import { type FastifyRequest } from 'fastify'
import { type Weather } from '../weather.js'
import { renderBatch } from './batch.js'
import { sendCacheFields } from './fields.js'
import { locate } from './place.js'
import { type Place, renderCurrent, renderForecast } from './render.js'
import { sendRendered } from './rendered.js'
import {
  BatchQuery,
  BatchSchema,
  CurrentQuery,
  CurrentSchema,
  ForecastQuery,
  ForecastSchema,
  placeProblems
} from './schemas.js'

export interface WeatherRoutesOptions {
  readonly weather: Weather
  /** Returns the client against whose share of calls a request counts; undefined: none. */
  readonly clientOf: (request: FastifyRequest) => string | undefined
  /** Name of this cache in Cache-Status. */
  readonly cacheName: string
}

const where =
  'Give either city, with country and admin1 to distinguish it from its namesakes, or latitude ' +
  'and longitude, which are rounded to a tenth of a degree.'

const variantOf = (place: Place, ...rest: readonly unknown[]) => JSON.stringify([place, ...rest])

/** All routes under /api/weather. */
export const weatherRoutes: FastifyPluginAsyncTypebox<WeatherRoutesOptions> = async (
  app,
  { weather, clientOf, cacheName }
) => {
  app.get(
    '/api/weather/current',
    {
      schema: {
        tags: ['weather'],
        summary: 'Get the current weather',
        description: where,
        querystring: CurrentQuery,
        response: { 200: CurrentSchema, ...placeProblems, ...problems }
      },
      config: { examples: ['/api/weather/current?city=Berlin'] }
    },
    async (request, reply) => {
      const { query } = request
      const client = clientOf(request)
      const { place, cell } = await locate(weather, query, client)
      const reading = await weather.current(cell, client)
      sendCacheFields(reply, cacheName, reading)
      sendRendered(reply, reading.document, variantOf(place, query.units), () =>
        renderCurrent(place, reading.document, query.units)
      )
      return reply
    }
  )

  app.get(
    '/api/weather/forecast',
    {
      schema: {
        tags: ['weather'],
        summary: 'Get the forecast by hour and by day',
        description: `${where} Starts at midnight today, local time; a day across a change of ` +
          'clocks has 23 or 25 hours.',
        querystring: ForecastQuery,
        response: { 200: ForecastSchema, ...placeProblems, ...problems }
      },
      config: {
        examples: ['/api/weather/forecast?city=Tokyo&days=3'],
        rateLimit: { cost: 2 }
      }
    },
    async (request, reply) => {
      const { query } = request
      const client = clientOf(request)
      const { place, cell } = await locate(weather, query, client)
      const reading = await weather.forecast(cell, query.days, client)
      sendCacheFields(reply, cacheName, reading)
      const variant = variantOf(place, query.units, query.days)
      sendRendered(reply, reading.document, variant, () =>
        renderForecast(place, reading.document, query.units, query.days)
      )
      return reply
    }
  )

  app.get(
    '/api/weather/batch',
    {
      schema: {
        tags: ['weather'],
        summary: 'Get the current weather in many cities',
        description: 'Cities without a result have an error in place of their weather.',
        querystring: BatchQuery,
        response: { 200: BatchSchema, ...problems }
      },
      config: {
        examples: ['/api/weather/batch?cities=Berlin,Oslo,Tokyo'],
        rateLimit: { cost: 10 }
      }
    },
    async (request, reply) => {
      const { query, log } = request
      reply.header('cache-control', 'no-cache')
      return renderBatch(weather, query.cities, query.units, { client: clientOf(request), log })
    }
  )
}
