import t from 'tap'
import { cellOf } from '../src/grid.js'
import { readCurrent, readForecast, readPlace } from '../src/open-meteo/read.js'
import * as recorded from './support/recorded.js'

const berlin = cellOf({ latitude: 52.52437, longitude: 13.41053 })
const parsed = (text: string): unknown => JSON.parse(text)
const invalid = { code: 'WEATHER_ERR_UPSTREAM_INVALID', statusCode: 502 }

t.test('what Open-Meteo is known to answer is understood', async (t) => {
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
  t.strictSame(readPlace(parsed(recorded.search)), {
    name: 'Berlin', country: 'Germany', countryCode: 'DE', latitude: 52.52437, longitude: 13.41053
  })
  t.equal(readPlace(parsed(recorded.nothingFound)), null)

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
  t.match(forecast.daily[15], { date: '2026-11-16', precipitationProbability: null, sunrise: '2026-11-16T07:01:00+01:00', temperatureMin: -4.5 })
})

t.test('what is simulated says so', async (t) => {
  t.equal(readCurrent(parsed(recorded.current.replace('{', '{"source": "simulated",')), berlin).source, 'simulated')
})

t.test('times have the offset of the place', async (t) => {
  const at = (seconds: number) => readCurrent(parsed(recorded.current.replace('3600', String(seconds))), berlin).modelTime
  t.equal(at(0), '2026-11-20T15:15:00+00:00')
  t.equal(at(-12_600), '2026-11-20T15:15:00-03:30')
  t.equal(at(20_700), '2026-11-20T15:15:00+05:45')
})

t.test('another shape, unit, place or length is invalid, and the cause says where', async (t) => {
  const change = (text: string, from: string | RegExp, to: string): unknown => {
    const changed = text.replace(from, to)
    if (changed === text) throw new Error(`nothing like ${String(from)}`)
    return parsed(changed)
  }
  const cases: [string, () => unknown, RegExp][] = [
    ['an error', () => readCurrent(parsed(recorded.refused), berlin), /./],
    ['null', () => readCurrent(null, berlin), /the body/],
    ['a list', () => readCurrent([], berlin), /the body/],
    ['text for a number', () => readCurrent(change(recorded.current, '6.4', '"6.4"'), berlin), /temperature_2m/],
    ['no such cold', () => readCurrent(change(recorded.current, '6.4', '-273.2'), berlin), /temperature_2m/],
    ['Fahrenheit', () => readCurrent(change(recorded.current, '"temperature_2m": "°C"', '"temperature_2m": "°F"'), berlin), /current_units/],
    ['a time that is none', () => readCurrent(change(recorded.current, 'T15:15', 'T25:15'), berlin), /time/],
    ['a name that is missing', () => readCurrent(change(recorded.current, 'is_day": 1', 'isDay": 1'), berlin), /current/],
    ['elsewhere', () => readCurrent(change(recorded.current, '52.52', '12.52'), berlin), /about 12.52/],
    ['fewer days', () => readForecast(parsed(recorded.forecast(6)), berlin, 7), /144 values, not 168/],
    ['a list that is shorter', () => readForecast(change(recorded.forecast(7), /"weather_code": \[3,/, '"weather_code": ['), berlin, 7), /weather_code has 167/],
    ['a place without a name', () => readPlace(change(recorded.search, '"name": "Berlin"', '"name": ""')), /name/],
    ['two places', () => readPlace({ generationtime_ms: 1, results: [] }), /results/]
  ]
  for (const [what, read, cause] of cases) t.throws(read, { ...invalid, cause: { message: cause } }, what)
})

t.test('the date line is one meridian', async (t) => {
  t.strictSame(cellOf({ latitude: -0.01, longitude: -179.99 }), { latitude: 0, longitude: 180 })
  t.strictSame(cellOf({ latitude: 52.549, longitude: 13.351 }), { latitude: 52.5, longitude: 13.4 })
  t.match(readCurrent(parsed(recorded.current.replace('13.419998', '-179.9')), { latitude: 52.5, longitude: 180 }), { source: 'open-meteo' })
})
