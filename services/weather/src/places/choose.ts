import { CityAmbiguous, CityNotFound } from '../errors.js'
import { cellName, cellOf } from '../grid.js'
import { type KnownPlace, type NamedPlace } from '../open-meteo/weather.js'
import { isNamed, plain, qualified } from './name.js'

/** Regions of a place, which distinguish it from its namesakes. */
export interface Where {
  /** Name in English, or two-letter code. */
  readonly country?: string | undefined
  /** State, province or region. */
  readonly admin1?: string | undefined
  /** Each may be either of them. */
  readonly regions?: readonly string[]
}

const MOST_NAMESAKES = 50
const MOST_TOLD = 20

/**
 * Returns the places with the given name among the geocoding's results, or, if it knows them under
 * another name, those with the name of the first. The largest comes first. Places in one cell have
 * the same weather, and count as one.
 */
export function namesakes (found: readonly KnownPlace[], name: string): KnownPlace[] {
  const names = new Set([plain(name), plain(qualified(name)?.head ?? name)])
  const named = found.filter((place) => names.has(plain(place.name)))
  const [first] = found
  const same = named.length > 0 || first === undefined
    ? named
    : found.filter((place) => plain(place.name) === plain(first.name))
  const cells = new Map<string, KnownPlace>()
  for (const place of same.toSorted((a, b) => b.population - a.population)) {
    const cell = cellName(cellOf(place))
    if (!cells.has(cell)) cells.set(cell, place)
  }
  return [...cells.values()].slice(0, MOST_NAMESAKES)
}

// The largest place is chosen if it has this many times the population of the next one.
const BY_FAR = 3

/**
 * Chooses the most probable place.
 * @param places namesakes, the largest first
 * @throws WEATHER_ERR_CITY_NOT_FOUND, WEATHER_ERR_CITY_AMBIGUOUS, with `candidates`
 */
export function choose (
  places: readonly KnownPlace[],
  city: string,
  { country, admin1, regions = [] }: Where
): NamedPlace {
  const isIn = (text: string, place: KnownPlace) =>
    isCountry(text, place) || isNamed(text, place.admin1)
  const meant = places.filter(
    (place) =>
      (country === undefined || isCountry(country, place)) &&
      (admin1 === undefined || isNamed(admin1, place.admin1)) &&
      regions.every((region) => isIn(region, place))
  )
  const [first, second] = meant
  if (first === undefined) throw new CityNotFound(city, told(places))
  const isByFar =
    second === undefined ||
    (first.population > 0 && first.population >= BY_FAR * second.population)
  if (isByFar) return toldPlace(first)
  throw new CityAmbiguous(city, told(meant))
}

const isCountry = (text: string, { country, countryCode }: KnownPlace) =>
  plain(text) === countryCode?.toLowerCase() || isNamed(text, country)

const toldPlace = ({
  name,
  country,
  countryCode,
  admin1,
  latitude,
  longitude
}: KnownPlace): NamedPlace => ({ name, country, countryCode, admin1, latitude, longitude })

const told = (places: readonly KnownPlace[]) => places.slice(0, MOST_TOLD).map(toldPlace)
