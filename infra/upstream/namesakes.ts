import { cities, type City } from './cities.js'

// Cities that share their name: country code, state or region, latitude, longitude, time zone,
// population.
const TABLE = `
Springfield|US|Missouri|37.2153|-93.2982|America/Chicago|166810
Springfield|US|Massachusetts|42.1015|-72.5898|America/New_York|154341
Springfield|US|Illinois|39.8017|-89.6437|America/Chicago|116565
Springfield|US|Oregon|44.0462|-123.022|America/Los_Angeles|60870
Springfield|US|Ohio|39.9242|-83.8088|America/New_York|59680
Springfield|AU|Queensland|-27.6536|152.9172|Australia/Brisbane|15000
Washington|US|District of Columbia|38.8951|-77.0364|America/New_York|601723
Washington|GB|England|54.9|-1.5167|Europe/London|53526
Cambridge|GB|England|52.2|0.1167|Europe/London|145700
Cambridge|US|Massachusetts|42.3751|-71.1056|America/New_York|110402
`

export interface KnownCity extends City {
  readonly admin1?: string
  readonly population?: number
}

const countries = new Intl.DisplayNames('en', { type: 'region' })

const FIRST_ID = 1001

const namesakes = TABLE.trim().split('\n').map((line, i): KnownCity => {
  const [
    name = '',
    countryCode = '',
    admin1 = '',
    latitude,
    longitude,
    timezone = '',
    population
  ] = line.split('|')
  return {
    id: FIRST_ID + i,
    name,
    countryCode,
    country: countries.of(countryCode) ?? countryCode,
    admin1,
    latitude: Number(latitude),
    longitude: Number(longitude),
    timezone,
    population: Number(population)
  }
})
const shared = new Set(namesakes.map(({ name }) => name))

/** All cities of the geocoding. */
export const knownCities: readonly KnownCity[] = [
  ...cities.filter(({ name }) => !shared.has(name)),
  ...namesakes
]
