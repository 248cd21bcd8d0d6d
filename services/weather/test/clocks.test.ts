import t from 'tap'
import { cellOf } from '../src/grid.js'
import { readForecast } from '../src/open-meteo/read.js'
import { type Forecast } from '../src/open-meteo/weather.js'
import { Zone } from '../src/open-meteo/zone.js'
import { random } from './support/mutate.js'
import { build } from './support/build.js'
import { type Asked, offsetAt, worldAnswer } from './support/world.js'
import { json, startUpstream } from './support/upstream-server.js'
import { type ForecastResponse } from '../src/routes/schemas.js'

const cell = cellOf({ latitude: 50, longitude: 10 })
const HOUR = 3_600_000

const target = (days: number) =>
  `/v1/forecast?latitude=50&longitude=10&past_days=1&forecast_days=${Math.min(days + 1, 16)}&hourly=x`
const read = (days: number, asked: Asked): Forecast =>
  readForecast(worldAnswer(target(days), asked), cell, days)
const at = (time: string) => Date.parse(time)
const lengths = ({ daily, hourly }: Forecast) =>
  daily.map(({ date }) => hourly.filter(({ time }) => time.startsWith(date)).length)

t.test('a day across a change of clocks has all its hours, each with its offset', async (t) => {
  const cases: [string, string, string, string, number][] = [
    ['Europe/Berlin', '2026-10-23T12:10:00Z', '2026-10-25', '+02:00 to +01:00', 25],
    ['Europe/Berlin', '2026-10-25T12:10:00Z', '2026-10-25', '+02:00 to +01:00', 25],
    ['Europe/Berlin', '2027-03-26T12:10:00Z', '2027-03-28', '+01:00 to +02:00', 23],
    ['Europe/Berlin', '2027-03-28T12:10:00Z', '2027-03-28', '+01:00 to +02:00', 23],
    ['America/New_York', '2026-10-31T12:00:00Z', '2026-11-01', '-04:00 to -05:00', 25],
    ['America/New_York', '2027-03-14T18:00:00Z', '2027-03-14', '-05:00 to -04:00', 23],
    // Midnight is skipped: the day begins at one.
    ['Africa/Cairo', '2027-04-28T10:00:00Z', '2027-04-30', '+03:00 to +03:00', 23],
    ['Asia/Kathmandu', '2026-10-25T12:00:00Z', '2026-10-26', '+05:45 to +05:45', 24]
  ]
  for (const [timezone, now, date, offsets, hours] of cases) {
    const what = `${timezone}, ${date}, at ${now}`
    const { hourly } = read(7, { now: at(now), timezone })
    const times = hourly.map(({ time }) => time).filter((time) => time.startsWith(date))
    t.equal(times.length, hours, what)
    t.equal([times[0], times.at(-1)].map((time) => time?.slice(-6)).join(' to '), offsets, what)
    t.equal(new Set(times).size, hours, `${what}: no time twice`)
  }
})

t.test(
  'for any zone and time: whole days, hour by hour, each with its own amounts',
  async (t) => {
    const below = random(20_261_025)
    const zones = [
      'Europe/Berlin',
      'America/New_York',
      'America/St_Johns',
      'Australia/Lord_Howe',
      'Asia/Kathmandu',
      'Pacific/Chatham',
      'Africa/Casablanca',
      'America/Santiago',
      'Pacific/Kiritimati',
      'Etc/GMT+12',
      'Asia/Beirut',
      'UTC'
    ]
    const seen = new Set<number>()
    for (let i = 0; i < 400; i++) {
      const timezone = zones[below(zones.length)] ?? 'UTC'
      const now = at('2026-01-01T00:00:00Z') + below(365 * 24 * 12) * 300_000
      const days = 1 + below(15)
      const forecast = read(days, { now, timezone })
      const what = `${timezone} at ${new Date(now).toISOString()}, ${days} days`
      const today = new Date(now + offsetAt(timezone, now) * 1000).toISOString().slice(0, 10)
      if (forecast.daily[0]?.date !== today) {
        t.fail(`${what}: begins on ${forecast.daily[0]?.date}`)
      }
      const dates = forecast.daily.map(({ date }) => Date.parse(date))
      if (dates.some((date, k) => k > 0 && date - (dates[k - 1] ?? 0) !== 24 * HOUR)) {
        t.fail(`${what}: days are left out`)
      }
      const instants = forecast.hourly.map(({ time }) => at(time))
      if (instants.some((time, k) => k > 0 && time - (instants[k - 1] ?? 0) !== HOUR)) {
        t.fail(`${what}: hours are left out`)
      }
      for (const { time, temperature } of forecast.hourly) {
        const instant = at(time)
        const offset = instant + offsetAt(timezone, instant) * 1000
        if (new Date(offset).toISOString().slice(0, 19) !== time.slice(0, 19)) {
          t.fail(`${what}: ${time} is not what clocks show`)
        }
        if (temperature !== (instant / HOUR) % 24) {
          t.fail(`${what}: ${time} has the amounts of another hour`)
        }
      }
      const [first, last] = [instants[0] ?? 0, instants.at(-1) ?? 0]
      const zone = new Zone(timezone)
      if (zone.date(first / 1000 - 3600) === zone.date(first / 1000)) {
        t.fail(`${what}: the first day is not whole`)
      }
      if (zone.date(last / 1000 + 3600) === zone.date(last / 1000)) {
        t.fail(`${what}: the last day is not whole`)
      }
      lengths(forecast).forEach((length) => seen.add(length))
    }
    t.ok(seen.has(23) && seen.has(24) && seen.has(25), `days of ${[...seen].join(', ')} hours`)
  }
)

t.test('a day is summarized from its hours', async (t) => {
  const { daily, hourly } = read(7, { now: at('2026-10-23T12:00:00Z'), timezone: 'Europe/Berlin' })
  t.same(daily.map(({ precipitation }) => precipitation), [12, 12, 12.5, 12, 12, 12, 12])
  for (const day of daily) {
    const hours = hourly
      .filter(({ time }) => time.startsWith(day.date))
      .map(({ temperature }) => temperature ?? 0)
    t.match(day, {
      temperatureMax: Math.max(...hours),
      temperatureMin: Math.min(...hours),
      windSpeedMax: 9,
      weatherCode: 3
    })
  }
})

t.test('the last of 16 days lacks at most one hour, which is then unknown', async (t) => {
  const { daily, hourly } = read(16, { now: at('2026-10-09T23:30:00Z'), timezone: 'Europe/Berlin' })
  t.equal(daily.at(-1)?.date, '2026-10-25')
  t.equal(hourly.length, 16 * 24 + 1)
  t.match(hourly.at(-1), { time: '2026-10-25T23:00:00+01:00', temperature: null })
})

t.test('polar days and nights have no sunrise, and are distinguished', async (t) => {
  const midnights = (set: number) => (begin: number) => [begin, begin + set] as const
  const asked = { now: at('2026-06-21T12:00:00Z'), timezone: 'Arctic/Longyearbyen' }
  const none = { sunrise: null, sunset: null }
  t.match(read(3, { ...asked, sun: midnights(24 * 3600) }).daily, [
    { ...none, daylight: 86_400 },
    { ...none, daylight: 86_400 },
    {}
  ])
  t.match(read(3, { ...asked, sun: midnights(0) }).daily, [
    { ...none, daylight: 0 },
    { ...none, daylight: 0 },
    {}
  ])
  for (const sun of [[0, 0], [null, null], ['06:00', '18:00'], [1e300, -1]] as const) {
    t.match(
      read(1, { ...asked, sun: () => sun }).daily,
      [{ ...none, daylight: null }],
      `not known: ${String(sun)}`
    )
  }
  const [day] = read(1, { ...asked, sun: (begin) => [begin + 3600, begin + 23 * 3600] }).daily
  t.match(day, {
    sunrise: '2026-06-21T01:00:00+02:00',
    sunset: '2026-06-21T23:00:00+02:00',
    daylight: 22 * 3600
  })
})

t.test('an unknown zone has the current offset', async (t) => {
  const answer = worldAnswer(target(2), {
    now: at('2026-11-20T14:15:00Z'),
    timezone: 'Asia/Kathmandu'
  })
  const { timezone, modelTime, hourly, daily } = readForecast(
    { ...answer, timezone: 'Mars/Olympus' },
    cell,
    2
  )
  t.strictSame(
    [timezone, modelTime, hourly[0]?.time],
    [null, '2026-11-20T20:00:00+05:45', '2026-11-20T00:00:00+05:45']
  )
  t.strictSame([hourly.length, daily[0]?.date], [48, '2026-11-20'])
})

t.test('the route requests instants, and returns the requested whole days', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    json(
      worldAnswer(request.url ?? '', {
        now: at('2026-10-24T12:00:00Z'),
        timezone: 'Europe/Berlin'
      })
    )(request, response)
  })
  const app = await build(t, upstream)
  for (const [days, hours] of [[1, 24], [2, 49], [3, 73], [7, 169]] as const) {
    const { hourly, daily } = (
      await app.inject(`/api/weather/forecast?latitude=50&longitude=10&days=${days}`)
    ).json<ForecastResponse>()
    t.same([daily.length, hourly.length], [days, hours])
  }
  t.equal(upstream.calls.length, 1)
  const query = new URL(upstream.calls[0] ?? '', upstream.url).searchParams
  t.match(Object.fromEntries(query), {
    timeformat: 'unixtime',
    timezone: 'auto',
    past_days: '1',
    forecast_days: '8'
  })
})
