import { WEATHER_ERR_NO_PLACE } from '../errors.js'
import { type Cell, cellOf } from '../grid.js'
import { type Weather } from '../weather.js'
import { type Place } from './render.js'
import { type PlaceQuery } from './schemas.js'

/**
 * Where a request is about, and the cell whose weather that is.
 * @throws WEATHER_ERR_NO_PLACE, WEATHER_ERR_CITY_NOT_FOUND
 */
export async function locate (weather: Weather, { city, latitude, longitude }: PlaceQuery): Promise<{ place: Place, cell: Cell }> {
  if (city !== undefined && latitude === undefined && longitude === undefined) {
    const place = await weather.place(city)
    return { place, cell: cellOf(place) }
  }
  if (city !== undefined || latitude === undefined || longitude === undefined) throw new WEATHER_ERR_NO_PLACE()
  const cell = cellOf({ latitude, longitude })
  return { place: cell, cell }
}
