import { type Cache, createCache, type Store } from '@weir/cache'
import { type WeatherCaches } from './cache-admin.js'
import { type Document } from './documents/document.js'
import { Documents, type Reading } from './documents/documents.js'
import { WEATHER_ERR_CITY_NOT_FOUND } from './errors.js'
import { type Cell, cellOf } from './grid.js'
import { cellIn, currentKey, forecastKey, normalized, placeKey } from './keys.js'
import { daysFetched, type OpenMeteo } from './open-meteo/client.js'
import { type CurrentWeather, type Forecast, type NamedPlace } from './open-meteo/weather.js'
import { tags } from './tags.js'

/** One namespace in the store, which has one connection that listens. */
export const NAMESPACE = 'weather'

const MEBIBYTE = 1024 * 1024

// Slower than that, and what is old is better.
const SOFT_TIMEOUT = 800

export interface WeatherOptions {
  readonly store: Store
  /** This instance, as the one who fetches. */
  readonly name: string
  readonly openMeteo: OpenMeteo
  readonly report: (error: unknown, key: string) => void
}

/** What became of one city of a batch. */
export type CityWeather =
  | { readonly place: NamedPlace, readonly document: Document<CurrentWeather> }
  | { readonly error: unknown }

/** Places and weather, cached for the whole fleet. */
export class Weather {
  readonly caches: WeatherCaches
  readonly #places: Documents<NamedPlace | null>
  readonly #current: Documents<CurrentWeather>
  readonly #forecast: Documents<Forecast>

  constructor (readonly options: WeatherOptions) {
    const { store, name, report } = options
    const kept = <T>(maxBytes: number): Cache<Document<T>> =>
      createCache({ store, namespace: NAMESPACE, name, l1: { maxBytes, maxEntries: 10_000 } })
    this.caches = { places: kept(8 * MEBIBYTE), current: kept(8 * MEBIBYTE), forecasts: kept(48 * MEBIBYTE) }
    const documents = <T>(cache: Cache<Document<T>>, tagsOf: (key: string) => readonly string[]): Documents<T> =>
      new Documents({ cache, patience: SOFT_TIMEOUT, report, tagsOf })
    this.#places = documents(this.caches.places, () => [tags.everything, tags.places])
    this.#current = documents(this.caches.current, (key) => [tags.everything, tags.current, tags.cell(cellIn(key))])
    this.#forecast = documents(this.caches.forecasts, (key) => [tags.everything, tags.forecasts, tags.cell(cellIn(key))])
  }

  /** @throws WEATHER_ERR_CITY_NOT_FOUND, and what Upstream throws */
  async place (city: string): Promise<NamedPlace> {
    const { document: { body } } = await this.#places.read(placeKey(city), this.options.openMeteo.place(normalized(city)))
    return found(body, city)
  }

  async current (cell: Cell): Promise<Reading<CurrentWeather>> {
    return this.#current.read(currentKey(cell), this.options.openMeteo.current(cell))
  }

  /** At least so many days. */
  async forecast (cell: Cell, days: number): Promise<Reading<Forecast>> {
    return this.#forecast.read(forecastKey(cell, days), this.options.openMeteo.forecast(cell, daysFetched(days)))
  }

  /** For each of the cities, in their order: with at most two reads of the cache for all, and one if their places are known here. */
  async currentOf (cities: readonly string[]): Promise<CityWeather[]> {
    const { openMeteo } = this.options
    const names = new Map(cities.map((city) => [placeKey(city), normalized(city)]))
    const places = await readAll(this.#places, [...names.keys()], (key) => openMeteo.place(names.get(key) ?? ''))
    const located = cities.map((city) => attempt(() => {
      const place = found(places(placeKey(city)).body, city)
      return { place, cell: cellOf(place) }
    }))
    const cells = new Map(located.flatMap((outcome) => 'error' in outcome ? [] : [[currentKey(outcome.cell), outcome.cell] as const]))
    const weather = await readAll(this.#current, [...cells.keys()], (key) => openMeteo.current(cells.get(key) ?? NOWHERE))
    return located.map((outcome) => 'error' in outcome ? outcome : attempt(() => ({ place: outcome.place, document: weather(currentKey(outcome.cell)) })))
  }
}

const NOWHERE: Cell = { latitude: 0, longitude: 0 }

function found (place: NamedPlace | null, city: string): NamedPlace {
  if (place === null) throw new WEATHER_ERR_CITY_NOT_FOUND(JSON.stringify(city))
  return place
}

/** Reads them all, and gives a function that has the document of a key, or throws why there is none. */
async function readAll<T> (documents: Documents<T>, keys: readonly string[], originOf: Parameters<Documents<T>['readMany']>[1]) {
  const settled = await documents.readMany(keys, originOf)
  const outcomes = new Map(keys.map((key, i) => [key, settled[i]]))
  return (key: string): Document<T> => {
    const outcome = outcomes.get(key)
    if (outcome?.status === 'fulfilled') return outcome.value
    throw outcome?.reason
  }
}

function attempt<R extends object> (task: () => R): R | { error: unknown } {
  try {
    return task()
  } catch (error) {
    return { error }
  }
}
