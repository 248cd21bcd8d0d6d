import t, { type Test } from 'tap'
import { cities } from '../upstream/cities.js'
import { startSimulator, type SimulatorOptions } from '../upstream/simulator.js'

const NOON = Date.parse('2026-07-20T12:10:00Z')
const ALL =
  'temperature_2m,apparent_temperature,relative_humidity_2m,precipitation,weather_code,wind_speed_10m,wind_direction_10m,is_day'
const DAILY =
  'weather_code,temperature_2m_max,temperature_2m_min,precipitation_sum,precipitation_probability_max,wind_speed_10m_max,sunrise,sunset'

async function start (t: Test, options: SimulatorOptions = { now: () => NOON }) {
  const simulator = await startSimulator(options)
  t.teardown(() => simulator.close())
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${simulator.url}${path}`, { headers })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>)
    }
  }
  return { simulator, get }
}

t.test('the cities are real', async (t) => {
  t.equal(cities.length, 200)
  t.equal(new Set(cities.map(({ name, countryCode }) => `${name},${countryCode}`)).size, 200)
  for (const { name, country, latitude, longitude, timezone } of cities) {
    const isPlausible = Math.abs(latitude) < 72 && Math.abs(longitude) <= 180 && country.length > 2
    if (!isPlausible) t.fail(`${name} is nowhere`)
    t.doesNotThrow(() => new Intl.DateTimeFormat('en', { timeZone: timezone }), name)
  }
})

t.test('geocoding', async (t) => {
  const { get } = await start(t)
  const names = async (query: string) =>
    ((await get(`/v1/search?${query}`)).body?.['results'] as { name: string }[] | undefined)?.map(
      ({ name }) => name
    )
  t.match((await get('/v1/search?name=BERLIN&count=1')).body, {
    results: [
      {
        name: 'Berlin',
        country: 'Germany',
        country_code: 'DE',
        latitude: 52.5244,
        timezone: 'Europe/Berlin'
      }
    ],
    source: 'simulated'
  })
  t.same(await names('name=sao%20paulo'), ['São Paulo'])
  t.same(await names('name=san&count=3'), ['Santiago', 'San Francisco', 'San Diego'])
  t.equal(await names('name=zzz'), undefined)
  t.equal(await names('name=x'), undefined)
  t.equal(await names(''), undefined)
})

t.test('the weather depends only on the place and the hour', async (t) => {
  let now = NOON
  const { get } = await start(t, { now: () => now })
  const path = `/v1/forecast?latitude=52.5&longitude=13.4&timezone=auto&forecast_days=2&current=${ALL}&hourly=${ALL}&daily=${DAILY}`
  const first = await get(path)
  t.match(first.body, {
    latitude: 52.5,
    longitude: 13.375,
    utc_offset_seconds: 7200,
    timezone: 'Europe/Berlin',
    source: 'simulated',
    current_units: { temperature_2m: '°C', wind_speed_10m: 'km/h' },
    current: { time: '2026-07-20T14:00', interval: 900, is_day: 1 },
    hourly: { time: { length: 48, 0: '2026-07-20T00:00' }, temperature_2m: { length: 48 } },
    daily: {
      time: ['2026-07-20', '2026-07-21'],
      sunrise: [/^2026-07-20T05:\d\d$/, /^2026-07-21T05:\d\d$/],
      sunset: [/^2026-07-20T21:/, /^2026-07-21T21:/]
    }
  })
  t.equal((await (await start(t)).get(path)).text, first.text, 'another one says the same')
  t.not((await get(path.replace('52.5', '42.5'))).text, first.text)
  const hourAt = async (hour: number) =>
    ((await get(path)).body?.['hourly'] as { temperature_2m: number[] }).temperature_2m[hour]
  const tomorrow = await hourAt(24)
  now += 86_400_000
  t.equal(await hourAt(0), tomorrow, 'what was said of tomorrow holds')
})

t.test('cities of the same name have region and population', async (t) => {
  const { get } = await start(t)
  const { results } = (await get('/v1/search?name=springfield&count=100')).body as {
    results: object[]
  }
  t.match(results, [
    { admin1: 'Missouri', population: 166_810, country_code: 'US' },
    { admin1: 'Massachusetts' }
  ])
  t.equal(results.length, 6)
  t.match((await get('/v1/search?name=washington')).body, {
    results: [{ admin1: 'District of Columbia' }, { country_code: 'GB' }]
  })
})

t.test('days have 24 hours by the current offset, as in Open-Meteo', async (t) => {
  const { get } = await start(t, { now: () => Date.parse('2026-10-24T12:00:00Z') })
  const path =
    '/v1/forecast?latitude=52.5&longitude=13.4&timezone=auto&past_days=1&forecast_days=3&hourly=temperature_2m&daily=sunrise'
  t.match((await get(path)).body, {
    hourly: { time: { length: 96, 0: '2026-10-23T00:00', 95: '2026-10-26T23:00' } },
    daily: { time: ['2026-10-23', '2026-10-24', '2026-10-25', '2026-10-26'] }
  })
  const first = Date.parse('2026-10-23T00:00:00+02:00') / 1000
  t.match((await get(`${path}&timeformat=unixtime`)).body, {
    hourly_units: { time: 'unixtime' },
    hourly: { time: { length: 96, 0: first, 95: first + 95 * 3600 } },
    daily_units: { sunrise: 'unixtime' },
    daily: {
      time: [first, first + 86_400, first + 2 * 86_400, first + 3 * 86_400],
      sunrise: [Number, Number, Number, Number]
    }
  })
})

t.test('the sun of polar days and nights', async (t) => {
  const daylight = async (latitude: number, date: string) => {
    const { get } = await start(t, { now: () => Date.parse(`${date}T12:00:00Z`) })
    const path = `/v1/forecast?latitude=${latitude}&longitude=15&timezone=GMT&timeformat=unixtime&forecast_days=1&daily=sunrise,sunset&current=is_day`
    const {
      daily: {
        sunrise: [rise = 0],
        sunset: [set = 0]
      },
      current: { is_day: isDay }
    } = (await get(path)).body as {
      daily: Record<'sunrise' | 'sunset', number[]>
      current: { is_day: number }
    }
    return [Math.round((set - rise) / 3600), isDay]
  }
  for (const [latitude, june, december] of [
    [78, 24, 0],
    [90, 24, 0],
    [-90, 0, 24],
    [-78, 0, 24]
  ] as const) {
    t.same(await daylight(latitude, '2026-06-21'), [june, Number(june > 0)], String(latitude))
    t.same(
      await daylight(latitude, '2026-12-21'),
      [december, Number(december > 0)],
      String(latitude)
    )
  }
  t.same(await daylight(0, '2026-03-20'), [12, 1])
  t.same(await daylight(52, '2026-06-21'), [17, 1])
  t.same(await daylight(52, '2026-12-21'), [8, 1])
})

t.test('invalid parameters are reported', async (t) => {
  const { get } = await start(t)
  for (const [query, reason] of Object.entries({
    'latitude=200&longitude=0': /Latitude must be in range/,
    'latitude=0&longitude=': /Float/,
    'latitude=x&longitude=0': /Float/,
    'latitude=0&longitude=0&forecast_days=17': /Forecast days/,
    'latitude=0&longitude=0&past_days=-1': /Past days/,
    'latitude=0&longitude=0&timeformat=roman': /Timeformat/,
    'latitude=0&longitude=0&daily=sunrise': /Timezone/,
    'latitude=0&longitude=0&hourly=constructor': /constructor/,
    'latitude=0&longitude=0&timezone=Mars/Olympus': /timezone/
  })) {
    t.match(
      await get(`/v1/forecast?${query}`),
      { status: 400, body: { error: true, reason } },
      query
    )
  }
  t.match(await get('/v2/forecast'), { status: 404 })
})

t.test('unchanged responses are a 304', async (t) => {
  const { get } = await start(t)
  const path = `/v1/forecast?latitude=0&longitude=0&current=${ALL}`
  const etag = (await get(path)).headers.get('etag') ?? ''
  t.match(await get(path, { 'if-none-match': etag }), { status: 304, text: '' })
  t.match(await get(path.replace('latitude=0', 'latitude=9'), { 'if-none-match': etag }), {
    status: 200
  })
})

t.test('faults, on demand', async (t) => {
  const { simulator, get } = await start(t)
  const control = (body?: unknown, method = 'POST') =>
    fetch(`${simulator.url}/_control`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
  const path = '/v1/search?name=berlin'

  await control({ kind: 'status', status: 429, retryAfter: 7, requests: 2 })
  for (let i = 0; i < 2; i++) {
    const { status, headers } = await get(path)
    t.same([status, headers.get('retry-after')], [429, '7'])
  }
  t.equal((await get(path)).status, 200, 'two it was')

  await control({ kind: 'drop', path: '/v1/forecast' })
  t.equal((await get(path)).status, 200, 'another path')
  await t.rejects(get('/v1/forecast?latitude=0&longitude=0'))
  await control(undefined, 'DELETE')
  t.equal((await get('/v1/forecast?latitude=0&longitude=0')).status, 200, 'cleared')

  simulator.faults.add({ kind: 'truncate', requests: 1 })
  await t.rejects(get(path), 'the body ends too soon')
  simulator.faults.add({ kind: 'malformed', requests: 1 })
  await t.rejects(get(path), SyntaxError)
  simulator.faults.add({ kind: 'body', text: '[1]', requests: 1 })
  t.equal((await get(path)).text, '[1]')
  simulator.faults.add({ kind: 'latency', ms: 5, requests: 1 })
  t.match(await get(path), { status: 200, body: { results: [{ name: 'Berlin' }] } })

  for (const fault of [
    {},
    { kind: 'fire' },
    { kind: 'drop', requests: -1 },
    { kind: 'body', text: 1 },
    null
  ]) {
    t.equal((await control(fault)).status, 400)
  }
  t.match(await (await control(undefined, 'GET')).json(), {
    faults: [],
    calls: { '/v1/search': 8, '/v1/forecast': 2 },
    overlaps: 0
  })
})

t.test('overlapping requests for the same target are counted', async (t) => {
  const { simulator, get } = await start(t)
  simulator.faults.add({ kind: 'latency', ms: 300 })
  await Promise.all([
    get('/v1/search?name=oslo'),
    get('/v1/search?name=oslo'),
    get('/v1/search?name=rome')
  ])
  t.equal(simulator.overlaps, 1)
})
