import { type Cache, keyTag } from '@weir/cache'
import { type AdministeredCache, type Located } from '@weir/fastify/cache-admin'
import { type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { citiesOf } from './cities.js'
import { type Document } from './documents/document.js'
import { type Cell, cellOf } from './grid.js'
import { currentKey, forecastKey, placeKey } from './keys.js'
import { type CurrentWeather, type Forecast, type KnownPlace } from './open-meteo/weather.js'
import { choose, type Where } from './places/choose.js'
import { qualified } from './places/name.js'
import { askedFor } from './routes/place.js'
import { BatchQuery, CurrentQuery, ForecastQuery, type PlaceQuery } from './routes/schemas.js'
import { tags } from './tags.js'

/** Caches of the documents. */
export interface WeatherCaches {
  readonly places: Cache<Document<readonly KnownPlace[]>>
  readonly current: Cache<Document<CurrentWeather>>
  readonly forecasts: Cache<Document<Forecast>>
}

/**
 * Administers the documents: a URL of the API stands for the documents in its response, including
 * the places of cities. While the place of a city is not stored, its weather documents are unknown.
 */
export function administered (caches: WeatherCaches): AdministeredCache {
  const current = (cell: Cell) => at(caches.current, currentKey(cell))

  async function ofCity (
    city: string,
    where: Where,
    weatherOf: (cell: Cell) => Located
  ): Promise<Located[]> {
    const place = at(caches.places, placeKey(city))
    const found = await kept(place)
    const parts = found?.length === 0 ? qualified(city) : undefined
    if (parts !== undefined) {
      return [
        place,
        ...(await ofCity(parts.head, { ...where, regions: parts.regions }, weatherOf))
      ]
    }
    try {
      return found === undefined ? [place] : [place, weatherOf(cellOf(choose(found, city, where)))]
    } catch {
      // The document does not exist, or is unknown.
      return [place]
    }
  }

  async function kept ({ key }: Located): Promise<readonly KnownPlace[] | undefined> {
    const { memory, store } = await caches.places.inspect(key)
    return (memory ?? store)?.entry.value.body
  }

  async function ofPlace (
    query: PlaceQuery,
    weatherOf: (cell: Cell) => Located
  ): Promise<Located[] | undefined> {
    const asked = askedFor(query)
    if (asked === undefined) return undefined
    return 'city' in asked
      ? ofCity(asked.city, asked.where, weatherOf)
      : [weatherOf(cellOf(asked))]
  }

  return {
    caches: { ...caches },
    async locate (url) {
      const { pathname, searchParams } = new URL(url, 'http://weather')
      const given = Object.fromEntries(searchParams)
      if (pathname === '/api/weather/current') {
        const query = read(CurrentQuery, given)
        return query && ofPlace(query, current)
      }
      if (pathname === '/api/weather/forecast') {
        const query = read(ForecastQuery, given)
        return (
          query && ofPlace(query, (cell) => at(caches.forecasts, forecastKey(cell, query.days)))
        )
      }
      const query = pathname === '/api/weather/batch' ? read(BatchQuery, given) : undefined
      return (
        query &&
        (await Promise.all(citiesOf(query.cities).map((city) => ofCity(city, {}, current)))).flat()
      )
    },
    // The whole namespace must not be cleared: it also has the pauses requested by upstreams.
    clear: () => caches.places.invalidate([tags.everything])
  }
}

const at = (cache: Located['cache'], key: string): Located => ({ cache, key, tag: keyTag(key) })

/** Parses a query like the route with this schema; undefined if it would be refused. */
function read<Schema extends TSchema> (
  schema: Schema,
  given: Record<string, string>
): Static<Schema> | undefined {
  const query: unknown = Value.Default(schema, Value.Convert(schema, given))
  return Value.Check(schema, query) ? query : undefined
}
