import { type RequestListener } from 'node:http'
import { type FastifyInstance } from 'fastify'
import t from 'tap'
import { build, startBerlin } from './support/build.js'
import { stopClock } from './support/clock.js'
import {
  type CurrentResponse,
  type ForecastResponse,
  type BatchResponse
} from '../src/routes/schemas.js'
import { drop, json } from './support/upstream-server.js'
import * as recorded from './support/recorded.js'

const MINUTE = 60_000
const get = (app: FastifyInstance, url: string, headers: Record<string, string> = {}) =>
  app.inject({ url: `/api/weather${url}`, headers })

t.test('the weather of a city', async (t) => {
  const clock = stopClock(t)
  const upstream = await startBerlin(t)
  const app = await build(t, upstream)
  const first = await get(app, '/current?city=Berlin')
  t.equal(first.statusCode, 200)
  t.strictSame(first.json<CurrentResponse>(), {
    place: {
      name: 'Berlin',
      country: 'Germany',
      countryCode: 'DE',
      admin1: 'State of Berlin',
      latitude: 52.52437,
      longitude: 13.41053,
      timezone: 'Europe/Berlin'
    },
    units: 'metric',
    source: 'open-meteo',
    modelTime: '2026-11-20T15:15:00+01:00',
    fetchedAt: new Date().toISOString(),
    current: {
      time: '2026-11-20T15:15:00+01:00',
      temperature: 6.4,
      apparentTemperature: 3.1,
      humidity: 81,
      precipitation: 0.1,
      windSpeed: 13.3,
      windDirection: 254,
      weatherCode: 61,
      conditions: 'light rain',
      isDay: true
    }
  })
  t.match(first.headers, {
    age: '0',
    'cache-status': /^w; fwd=uri-miss; ttl=\d+; stored$/,
    'cache-control': /^public, max-age=\d+, stale-if-error=21600$/
  })
  t.equal(upstream.calls.length, 2)

  clock.advance(5 * MINUTE)
  const second = await get(app, '/current?city=%20bErlin')
  t.match(second.headers, { age: '300', 'cache-status': /^w; hit; ttl=\d+; detail=memory$/ })
  t.equal(second.body, first.body)
  const known = await get(app, '/current?city=Berlin', {
    'if-none-match': String(second.headers.etag)
  })
  t.equal(known.statusCode, 304)
  t.equal(upstream.calls.length, 2)
})

t.test('neighbors share documents, in any units', async (t) => {
  const upstream = await startBerlin(t)
  const app = await build(t, upstream)
  t.equal((await get(app, '/current?latitude=52.52&longitude=13.41')).statusCode, 200)
  const imperial = await get(app, '/current?latitude=52.46&longitude=13.44999&units=imperial')
  t.match(imperial.json(), {
    place: { latitude: 52.5, longitude: 13.4 },
    units: 'imperial',
    current: { temperature: 43.5, windSpeed: 8.3, precipitation: 0.004, humidity: 81 }
  })
  t.match((await get(app, '/current?city=Berlin')).headers, { 'cache-status': /hit/ })
  t.same(
    upstream.calls.map((call) => new URL(call, upstream.url).pathname),
    ['/v1/forecast', '/v1/search']
  )
  const asked = new URL(upstream.calls[0] ?? '', upstream.url).searchParams
  t.match(Object.fromEntries(asked), {
    latitude: '52.5',
    longitude: '13.4',
    timezone: 'auto',
    current: /^temperature_2m,.*,is_day$/
  })
})

t.test('the forecast, for the requested number of days', async (t) => {
  const upstream = await startBerlin(t)
  const app = await build(t, upstream)
  for (const [days, calls] of [[1, 1], [7, 1], [8, 2], [16, 2]] as const) {
    const response = await get(app, `/forecast?latitude=52.5&longitude=13.4&days=${days}`)
    t.equal(response.statusCode, 200)
    const { hourly, daily } = response.json<ForecastResponse>()
    t.same([hourly.length, daily.length], [days * 24, days])
    t.equal(upstream.calls.length, calls)
  }
  const {
    daily: [day],
    hourly: [, hour]
  } = (await get(app, '/forecast?city=Berlin&units=imperial')).json<ForecastResponse>()
  t.match(day, {
    temperatureMax: 65.3,
    temperatureMin: 23.9,
    precipitation: 0.181,
    windSpeedMax: 14.3,
    conditions: 'overcast',
    sunset: '2026-11-01T16:38:00+01:00'
  })
  t.match(hour, { temperature: 25.7, precipitationProbability: 1, conditions: 'overcast' })
})

t.test('the place is required, and validated', async (t) => {
  const upstream = await startBerlin(t)
  const app = await build(t, upstream)
  for (const [url, detail] of Object.entries({
    '/current': /either city/,
    '/current?latitude=1': /either city/,
    '/current?city=Berlin&latitude=1&longitude=1': /either city/,
    '/current?latitude=91&longitude=0': /latitude/,
    '/current?latitude=x&longitude=0': /latitude/,
    '/current?latitude=&longitude=0': /latitude/,
    '/current?latitude=NaN&longitude=0': /latitude/,
    '/current?city=': /city/,
    '/current?city=%20': /city/,
    '/current?city=a&city=b': /city/,
    [`/current?city=${'x'.repeat(101)}`]: /city/,
    '/current?city=Berlin&units=kelvin': /units/,
    '/forecast?city=Berlin&days=17': /days/,
    '/forecast?city=Berlin&days=0': /days/,
    '/batch': /cities/,
    '/batch?cities=a,,b': /empty/,
    [`/batch?cities=${Array(51).fill('a').join()}`]: /there are 51/,
    [`/batch?cities=${'x'.repeat(101)}`]: /longer/
  })) {
    const response = await get(app, url)
    t.equal(response.statusCode, 400, url)
    t.match(response.headers, { 'content-type': 'application/problem+json' })
    t.match(response.json(), { status: 400, detail }, url)
  }
  t.equal(upstream.calls.length, 0)
})

t.test('an unknown city is a 404, cached briefly', async (t) => {
  const clock = stopClock(t)
  const upstream = await startBerlin(t)
  const app = await build(t, upstream)
  for (let i = 0; i < 3; i++) {
    const response = await get(app, '/current?city=Nowhere')
    t.equal(response.statusCode, 404)
    t.match(response.json(), { code: 'WEATHER_ERR_CITY_NOT_FOUND', detail: /"Nowhere"/ })
  }
  t.equal(upstream.calls.length, 1)
  clock.advance(6 * MINUTE)
  await get(app, '/current?city=Nowhere')
  t.equal(upstream.calls.length, 2)
})

t.test('many cities at once: only missing documents are fetched', async (t) => {
  const upstream = await startBerlin(t)
  const app = await build(t, upstream)
  await get(app, '/current?city=Berlin')
  upstream.calls.length = 0
  const response = await get(app, '/batch?cities=Berlin,nowhere,%20BERLIN,Spandau&units=imperial')
  t.equal(response.statusCode, 200)
  const { items } = response.json<BatchResponse>()
  t.match(items, [
    { city: 'Berlin', weather: { current: { temperature: 43.5 } } },
    { city: 'nowhere', error: { status: 404, code: 'WEATHER_ERR_CITY_NOT_FOUND' } },
    { city: 'BERLIN', weather: { place: { name: 'Berlin' } } },
    { city: 'Spandau', weather: { place: { name: 'Berlin' } } }
  ])
  // The weather of Berlin is everywhere.
  t.same(
    upstream.calls.map((call) => new URL(call, upstream.url).searchParams.get('name')).sort(),
    ['nowhere', 'spandau']
  )
  t.equal(
    (await get(app, `/batch?cities=${Array(50).fill('Berlin').join()}`)).json<BatchResponse>()
      .items.length,
    50
  )
})

t.test('each kind of upstream failure is reported as such', async (t) => {
  const upstream = await startBerlin(t)
  const app = await build(t, upstream)
  const url = '/current?latitude=52.5&longitude=13.4'
  const cases: [RequestListener, number, string][] = [
    [json({ error: true, reason: 'x' }, 400), 502, 'WEATHER_ERR_UPSTREAM_REFUSED'],
    [json('{'), 502, 'WEATHER_ERR_UPSTREAM_NOT_JSON'],
    [json(recorded.search), 502, 'WEATHER_ERR_UPSTREAM_INVALID'],
    // The breaker opens: five have failed.
    [drop, 503, 'WEATHER_ERR_UPSTREAM_UNAVAILABLE'],
    [json(recorded.current), 503, 'WEATHER_ERR_UPSTREAM_UNAVAILABLE']
  ]
  for (const [answer, status, code] of cases) {
    upstream.answer = answer
    const response = await get(app, url)
    t.equal(response.statusCode, status)
    t.match(response.json(), { code })
    t.match(response.headers, { 'content-type': 'application/problem+json' })
    if (status === 503) t.match(response.headers, { 'retry-after': /^[1-5]$/ })
  }
  upstream.answer = json(recorded.tooMany, 429, { 'retry-after': '7' })
  const busy = await get(app, '/current?city=Berlin')
  t.match(
    [busy.statusCode, busy.headers['retry-after'], busy.json()],
    [503, '7', { code: 'WEATHER_ERR_UPSTREAM_BUSY' }]
  )
  const batch = (await get(app, '/batch?cities=Berlin')).json<BatchResponse>()
  t.match(batch.items, [{ error: { status: 503 } }])
})

t.test('a document revalidated by the upstream is not sent again', async (t) => {
  const clock = stopClock(t)
  const upstream = await startBerlin(t)
  const app = await build(t, upstream)
  const conditions: unknown[] = []
  upstream.answer = (request, response) => {
    conditions.push(request.headers['if-none-match'])
    if (request.headers['if-none-match'] === '"1"') { response.writeHead(304, { date: new Date().toUTCString(), etag: '"1"' }).end() } else {
      json(recorded.current, 200, { date: new Date().toUTCString(), etag: '"1"' })(
        request,
        response
      )
    }
  }
  const url = '/current?latitude=52.5&longitude=13.4'
  const first = (await get(app, url)).json<CurrentResponse>()
  // Past its stale-while-revalidate window.
  clock.advance(30 * MINUTE)
  const second = await get(app, url)
  t.match(second.headers, { age: '0', 'cache-status': /fwd=stale/ })
  t.same(second.json(), { ...first, fetchedAt: new Date().toISOString() })
  t.same(conditions, [undefined, '"1"'])
})

t.test('users and addresses have separate limits', async (t) => {
  stopClock(t)
  const upstream = await startBerlin(t)
  const app = await build(t, upstream, {
    RATE_LIMIT_ALLOW: '',
    JWT_SECRET: 'a secret of the tests, which is long enough'
  })
  const token = app.jwt.HS256.sign({ sub: 'somebody', role: 'reader' }, { expiresIn: '1h' })
  const url = '/batch?cities=Berlin'
  t.equal((await get(app, url, { authorization: 'Bearer x' })).statusCode, 401)
  const statuses = await Promise.all(
    Array.from({ length: 10 }, async () => (await get(app, url)).statusCode)
  )
  t.same(statuses.sort(), [...Array<number>(9).fill(200), 429])
  t.equal((await get(app, url, { authorization: `Bearer ${token}` })).statusCode, 200)
})

t.test('every route is described, including its errors', async (t) => {
  const app = await build(t, await startBerlin(t))
  const { paths } = (await app.inject('/docs/json')).json<{
    paths: Record<string, { get: { summary?: string; responses: object } }>
  }>()
  const described = Object.entries(paths).filter(
    ([path]) => path.startsWith('/api') && !path.startsWith('/api/weather/cache')
  )
  t.same(
    described.map(([path]) => path),
    ['/api/weather/current', '/api/weather/forecast', '/api/weather/batch']
  )
  for (const [, { get }] of described) {
    t.match(get, {
      summary: String,
      responses: { '4XX': { content: { 'application/problem+json': {} } } }
    })
  }
})
