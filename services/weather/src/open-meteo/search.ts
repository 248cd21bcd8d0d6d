import { type Oddities } from './oddities.js'
import { objectOf } from './series.js'
import { type KnownPlace } from './weather.js'

/**
 * Reads the places of a geocoding response. Places without a position or a name are left out.
 * @throws Error for anything but a geocoding response
 */
export function readSearch (body: unknown, odd: Oddities): KnownPlace[] {
  const answer = objectOf(body, 'the body')
  const { results } = answer
  // A response without matches has no `results`.
  if (results === undefined && typeof answer['generationtime_ms'] === 'number') return []
  if (!Array.isArray(results)) throw new Error('results is not a list')
  const places = results.map((result: unknown, i) => placeOf(result) ?? odd.note(`results[${i}]`))
    .filter((place) => place !== null)
  if (places.length === 0) throw new Error('results has no place')
  return places
}

function placeOf (value: unknown): KnownPlace | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const {
    name,
    latitude,
    longitude,
    country,
    country_code: code,
    admin1,
    population
  } = objectOf(value, 'a place')
  if (!isText(name) || !isWithin(latitude, 90) || !isWithin(longitude, 180)) return undefined
  return {
    name,
    latitude,
    longitude,
    country: isText(country) ? country : null,
    countryCode: isText(code) && /^[A-Z]{2}$/.test(code) ? code : null,
    admin1: isText(admin1) ? admin1 : null,
    population: typeof population === 'number' && population > 0 ? population : 0
  }
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= 200
const isWithin = (value: unknown, most: number): value is number =>
  typeof value === 'number' && Math.abs(value) <= most
