import { type Cache, createCache, type Store } from '@weir/cache'
import { type WeatherCaches } from './cache-admin.js'
import { type Document } from './documents/document.js'
import { Documents, type Reading } from './documents/documents.js'
import { ClientShareUsed } from './errors.js'
import { type Cell, cellOf } from './grid.js'
import { cellIn, currentKey, forecastKey, placeKey } from './keys.js'
import { daysFetched, type OpenMeteo } from './open-meteo/client.js'
import {
  type CurrentWeather,
  type Forecast,
  type KnownPlace,
  type NamedPlace
} from './open-meteo/weather.js'
import { choose, type Where } from './places/choose.js'
import { folded, qualified } from './places/name.js'
import { tags } from './tags.js'

/** Single namespace in the store, so that one connection subscribes. */
export const NAMESPACE = 'weather'

const MEBIBYTE = 1024 * 1024

// Milliseconds after which a stale document is better than waiting.
const SOFT_TIMEOUT = 800

export interface WeatherOptions {
  readonly store: Store
  /** Name of this instance as the one that fetches. */
  readonly name: string
  /** False: each document is fetched for each request. */
  readonly isKept: boolean
  readonly openMeteo: OpenMeteo
  readonly report: (error: unknown, key: string) => void
}

/** Result of one city of a batch. */
export type CityWeather =
  | { readonly place: NamedPlace, readonly document: Document<CurrentWeather> }
  | { readonly error: unknown }

/** Places and weather, cached for the whole fleet. */
export class Weather {
  readonly caches: WeatherCaches
  readonly #places: Documents<readonly KnownPlace[]>
  readonly #current: Documents<CurrentWeather>
  readonly #forecast: Documents<Forecast>

  constructor (readonly options: WeatherOptions) {
    const { store, name, isKept, report } = options
    const kept = <T>(maxBytes: number): Cache<Document<T>> =>
      createCache({ store, namespace: NAMESPACE, name, l1: { maxBytes, maxEntries: 10_000 } })
    this.caches = {
      places: kept(4 * MEBIBYTE),
      current: kept(4 * MEBIBYTE),
      forecasts: kept(16 * MEBIBYTE)
    }
    const documents = <T>(
      cache: Cache<Document<T>>,
      tagsOf: (key: string) => readonly string[]
    ): Documents<T> =>
        new Documents({ cache, isKept, patience: SOFT_TIMEOUT, report, tagsOf, ownFaultOf })
    this.#places = documents(this.caches.places, () => [tags.everything, tags.places])
    this.#current = documents(this.caches.current, (key) => [
      tags.everything,
      tags.current,
      tags.cell(cellIn(key))
    ])
    this.#forecast = documents(this.caches.forecasts, (key) => [
      tags.everything,
      tags.forecasts,
      tags.cell(cellIn(key))
    ])
  }

  /**
   * @param client the client against whose share a call counts, here and below
   * @throws WEATHER_ERR_CITY_NOT_FOUND, WEATHER_ERR_CITY_AMBIGUOUS, and errors of Upstream
   */
  async place (city: string, where: Where, client?: string): Promise<NamedPlace> {
    const named = async (name: string) =>
      (
        await this.#places.read(
          placeKey(name),
          this.options.openMeteo.places(folded(name), client)
        )
      ).document.body
    const found = await named(city)
    const parts = found.length === 0 ? qualified(city) : undefined
    if (parts === undefined) return choose(found, city, where)
    return choose(await named(parts.head), city, { ...where, regions: parts.regions })
  }

  async current (cell: Cell, client?: string): Promise<Reading<CurrentWeather>> {
    return this.#current.read(currentKey(cell), this.options.openMeteo.current(cell, client))
  }

  /** Returns a forecast of at least this many days. */
  async forecast (cell: Cell, days: number, client?: string): Promise<Reading<Forecast>> {
    return this.#forecast.read(
      forecastKey(cell, days),
      this.options.openMeteo.forecast(cell, daysFetched(days), client)
    )
  }

  /**
   * Returns the weather of each city, in their order: with at most two cache reads for all, one if
   * their places are known here; and one more for names with a comma that match no place.
   */
  async currentOf (cities: readonly string[], client?: string): Promise<CityWeather[]> {
    const { openMeteo } = this.options
    const placesOf = (names: readonly string[]) => {
      const byKey = new Map(names.map((name) => [placeKey(name), folded(name)]))
      return readAll(this.#places, [...byKey.keys()], (key) =>
        openMeteo.places(byKey.get(key) ?? '', client)
      )
    }
    const found = await placesOf(cities)
    const wholly = cities.map((city) => attempt(() => ({ places: found(placeKey(city)).body })))
    const parts = cities.map((city, i) => {
      const whole = wholly[i]
      return whole !== undefined && 'places' in whole && whole.places.length === 0
        ? qualified(city)
        : undefined
    })
    const foundInPart = await placesOf(parts.flatMap((part) => part?.head ?? []))
    const located = cities.map((city, i) => attempt(() => {
      const part = parts[i]
      const place = part === undefined
        ? choose(found(placeKey(city)).body, city, {})
        : choose(foundInPart(placeKey(part.head)).body, city, part)
      return { place, cell: cellOf(place) }
    }))
    const cells = new Map(
      located.flatMap((outcome) =>
        'error' in outcome ? [] : [[currentKey(outcome.cell), outcome.cell] as const]
      )
    )
    const weather = await readAll(this.#current, [...cells.keys()], (key) =>
      openMeteo.current(cells.get(key) ?? NOWHERE, client)
    )
    return located.map((outcome) =>
      'error' in outcome
        ? outcome
        : attempt(() => ({ place: outcome.place, document: weather(currentKey(outcome.cell)) }))
    )
  }
}

/**
 * Returns the fault of a client that has used its share: other clients must not be refused for it.
 */
const ownFaultOf = (error: unknown) =>
  error instanceof ClientShareUsed
    ? { retryAfterMs: error.retryAfterMs, why: 'CLIENT_SHARE' }
    : undefined

const NOWHERE: Cell = { latitude: 0, longitude: 0 }

/**
 * Reads all documents, and returns a function that returns the document of a key, or throws its
 * error.
 */
async function readAll<T> (
  documents: Documents<T>,
  keys: readonly string[],
  originOf: Parameters<Documents<T>['readMany']>[1]
) {
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
