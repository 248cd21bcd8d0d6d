import { WEATHER_ERR_NO_PLACE } from '../errors.js'
import { type Cell, cellOf } from '../grid.js'
import { type Where } from '../places/choose.js'
import { type Weather } from '../weather.js'
import { type Place } from './render.js'
import { type PlaceQuery } from './schemas.js'

type Asked = { readonly city: string, readonly where: Where } | Cell

/**
 * Returns the city and its region, or the coordinates, in a query; undefined for both and for
 * neither.
 */
export function askedFor ({
  city,
  country,
  admin1,
  latitude,
  longitude
}: PlaceQuery): Asked | undefined {
  const isNowhere = latitude === undefined && longitude === undefined
  if (city !== undefined) return isNowhere ? { city, where: { country, admin1 } } : undefined
  if (
    country !== undefined ||
    admin1 !== undefined ||
    latitude === undefined ||
    longitude === undefined
  ) { return undefined }
  return { latitude, longitude }
}

/**
 * Returns the place of a request, and the cell of its weather.
 * @param client the client of the request
 * @throws WEATHER_ERR_NO_PLACE, WEATHER_ERR_CITY_NOT_FOUND, WEATHER_ERR_CITY_AMBIGUOUS
 */
export async function locate (
  weather: Weather, query: PlaceQuery, client: string | undefined
): Promise<{ place: Place, cell: Cell }> {
  const asked = askedFor(query)
  if (asked === undefined) throw new WEATHER_ERR_NO_PLACE()
  if ('city' in asked) {
    const place = await weather.place(asked.city, asked.where, client)
    return { place, cell: cellOf(place) }
  }
  const cell = cellOf(asked)
  return { place: cell, cell }
}
