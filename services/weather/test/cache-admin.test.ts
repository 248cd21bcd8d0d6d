import { type FastifyInstance } from 'fastify'
import t from 'tap'
import { build, startBerlin } from './support/build.js'
import { tempDir } from './support/temp-dir.js'

const JWT_SECRET = 'a secret of the tests, which is long enough'
const as = (app: FastifyInstance, role: string) => ({
  authorization: `Bearer ${app.jwt.HS256.sign({ sub: role, role }, { expiresIn: '1h' })}`
})
const purge = (app: FastifyInstance, payload: object) =>
  app.inject({
    method: 'POST',
    url: '/api/weather/cache/invalidations',
    headers: as(app, 'admin'),
    payload
  })
const look = async (app: FastifyInstance, url: string) => {
  const answer = await app.inject({
    url: '/api/weather/cache/entries',
    query: { url },
    headers: as(app, 'admin')
  })
  return answer.json<{ found: Record<string, unknown>[] }>().found
}

t.test('a URL stands for its documents, on every instance', async (t) => {
  const upstream = await startBerlin(t)
  const DATA_DIR = await tempDir(t)
  const [a, b] = [
    await build(t, upstream, { DATA_DIR, JWT_SECRET }),
    await build(t, upstream, { DATA_DIR, JWT_SECRET, INSTANCE: 'b' })
  ]
  /** Returns the upstream calls caused by these responses. */
  const calls = async (...urls: string[]) => {
    const before = upstream.calls.length
    for (const url of urls) t.equal((await b.inject(`/api/weather${url}`)).statusCode, 200, url)
    return upstream.calls
      .slice(before)
      .map((call) =>
        call.includes('search') ? 'place' : call.includes('forecast_days') ? 'forecast' : 'current'
      )
  }
  const all = ['/current?city=Berlin', '/forecast?city=Berlin&days=2']
  t.same(await calls(...all), ['place', 'current', 'forecast'])
  t.same(await calls(...all), [])

  t.match(
    (await purge(a, { urls: ['/api/weather/current?units=imperial&city=%20berlin'] })).json(),
    {
      namespace: 'weather',
      instance: 'w',
      tags: ['place:2:berlin', 'current:2:52.5,13.4'],
      all: false
    }
  )
  t.same(await calls(...all), ['place', 'current'])
  t.equal(
    (await purge(a, { urls: ['/api/weather/forecast?latitude=52.52&longitude=13.41&days=7'] }))
      .statusCode,
    200
  )
  t.same(await calls(...all), ['forecast'])
  t.match((await purge(a, { urls: ['/api/weather/batch?cities=Berlin,Nowhere'] })).json(),
    { tags: ['place:2:berlin', 'current:2:52.5,13.4', 'place:2:nowhere'] })
  t.same(await calls(...all), ['place', 'current'])
  t.same((await purge(a, { tags: ['forecasts'] })).json<{ tags: string[] }>().tags, ['forecasts'])
  t.same(await calls(...all), ['forecast'])
  await purge(a, { tags: ['cell:52.5,13.4'] })
  t.same(await calls(...all), ['current', 'forecast'])
  t.match((await purge(b, { all: true })).json(), { all: true, dropped: { memory: 3 } })
  t.same(await calls(...all), ['place', 'current', 'forecast'])
})

t.test('entries of a URL', async (t) => {
  const upstream = await startBerlin(t)
  const DATA_DIR = await tempDir(t)
  const [a, b] = [await build(t, upstream, { DATA_DIR, JWT_SECRET }), await build(t, upstream, { DATA_DIR, JWT_SECRET, INSTANCE: 'b' })]
  const url = '/api/weather/current?city=Berlin'
  t.same(await look(a, url), [])
  await a.inject(url)
  t.match(await look(a, url), [
    { key: 'place:2:berlin', where: 'memory', tags: ['weather', 'places'] },
    { key: 'place:2:berlin', where: 'store' },
    { key: 'current:2:52.5,13.4', where: 'memory', tags: ['weather', 'current', 'cell:52.5,13.4'] },
    { key: 'current:2:52.5,13.4', where: 'store' }
  ])
  t.match(await look(b, url), [{ where: 'store' }, { where: 'store' }])
  t.match(
    await look(b, url),
    [{ where: 'store' }, { where: 'store' }],
    'inspecting has copied nothing into memory'
  )
  const { caches } = (
    await a.inject({ url: '/api/weather/cache/stats', headers: as(a, 'admin') })
  ).json<{ caches: object }>()
  t.match(caches, {
    places: { stores: 1, l1: { entries: 1 } },
    current: { stores: 1 },
    forecasts: { stores: 0 }
  })
})

t.test('permissions and refusals', async (t) => {
  const app = await build(t, await startBerlin(t), { JWT_SECRET })
  for (const [headers, status] of [
    [{}, 401],
    [as(app, 'editor'), 403],
    [as(app, 'admin'), 200]
  ] as const) {
    t.equal(
      (
        await app.inject({
          method: 'POST',
          url: '/api/weather/cache/invalidations',
          headers,
          payload: { all: true }
        })
      ).statusCode,
      status
    )
  }
  const without = await build(t, await startBerlin(t))
  t.equal(
    (await without.inject({ url: '/api/weather/cache/stats', headers: as(app, 'admin') }))
      .statusCode,
    401,
    'without a secret no token is accepted'
  )
  const bad = [
    '/api/weather',
    '/api/products',
    '/api/weather/current',
    '/api/weather/current?city=Berlin&latitude=1',
    '/api/weather/current?latitude=1',
    '/api/weather/current?latitude=91&longitude=0',
    '/api/weather/forecast?city=Berlin&days=17',
    '/api/weather/batch',
    '/api/weather/batch?cities=,'
  ]
  for (const url of bad) t.equal((await purge(app, { urls: [url] })).statusCode, 400, url)
  const { paths } = (await app.inject('/docs/json')).json<{
    paths: Record<string, { post?: { security: object[] } }>
  }>()
  t.same(paths['/api/weather/cache/invalidations']?.post?.security, [{ bearer: [] }])
})
