import { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { type Cell, cellName, cellOf } from '../src/grid.js'
import { placeKey } from '../src/keys.js'
import { readCurrent } from '../src/open-meteo/read.js'
import {
  type BatchResponse,
  type CurrentResponse,
  type ForecastResponse
} from '../src/routes/schemas.js'
import { citiesOf } from '../src/cities.js'
import { build } from './support/build.js'
import { random } from './support/mutate.js'
import { json, startUpstream, type UpstreamServer } from './support/upstream-server.js'
import { worldAnswer } from './support/world.js'

interface Found {
  readonly name: string
  readonly country_code: string
  readonly country: string
  readonly admin1?: string
  readonly latitude: number
  readonly longitude: number
  readonly population?: number
}

const US = { country_code: 'US', country: 'United States' }
const GB = { country_code: 'GB', country: 'United Kingdom' }
const PLACES: readonly Found[] = [
  {
    name: 'Springfield',
    ...US,
    admin1: 'Missouri',
    latitude: 37.2153,
    longitude: -93.2982,
    population: 166_810
  },
  {
    name: 'Springfield',
    ...US,
    admin1: 'Massachusetts',
    latitude: 42.1015,
    longitude: -72.5898,
    population: 154_341
  },
  {
    name: 'Springfield',
    ...US,
    admin1: 'Illinois',
    latitude: 39.8017,
    longitude: -89.6437,
    population: 116_565
  },
  {
    name: 'Springfield',
    country_code: 'AU',
    country: 'Australia',
    admin1: 'Queensland',
    latitude: -27.6536,
    longitude: 152.9172
  },
  {
    name: 'Berlin',
    country_code: 'DE',
    country: 'Germany',
    admin1: 'State of Berlin',
    latitude: 52.5244,
    longitude: 13.4105,
    population: 3_426_354
  },
  {
    name: 'Berlin',
    ...US,
    admin1: 'New Hampshire',
    latitude: 44.4687,
    longitude: -71.1851,
    population: 9_367
  },
  {
    name: 'Berliner Forst',
    country_code: 'DE',
    country: 'Germany',
    latitude: 52.1,
    longitude: 13.1
  },
  {
    name: 'Washington',
    ...GB,
    admin1: 'England',
    latitude: 54.9,
    longitude: -1.5167,
    population: 53_526
  },
  {
    name: 'Washington',
    ...US,
    admin1: 'District of Columbia',
    latitude: 38.8951,
    longitude: -77.0364,
    population: 601_723
  },
  {
    name: 'Istanbul',
    country_code: 'TR',
    country: 'Türkiye',
    admin1: 'Istanbul',
    latitude: 41.0138,
    longitude: 28.9497,
    population: 15_701_602
  },
  {
    name: 'São Paulo',
    country_code: 'BR',
    country: 'Brazil',
    admin1: 'São Paulo',
    latitude: -23.5475,
    longitude: -46.6361,
    population: 12_400_232
  },
  // The same place twice: the city, and its center.
  { name: 'Twin', ...GB, latitude: 51.01, longitude: 0.01, population: 5000 },
  { name: 'Twin', ...GB, latitude: 51.02, longitude: 0.02, population: 4000 },
  {
    name: 'Munich',
    country_code: 'DE',
    country: 'Germany',
    latitude: 48.1374,
    longitude: 11.5755,
    population: 1_260_391
  }
]

const bare = (name: string) => name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

/**
 * Starts an Open-Meteo with these places, which knows a few of them by other names; weather is
 * everywhere.
 */
async function startWorld (t: Test): Promise<UpstreamServer> {
  return startUpstream(t, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://upstream')
    const now = Date.parse('2026-11-20T14:15:00Z')
    if (pathname !== '/v1/search') {
      return json(worldAnswer(request.url ?? '', { now, timezone: 'UTC' }))(request, response)
    }
    const name = bare(searchParams.get('name') ?? '')
    const results = PLACES.filter((place) =>
      bare(place.name).startsWith(name === 'munchen' ? 'munich' : name)
    )
    return json({ generationtime_ms: 1, ...(results.length > 0 && { results }) })(request, response)
  })
}

const current = (app: FastifyInstance, query: Record<string, string>) =>
  app.inject({ url: '/api/weather/current', query })
const searches = ({ calls, url }: UpstreamServer) =>
  calls
    .filter((call) => call.startsWith('/v1/search'))
    .map((call) => new URL(call, url).searchParams.get('name'))

t.test('spellings of a name are equivalent', async (t) => {
  const upstream = await startWorld(t)
  const app = await build(t, upstream)
  for (const [what, ...others] of [
    [
      'İstanbul',
      'İSTANBUL',
      'istanbul',
      ' ISTANBUL ',
      'I\u0307stanbul',
      'i\u0307stanbul',
      'Ｉstanbul'
    ],
    ['São Paulo', 'SÃO PAULO', 'Sa\u0303o  Paulo', 'são\u00A0paulo', 'são\u2003paulo'],
    ['Washington, D.C.', 'washington,d.c.', 'WASHINGTON ,  D.C. ']
  ] as const) {
    const spellings = [what, ...others]
    t.equal(new Set(spellings.map(placeKey)).size, 1, what)
    const before = searches(upstream).length
    const bodies = new Set<string>()
    for (const city of spellings) {
      const response = await current(app, { city })
      t.equal(response.statusCode, 200, city)
      bodies.add(response.body)
    }
    t.equal(bodies.size, 1, what)
    // Names with a comma are looked up both as a whole and without it.
    t.equal(searches(upstream).length - before, what.includes(',') ? 2 : 1, what)
  }
  t.not(placeKey('Ås'), placeKey('As'))
  t.match((await current(app, { city: 'sao paulo' })).json<CurrentResponse>(), {
    place: { name: 'São Paulo' }
  })
  t.match((await current(app, { city: 'München' })).json<CurrentResponse>(), {
    place: { name: 'Munich' }
  })
})

t.test(
  'the largest namesake is chosen if it is by far the largest, otherwise all are listed',
  async (t) => {
    const app = await build(t, await startWorld(t))
    t.match((await current(app, { city: 'Berlin' })).json<CurrentResponse>(), {
      place: { name: 'Berlin', countryCode: 'DE', admin1: 'State of Berlin' }
    })
    t.match(
      (await current(app, { city: 'Twin' })).json<CurrentResponse>(),
      { place: { latitude: 51.01 } },
      'in one cell they are one'
    )
    for (const route of ['current', 'forecast']) {
      const response = await app.inject(`/api/weather/${route}?city=springfield`)
      t.equal(response.statusCode, 400)
      t.match(response.headers, { 'content-type': 'application/problem+json' })
      t.match(response.json(), {
        code: 'WEATHER_ERR_CITY_AMBIGUOUS',
        detail: /^Several places are called "springfield": add country or admin1/,
        candidates: [
          {
            name: 'Springfield',
            country: 'United States',
            countryCode: 'US',
            admin1: 'Missouri',
            latitude: 37.2153,
            longitude: -93.2982
          },
          { admin1: 'Massachusetts' },
          { admin1: 'Illinois' },
          { admin1: 'Queensland', countryCode: 'AU' }
        ]
      })
      t.notHas(response.json(), { candidates: [{ population: Number }] })
    }
  }
)

t.test('country and admin1, or the text after a comma, distinguish them', async (t) => {
  const upstream = await startWorld(t)
  const app = await build(t, upstream)
  for (const [query, admin1] of [
    [{ city: 'Springfield', admin1: 'illinois' }, 'Illinois'],
    [{ city: 'Springfield', admin1: 'Illinois', country: 'us' }, 'Illinois'],
    [{ city: 'Springfield', country: 'Australia' }, 'Queensland'],
    [{ city: 'Springfield', country: 'AU' }, 'Queensland'],
    [{ city: 'Springfield, Massachusetts' }, 'Massachusetts'],
    [{ city: 'Springfield, Massachusetts, United States' }, 'Massachusetts'],
    [{ city: 'Springfield, AU' }, 'Queensland'],
    [{ city: 'Washington, D.C.' }, 'District of Columbia'],
    [{ city: 'Washington', country: 'UK' }, 'England'],
    [{ city: 'Berlin', country: 'US' }, 'New Hampshire']
  ] as const) {
    t.match(
      (await current(app, query)).json<CurrentResponse>(),
      { place: { admin1 } },
      JSON.stringify(query)
    )
  }
  t.equal(
    searches(upstream).filter((name) => name === 'springfield').length,
    1,
    'all of them are one call'
  )

  const nowhere = await current(app, { city: 'Springfield', country: 'FR' })
  t.equal(nowhere.statusCode, 404)
  t.match(nowhere.json(), { code: 'WEATHER_ERR_CITY_NOT_FOUND', candidates: { length: 4 } })
  t.notHas((await current(app, { city: 'Atlantis' })).json(), { candidates: [] })
  t.equal(
    (await current(app, { city: 'Springfield', country: 'US' })).json<{ candidates: [] }>()
      .candidates.length,
    3
  )
  for (const query of [
    { latitude: '1', longitude: '1', country: 'US' },
    { country: 'US' },
    { city: 'Berlin', country: ' ' },
    { city: 'Ber\u0000lin' },
    { city: 'Berlin', admin1: '\n' }
  ]) {
    t.equal((await current(app, query)).statusCode, 400, JSON.stringify(query))
  }
})

t.test(
  'a batch supports quoted names with commas, and returns candidates of ambiguous names',
  async (t) => {
    const app = await build(t, await startWorld(t))
    const { items } = (
      await app.inject({
        url: '/api/weather/batch',
        query: {
          cities: 'Berlin, "Springfield, Illinois" ,"Washington, D.C.",Springfield,İstanbul'
        }
      })
    ).json<BatchResponse>()
    t.match(items, [
      { city: 'Berlin', weather: { place: { countryCode: 'DE' } } },
      { city: 'Springfield, Illinois', weather: { place: { admin1: 'Illinois' } } },
      { city: 'Washington, D.C.', weather: { place: { latitude: 38.8951 } } },
      {
        city: 'Springfield',
        error: { status: 400, code: 'WEATHER_ERR_CITY_AMBIGUOUS', candidates: { length: 4 } }
      },
      { city: 'İstanbul', weather: { place: { name: 'Istanbul' } } }
    ])
    for (const cities of [
      'Ber\u0000lin',
      'Berlin\u001b',
      '"Berlin',
      '"a" b',
      'a"b',
      '"a""',
      '""',
      ','
    ]) {
      t.equal(
        (await app.inject({ url: '/api/weather/batch', query: { cities } })).statusCode,
        400,
        JSON.stringify(cities)
      )
    }
    t.same(citiesOf('"say ""x""",b'), ['say "x"', 'b'])
  }
)

t.test(
  'a place has one key: 180 and -180 are one meridian, and a pole is on all of them',
  async (t) => {
    const names = (...places: [latitude: number, longitude: number][]) => [
      ...new Set(places.map(([latitude, longitude]) => cellName(cellOf({ latitude, longitude }))))
    ]
    t.same(names([10, 180], [10, -180], [10, 179.96], [10, -179.96]), ['10,180'])
    t.same(names([90, 0], [90, 180], [90, -77.7], [89.96, 12]), ['90,0'])
    t.same(names([-90, 0], [-90, -180], [-89.99, 1]), ['-90,0'])
    t.same(names([0, 0], [-0, -0], [-0.04, 0.04]), ['0,0'])
    t.same(names([1.3, 103.8], [1.25, 103.75]), ['1.3,103.8'])

    const upstream = await startWorld(t)
    const app = await build(t, upstream)
    for (const [same, calls] of [
      [
        [
          'latitude=10&longitude=180',
          'latitude=10&longitude=-180',
          'latitude=1e1&longitude=-180.0',
          'latitude=%2010.0&longitude=179.99'
        ],
        1
      ],
      [['latitude=90&longitude=0', 'latitude=90&longitude=180', 'latitude=90.0&longitude=-90'], 1],
      [['latitude=-90&longitude=-180', 'latitude=-90&longitude=45'], 1]
    ] as const) {
      upstream.calls.length = 0
      const bodies = new Set<string>()
      for (const query of same) {
        const response = await app.inject(`/api/weather/forecast?${query}`)
        if (response.statusCode === 200) bodies.add(response.body)
        else {
          t.equal(
            query.includes('1e1') || query.includes('%20') ? 400 : 200,
            response.statusCode,
            query
          )
        }
      }
      t.equal(bodies.size, 1, same[0])
      t.equal(upstream.calls.length, calls, same[0])
    }
    t.equal(
      (await app.inject('/api/weather/forecast?latitude=90&longitude=0')).json<ForecastResponse>()
        .daily.length,
      7
    )
    for (const query of [
      'latitude=90.01&longitude=0',
      'latitude=0&longitude=180.01',
      'latitude=0&longitude=-181'
    ]) {
      t.equal((await app.inject(`/api/weather/current?${query}`)).statusCode, 400, query)
    }
  }
)

t.test(
  'a response may be about a neighbor across the date line or the pole, and not about a different place',
  async (t) => {
    const below = random(180)
    const now = Date.parse('2026-11-20T14:15:00Z')
    const about = (latitude: number, longitude: number) => ({
      ...worldAnswer('/v1/forecast?past_days=0&forecast_days=1', { now, timezone: 'UTC' }),
      latitude,
      longitude
    })
    const isAccepted = (latitude: number, longitude: number, cell: Cell) => {
      try {
        return readCurrent(about(latitude, longitude), cell).source === 'open-meteo'
      } catch {
        return false
      }
    }
    for (let i = 0; i < 500; i++) {
      const cell = cellOf({
        latitude: (below(1801) - 900) / 10,
        longitude: (below(3601) - 1800) / 10
      })
      const latitude = Math.max(-90, Math.min(90, cell.latitude + (below(100) - 50) / 100))
      const longitude = ((cell.longitude + (below(100) - 50) / 100 + 540) % 360) - 180
      const far = cell.latitude > 0 ? cell.latitude - 10 : cell.latitude + 10
      if (!isAccepted(latitude, longitude, cell)) {
        t.fail(`${cellName(cell)}: ${latitude}, ${longitude} is near`)
      }
      if (isAccepted(far, longitude, cell)) {
        t.fail(`${cellName(cell)}: ${far}, ${longitude} is far`)
      }
    }
    t.doesNotThrow(() => readCurrent(about(89.9, 77), { latitude: 90, longitude: 0 }))
    t.throws(() => readCurrent(about(10, 20), { latitude: 10, longitude: 10 }))
  }
)
