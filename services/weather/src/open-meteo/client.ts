import { judge } from '../documents/lifetime.js'
import { type Document, type Fetched, type Lifetime } from '../documents/document.js'
import { type Origin } from '../documents/documents.js'
import { type Cell } from '../grid.js'
import { namesakes } from '../places/choose.js'
import { type Call, type Upstream } from '../upstream/upstream.js'
import { VARIABLES } from './amounts.js'
import { Oddities } from './oddities.js'
import { readCurrent, readForecast } from './read.js'
import { readSearch } from './search.js'
import { type CurrentWeather, type Forecast, type KnownPlace } from './weather.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

// Upper limits, regardless of Open-Meteo's headers. Its `current` covers 15 minutes; its models run
// hourly at most.
const STALE_IF_ERROR = 6 * HOUR
const CURRENT: Lifetime = {
  ttl: 10 * MINUTE,
  staleWhileRevalidate: 10 * MINUTE,
  staleIfError: STALE_IF_ERROR
}
const FORECAST: Lifetime = {
  ttl: 30 * MINUTE,
  staleWhileRevalidate: 30 * MINUTE,
  staleIfError: STALE_IF_ERROR
}
// Cities do not move.
const FOUND: Lifetime = { ttl: 30 * DAY, staleWhileRevalidate: DAY, staleIfError: 30 * DAY }
const NOT_FOUND: Lifetime = { ttl: 5 * MINUTE, staleWhileRevalidate: 0, staleIfError: 0 }

/** The two services of Open-Meteo. */
export interface OpenMeteoUpstreams {
  readonly forecast: Upstream
  readonly geocoding: Upstream
}

/** Returns the number of days to fetch for a request: two documents per cell instead of sixteen. */
export const daysFetched = (days: number) => days <= 7 ? 7 : 16

// Instants instead of local times: https://github.com/open-meteo/open-meteo/issues/488.
const TIMES = { timezone: 'auto', timeformat: 'unixtime' }
const MOST_DAYS = 16
const MOST_FOUND = 100

/**
 * Source of weather and places. A `client` is the one that causes a call, whose share it counts
 * against.
 */
export class OpenMeteo {
  /** @param noteOdd receives the path of a request and its impossible values */
  constructor (
    readonly upstreams: OpenMeteoUpstreams,
    readonly noteOdd: (path: string, found: readonly string[]) => void = () => {}
  ) {}

  current (cell: Cell, client?: string): Origin<CurrentWeather> {
    const path = query('/v1/forecast', { ...cell, ...TIMES, current: VARIABLES.current.join() })
    const read = (body: unknown, odd: Oddities) => readCurrent(body, cell, odd)
    return this.#origin(this.upstreams.forecast, { path, cost: 1, client }, read, () => CURRENT)
  }

  forecast (cell: Cell, days: number, client?: string): Origin<Forecast> {
    const path = query('/v1/forecast', {
      ...cell,
      ...TIMES,
      // One more day on either side: the clocks may change in between.
      past_days: 1,
      forecast_days: Math.min(days + 1, MOST_DAYS),
      current: 'temperature_2m',
      hourly: VARIABLES.hourly.join(),
      daily: VARIABLES.daily.join()
    })
    // Open-Meteo counts more than ten variables, or more than two weeks, as more than one call.
    const read = (body: unknown, odd: Oddities) => readForecast(body, cell, days, odd)
    return this.#origin(this.upstreams.forecast, { path, cost: 2, client }, read, () => FORECAST)
  }

  /** Finds the places of this name, the largest first. */
  places (name: string, client?: string): Origin<readonly KnownPlace[]> {
    const path = query('/v1/search', { name, count: MOST_FOUND, language: 'en', format: 'json' })
    const read = (body: unknown, odd: Oddities) => namesakes(readSearch(body, odd), name)
    return this.#origin(this.upstreams.geocoding, { path, cost: 1, client }, read, (places) =>
      places.length === 0 ? NOT_FOUND : FOUND
    )
  }

  #origin<T extends object> (
    upstream: Upstream,
    call: Pick<Call<T>, 'path' | 'cost' | 'client'>,
    read: (body: unknown, odd: Oddities) => T,
    lifetimeOf: (body: T) => Lifetime
  ): Origin<T> {
    return {
      get isFailing () { return upstream.isFailing },
      fetch: async (known: Document<T> | undefined): Promise<Fetched<T>> => {
        const odd = new Oddities()
        const answer = await upstream.get({
          ...call,
          etag: known?.etag,
          lastModified: known?.lastModified,
          read: (body) => read(body, odd)
        })
        if (odd.found.length > 0) this.noteOdd(call.path, odd.found)
        // A 304 confirms the known content.
        const body = answer.body ?? known?.body
        if (body === undefined) throw new Error('a 304 without a condition')
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
