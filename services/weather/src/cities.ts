import { WEATHER_ERR_CITIES } from './errors.js'

const MOST = 50
const LONGEST_NAME = 100

/**
 * Parses a comma-separated list of cities. A city with a comma is quoted, as in CSV (RFC 4180):
 * `"Washington, D.C.",Paris`.
 * @throws WEATHER_ERR_CITIES
 */
export function citiesOf (list: string): string[] {
  const cities = itemsOf(list).map((city) => city.trim())
  if (cities.length > MOST) throw new WEATHER_ERR_CITIES(`there are ${cities.length}`)
  const bad = cities.find((city) => city === '' || city.length > LONGEST_NAME)
  if (cities.some((city) => /\p{Cc}/u.test(city))) {
    throw new WEATHER_ERR_CITIES('one has a control character')
  }
  if (bad !== undefined) {
    throw new WEATHER_ERR_CITIES(
      bad === '' ? 'one is empty' : `one is longer than ${LONGEST_NAME} characters`
    )
  }
  return cities
}

// Matches one item and the comma after it, or the end. A quote within quotes is doubled.
const ITEM = /\s*(?:"((?:[^"]|"")*)"\s*|([^",]*))(,|$)/y

function itemsOf (list: string): string[] {
  const items: string[] = []
  ITEM.lastIndex = 0
  for (let end = ','; end === ',';) {
    const item = ITEM.exec(list)
    if (item === null) {
      throw new WEATHER_ERR_CITIES('a quoted name has to end with a quote, and a comma after it')
    }
    const [, quoted, bare = '', after = ''] = item
    items.push(quoted?.replaceAll('""', '"') ?? bare)
    end = after
  }
  return items
}
