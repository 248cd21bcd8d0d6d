import { WEATHER_ERR_CITIES } from './errors.js'

const MOST = 50
const LONGEST_NAME = 100

/**
 * The cities of a list with commas.
 * @throws WEATHER_ERR_CITIES
 */
export function citiesOf (list: string): string[] {
  const cities = list.split(',').map((city) => city.trim())
  if (cities.length > MOST) throw new WEATHER_ERR_CITIES(`there are ${cities.length}`)
  const bad = cities.find((city) => city === '' || city.length > LONGEST_NAME)
  if (bad !== undefined) throw new WEATHER_ERR_CITIES(bad === '' ? 'one is empty' : `one is longer than ${LONGEST_NAME} characters`)
  return cities
}
