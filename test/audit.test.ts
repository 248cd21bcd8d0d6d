import { assertNoFindings, audit, type AuditOptions, type BuildApp, formatReport } from '@weir/audit'
import { buildApp as buildCatalog } from '@weir/catalog'
import { catalogEnv } from '@weir/catalog/env'
import { loadEnv } from '@weir/fastify/service'
import { startRedis } from '@weir/internal/testing'
import { buildApp as buildStats } from '@weir/stats'
import { statsEnv } from '@weir/stats/env'
import { buildApp as buildStorefront } from '@weir/storefront'
import { storefrontEnv } from '@weir/storefront/env'
import { buildApp as buildWeather } from '@weir/weather'
import { weatherEnv } from '@weir/weather/env'
import t, { type Test } from 'tap'
import { startSimulator } from '#infra/upstream/simulator.js'
import { JWT_SECRET, tokenOf } from './support/catalog.js'
import { PATIENT } from './support/patience.js'
import { tempDir } from './support/temp-dir.js'

t.setTimeout(400_000)

/** Routes without a cache that cost much: documents of the API, metrics, measurements. */
const IGNORED = ['/docs', '/health', '/metrics', '/api/catalog/compare', '/shop/assets']

const bearer = (role: 'editor' | 'admin') => ({ authorization: `Bearer ${tokenOf(role)}` })
const USERS = [bearer('editor'), bearer('admin')]

/** Audits a service in process, of which at least so many routes are cached. */
async function sound (t: Test, build: BuildApp, cached: number, options: AuditOptions = {}) {
  const report = await audit(build, { users: USERS, ignore: IGNORED, timeout: '10s', ...options })
  t.comment(formatReport(report))
  assertNoFindings(report)
  const seen = report.routes.filter((route) => route.cached !== null)
  t.ok(seen.length >= cached, `${seen.length} routes are cached`)
  return seen
}

t.test('the audit finds nothing in the services of the suite', async (t) => {
  const redis = await startRedis(t)
  const env = {
    ...PATIENT,
    PORT: '0',
    LOG_LEVEL: 'silent',
    JWT_SECRET,
    RATE_LIMIT_ALLOW: '127.0.0.1',
    REDIS_URL: redis.url
  }
  const data = async () => ({ ...env, DATA_DIR: await tempDir(t) })

  await t.test('catalog', async (t) => {
    const own = await data()
    const seen = await sound(t, () => buildCatalog(loadEnv(catalogEnv, own)), 4)
    t.strictSame(seen.filter(({ isolatedBy }) => isolatedBy === null), [], 'trials have entries')
  })
  await t.test('weather', async (t) => {
    const upstream = await startSimulator({})
    t.teardown(() => upstream.close())
    const origins = { FORECAST_ORIGIN: upstream.url, GEOCODING_ORIGIN: upstream.url }
    const own = { ...await data(), ...origins }
    await sound(t, () => buildWeather(loadEnv(weatherEnv, own)), 2, { params: { city: 'Berlin' } })
  })
  await t.test('stats', async (t) => {
    const own = await data()
    await sound(t, () => buildStats(loadEnv(statsEnv, own)), 3, {
      // Some responses are streams of events, without an end.
      timeout: '2s',
      routes: ['summary', 'routes', 'history?step=minute', 'events', 'limits/clients']
        .map((name) => `/api/stats/${name}`)
    })
  })
  await t.test('storefront', async (t) => {
    const catalog = await buildCatalog(loadEnv(catalogEnv, await data()))
    t.teardown(() => catalog.close())
    const own = {
      ...await data(),
      CATALOG_ORIGIN: await catalog.listen({ host: '127.0.0.1', port: 0 }),
      WEATHER_ORIGIN: 'http://127.0.0.1:1'
    }
    await sound(t, () => buildStorefront(loadEnv(storefrontEnv, own)), 1, {
      users: (['editor', 'admin'] as const).map((role) => ({ cookie: `weir_shop=${tokenOf(role)}` }))
    })
  })
})
