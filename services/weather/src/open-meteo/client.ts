import { judge } from '../documents/lifetime.js'
import { type Document, type Fetched, type Lifetime } from '../documents/document.js'
import { type Origin } from '../documents/documents.js'
import { type Cell } from '../grid.js'
import { type Upstream } from '../upstream/upstream.js'
import { VARIABLES } from './answers.js'
import { readCurrent, readForecast, readPlace } from './read.js'
import { type CurrentWeather, type Forecast, type NamedPlace } from './weather.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

// What may be at most, whatever Open-Meteo's headers say. Its `current` is of 15 minutes, its models are run hourly at the most.
const STALE_IF_ERROR = 6 * HOUR
const CURRENT: Lifetime = { ttl: 10 * MINUTE, staleWhileRevalidate: 10 * MINUTE, staleIfError: STALE_IF_ERROR }
const FORECAST: Lifetime = { ttl: 30 * MINUTE, staleWhileRevalidate: 30 * MINUTE, staleIfError: STALE_IF_ERROR }
// Cities do not move.
const FOUND: Lifetime = { ttl: 30 * DAY, staleWhileRevalidate: DAY, staleIfError: 30 * DAY }
const NOT_FOUND: Lifetime = { ttl: 5 * MINUTE, staleWhileRevalidate: 0, staleIfError: 0 }

/** The two of Open-Meteo's services. */
export interface OpenMeteoUpstreams {
  readonly forecast: Upstream
  readonly geocoding: Upstream
}

/** How many days are asked for to answer for so many: two documents a cell, not sixteen. */
export const daysFetched = (days: number) => days <= 7 ? 7 : 16

/** Where weather and places come from. */
export class OpenMeteo {
  constructor (readonly upstreams: OpenMeteoUpstreams) {}

  current (cell: Cell): Origin<CurrentWeather> {
    const path = query('/v1/forecast', { ...cell, timezone: 'auto', current: VARIABLES.current.join() })
    return this.#origin(this.upstreams.forecast, { path, cost: 1 }, (body) => readCurrent(body, cell), () => CURRENT)
  }

  forecast (cell: Cell, days: number): Origin<Forecast> {
    const path = query('/v1/forecast', {
      ...cell, timezone: 'auto', forecast_days: days, current: 'temperature_2m', hourly: VARIABLES.hourly.join(), daily: VARIABLES.daily.join()
    })
    // Open-Meteo counts more than ten variables, or more than two weeks, as more than one call.
    return this.#origin(this.upstreams.forecast, { path, cost: 2 }, (body) => readForecast(body, cell, days), () => FORECAST)
  }

  /** The most important place of this name; null where there is none. */
  place (name: string): Origin<NamedPlace | null> {
    const path = query('/v1/search', { name, count: 1, language: 'en', format: 'json' })
    return this.#origin(this.upstreams.geocoding, { path, cost: 1 }, readPlace, (place) => place === null ? NOT_FOUND : FOUND)
  }

  #origin<T> (
    upstream: Upstream, { path, cost }: { path: string, cost: number }, read: (body: unknown) => T, lifetimeOf: (body: T) => Lifetime
  ): Origin<T> {
    return {
      get isFailing () { return upstream.isFailing },
      async fetch (known: Document<T> | undefined): Promise<Fetched<T>> {
        const answer = await upstream.get({ path, cost, etag: known?.etag, lastModified: known?.lastModified })
        const body = answer.notModified && known !== undefined ? known.body : read(answer.body)
        const { lifetime, ...rest } = judge(answer, lifetimeOf(body))
        return { document: { body, ...rest }, lifetime }
      }
    }
  }
}

function query (path: string, parameters: Readonly<Record<string, string | number>>): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) search.append(name, String(value))
  return `${path}?${search.toString()}`
}
