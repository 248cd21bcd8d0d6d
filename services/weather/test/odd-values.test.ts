import t from 'tap'
import { VARIABLES } from '../src/open-meteo/amounts.js'
import { Oddities } from '../src/open-meteo/oddities.js'
import { readCurrent, readForecast } from '../src/open-meteo/read.js'
import { type CurrentResponse, type ForecastResponse } from '../src/routes/schemas.js'
import { build, startBerlin } from './support/build.js'
import { random } from './support/mutate.js'
import * as recorded from './support/recorded.js'
import { json } from './support/upstream-server.js'

const cell = { latitude: 52.5, longitude: 13.4 }
const ODD: readonly unknown[] = [
  '',
  'NaN',
  '6.4',
  'Infinity',
  1e308,
  -1e308,
  -1e9,
  1e9,
  true,
  [],
  {},
  [1],
  'x'.repeat(1000),
  '\u0000'
]
const DAY_OF: Readonly<Record<string, readonly string[]>> = {
  temperature: ['temperatureMax', 'temperatureMin'],
  precipitation: ['precipitation'],
  precipitationProbability: ['precipitationProbability'],
  weatherCode: ['weatherCode'],
  windSpeed: ['windSpeedMax']
}
const FIELDS: Readonly<Record<string, string>> = {
  temperature_2m: 'temperature',
  apparent_temperature: 'apparentTemperature',
  relative_humidity_2m: 'humidity',
  precipitation: 'precipitation',
  precipitation_probability: 'precipitationProbability',
  weather_code: 'weatherCode',
  wind_speed_10m: 'windSpeed',
  wind_direction_10m: 'windDirection',
  is_day: 'isDay'
}

type Tree = { [name: string]: Tree } & { [index: number]: unknown }
const tree = (text: string): Tree => JSON.parse(text) as Tree

/** Returns the paths at which two values differ. */
function differences (a: unknown, b: unknown, path = ''): string[] {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return Object.is(a, b) ? [] : [path]
  }
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...names].flatMap((name) =>
    differences(Reflect.get(a, name), Reflect.get(b, name), `${path}.${name}`)
  )
}

t.test('one odd current value is null, and all others are unchanged', async (t) => {
  const right = readCurrent(tree(recorded.current), cell)
  for (const variable of VARIABLES.current) {
    for (const value of [...ODD, null, undefined]) {
      const answer = tree(recorded.current)
      Reflect.set(answer['current'] ?? {}, variable, value)
      const odd = new Oddities()
      const read = readCurrent(answer, cell, odd)
      const field = `.current.${FIELDS[variable] ?? ''}`
      t.same(
        [differences(right, read), value === null ? [] : [`current.${variable}`]],
        [[field], odd.found],
        `${variable}: ${String(JSON.stringify(value)).slice(0, 20)}`
      )
      t.equal(Reflect.get(read.current, FIELDS[variable] ?? ''), null)
    }
  }
})

t.test('one odd value of an hour, generated: only this one is null', async (t) => {
  const below = random(20_261_128)
  const right = readForecast(tree(recorded.forecast(7)), cell, 7)
  for (let i = 0; i < 300; i++) {
    const variable = VARIABLES.hourly[below(VARIABLES.hourly.length)] ?? ''
    const [value, hour] = [ODD[below(ODD.length)], below(7 * 24)]
    const answer = tree(recorded.forecast(7))
    // The first entries of the list belong to the previous day.
    Reflect.set(answer['hourly']?.[variable] ?? {}, hour + 24, value)
    const odd = new Oddities()
    const read = readForecast(answer, cell, 7, odd)
    const field = FIELDS[variable] ?? ''
    const changed = differences(right, read)
    const allowed = [
      `.hourly.${hour}.${field}`,
      ...(DAY_OF[field] ?? []).map((name) => `.daily.${Math.floor(hour / 24)}.${name}`)
    ]
    const what = { variable, hour, value }
    if (Reflect.get(read.hourly[hour] ?? {}, field) !== null) t.fail('it is no amount', what)
    if (!changed.includes(allowed[0] ?? '') || changed.some((path) => !allowed.includes(path))) { t.fail('something else is not as it was', { ...what, changed }) }
    if (odd.found.join() !== `hourly.${variable}[${hour + 24}]`) {
      t.fail('it is not noted', { ...what, found: odd.found })
    }
    const day = read.daily[Math.floor(hour / 24)]
    if ((DAY_OF[field] ?? []).some((name) => Reflect.get(day ?? {}, name) === null)) {
      t.fail('an hour spoils its day', what)
    }
  }
  t.pass('300 values')
})

t.test('a wrong unit, or a list of another length, affects its variable only', async (t) => {
  const spoil = (change: (answer: Tree) => void) => {
    const answer = tree(recorded.forecast(7))
    change(answer)
    return readForecast(answer, cell, 7)
  }
  for (const [what, read] of Object.entries({
    unit: spoil((answer) => {
      Reflect.set(answer['hourly_units'] ?? {}, 'temperature_2m', '°F')
    }),
    missing: spoil((answer) => {
      Reflect.deleteProperty(answer['hourly'] ?? {}, 'temperature_2m')
    }),
    shorter: spoil((answer) => {
      Reflect.set(answer['hourly'] ?? {}, 'temperature_2m', [1, 2, 3])
    }),
    'no list': spoil((answer) => {
      Reflect.set(answer['hourly'] ?? {}, 'temperature_2m', 7)
    })
  })) {
    t.ok(
      read.hourly.every(({ temperature }) => temperature === null),
      what
    )
    t.ok(
      read.hourly.every(({ humidity }) => humidity === 80),
      what
    )
    t.match(read.daily[0], { temperatureMax: null, temperatureMin: null, windSpeedMax: 23 }, what)
  }
})

t.test('odd times are corrected: the others determine them', async (t) => {
  const below = random(7)
  const right = readForecast(tree(recorded.forecast(7)), cell, 7)
  for (let i = 0; i < 50; i++) {
    const answer = tree(recorded.forecast(7))
    for (const list of ['hourly', 'daily']) {
      const times = answer[list]?.['time'] ?? {}
      const odd = Array.from({ length: list === 'hourly' ? 20 : 2 }, () =>
        below(list === 'hourly' ? 9 * 24 : 9)
      )
      for (const at of odd) Reflect.set(times, at, ODD[below(ODD.length)])
    }
    t.strictSame(readForecast(answer, cell, 7), right)
  }
})

t.test('a day with few known hours has no summary', async (t) => {
  const answer = tree(recorded.forecast(7))
  for (let hour = 24; hour < 24 + 6; hour++) {
    Reflect.set(answer['hourly']?.['temperature_2m'] ?? {}, hour, null)
  }
  t.match(readForecast(answer, cell, 7).daily, [
    { temperatureMax: null, temperatureMin: null }, { temperatureMax: 18.5, temperatureMin: -4.5 }
  ])
})

t.test('weather without any amount is invalid', async (t) => {
  const current = tree(recorded.current)
  for (const variable of VARIABLES.current) Reflect.set(current['current'] ?? {}, variable, null)
  t.throws(() => readCurrent(current, cell), { message: 'no amount of it is known' })
  const forecast = tree(recorded.forecast(7))
  Reflect.set(forecast, 'hourly_units', {})
  for (const variable of ['weather_code', 'wind_direction_10m']) {
    Reflect.deleteProperty(forecast['hourly'] ?? {}, variable)
  }
  t.throws(() => readForecast(forecast, cell, 7), { message: 'no amount of it is known' })
})

t.test('over HTTP: null, in any units, and 200', async (t) => {
  const upstream = await startBerlin(t)
  const app = await build(t, upstream)
  upstream.answer = json(
    recorded.current
      .replace('6.4', '"NaN"')
      .replace('"is_day": 1', '"is_day": 7')
      .replace('1795184100', '"soon"')
  )
  for (const units of ['metric', 'imperial']) {
    const response = await app.inject(
      `/api/weather/current?latitude=52.5&longitude=13.4&units=${units}`
    )
    t.equal(response.statusCode, 200)
    t.match(response.json<CurrentResponse>(), {
      modelTime: null,
      current: { time: null, temperature: null, isDay: null, humidity: 81 }
    })
  }
  upstream.answer = json(
    recorded
      .forecast(7)
      .replace(/"weather_code": \[3,/, '"weather_code": [3.5,')
      .replace('"Europe/Berlin"', 'null')
  )
  const { place, hourly } = (
    await app.inject('/api/weather/forecast?latitude=52.5&longitude=13.4')
  ).json<ForecastResponse>()
  t.match([place.timezone, hourly[0]?.time], [null, '2026-11-01T00:00:00+01:00'])
})
