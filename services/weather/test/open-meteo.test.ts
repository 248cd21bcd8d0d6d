import t from 'tap'
import { cellOf } from '../src/grid.js'
import { Oddities } from '../src/open-meteo/oddities.js'
import { readCurrent, readForecast } from '../src/open-meteo/read.js'
import { readSearch } from '../src/open-meteo/search.js'
import * as recorded from './support/recorded.js'

const berlin = cellOf({ latitude: 52.52437, longitude: 13.41053 })
const parsed = (text: string): unknown => JSON.parse(text)

t.test('known responses of Open-Meteo are understood', async (t) => {
  t.strictSame(readCurrent(parsed(recorded.current), berlin), {
    source: 'open-meteo',
    modelTime: '2026-11-20T15:15:00+01:00',
    timezone: 'Europe/Berlin',
    current: {
      time: '2026-11-20T15:15:00+01:00',
      temperature: 6.4,
      apparentTemperature: 3.1,
      humidity: 81,
      precipitation: 0.1,
      weatherCode: 61,
      windSpeed: 13.3,
      windDirection: 254,
      isDay: true
    }
  })
  t.strictSame(readSearch(parsed(recorded.search), new Oddities()), [{
    name: 'Berlin',
    country: 'Germany',
    countryCode: 'DE',
    admin1: 'State of Berlin',
    latitude: 52.52437,
    longitude: 13.41053,
    population: 3_426_354
  }])
  t.strictSame(readSearch(parsed(recorded.nothingFound), new Oddities()), [])

  const forecast = readForecast(parsed(recorded.forecast(16)), berlin, 16)
  t.equal(forecast.hourly.length, 16 * 24)
  t.equal(forecast.daily.length, 16)
  t.strictSame(forecast.hourly[25], {
    time: '2026-11-02T01:00:00+01:00',
    temperature: -3.5,
    apparentTemperature: -5,
    humidity: 80,
    precipitation: 0,
    precipitationProbability: 25,
    weatherCode: 3,
    windSpeed: 25,
    windDirection: 25
  })
  t.equal(forecast.hourly[300]?.precipitationProbability, null)
  t.match(forecast.daily[15], {
    date: '2026-11-16',
    precipitationProbability: null,
    sunrise: '2026-11-16T07:01:00+01:00',
    daylight: 9.6 * 3600 + 60,
    temperatureMin: -4.5
  })
})

t.test('simulated weather is marked as such', async (t) => {
  t.equal(
    readCurrent(parsed(recorded.current.replace('{', '{"source": "simulated",')), berlin).source,
    'simulated'
  )
})

t.test('a wrong shape, place or length is an error with its location', async (t) => {
  const change = (text: string, from: string | RegExp, to: string): unknown => {
    const changed = text.replace(from, to)
    if (changed === text) throw new Error(`nothing like ${String(from)}`)
    return parsed(changed)
  }
  const cases: [string, () => unknown, RegExp][] = [
    ['an error', () => readCurrent(parsed(recorded.refused), berlin), /where it is about/],
    ['null', () => readCurrent(null, berlin), /the body/],
    ['a list', () => readCurrent([], berlin), /the body/],
    [
      'no weather',
      () => readCurrent(change(recorded.current, '"current":', '"weather":'), berlin),
      /current/
    ],
    [
      'elsewhere',
      () => readCurrent(change(recorded.current, '52.52', '12.52'), berlin),
      /about 12.52/
    ],
    [
      'fewer days',
      () => readForecast(parsed(recorded.forecast(4)), berlin, 7),
      /48 hours too soon/
    ],
    [
      'hours that are none',
      () =>
        readForecast(
          change(recorded.forecast(7), /"time": \[[^\]]*\]/, '"time": [1, 2, 3]'),
          berlin,
          7
        ),
      /3600 s apart/
    ],
    [
      'a place without a name',
      () => readSearch(change(recorded.search, '"name": "Berlin"', '"name": ""'), new Oddities()),
      /no place/
    ],
    [
      'an error of the search',
      () => readSearch(parsed(recorded.refused), new Oddities()),
      /results/
    ],
    [
      'no places',
      () => readSearch({ generationtime_ms: 1, results: [] }, new Oddities()),
      /results/
    ]
  ]
  for (const [what, read, message] of cases) t.throws(read, { message }, what)
})

t.test('the date line is one meridian', async (t) => {
  t.strictSame(cellOf({ latitude: -0.01, longitude: -179.99 }), { latitude: 0, longitude: 180 })
  t.strictSame(cellOf({ latitude: 52.549, longitude: 13.351 }), { latitude: 52.5, longitude: 13.4 })
  t.match(
    readCurrent(parsed(recorded.current.replace('13.419998', '-179.9')), {
      latitude: 52.5,
      longitude: 180
    }),
    { source: 'open-meteo' }
  )
})
