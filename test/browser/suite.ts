import { type Test } from 'tap'
import { buildFrontDoor } from '#infra/local/front-door.js'
import { newLoginCode } from '#infra/local/login-code.js'
import { suite } from '#infra/local/suite.js'
import { JWT_SECRET, startCatalog, type TestCatalog } from '../support/catalog.js'
import { startRedis, type TestRedis } from '@weir/internal/testing'
import { startStats, type TestStats } from '../support/stats.js'
import { startStorefront, type TestStorefront } from '../support/storefront.js'
import { tempDir } from '../support/temp-dir.js'
import { startWeather, type WeatherFleet } from '../support/weather.js'

/**
 * The services of `npm start` with a Redis and a simulated Open-Meteo: catalog and weather twice,
 * stats, and as many storefronts as a test wants.
 */
export interface Suite {
  /** URL of the front door. */
  readonly url: string
  /** Code that logs in once. */
  readonly loginCode: string
  /**
   * Sends requests of several clients, so that every view has data: hits, 304s, and alice, who
   * exceeds her limit.
   */
  use (): Promise<void>
  readonly redis: TestRedis
  readonly catalogs: readonly TestCatalog[]
  readonly storefronts: readonly TestStorefront[]
  readonly weather: WeatherFleet
  readonly stats: TestStats
  /** Restarts stats with its data; the previous process must have ended. */
  statsAgain (): Promise<void>
}

interface Options {
  /** Number of storefront instances. Default: none. */
  readonly storefronts?: number
}

/**
 * Starts the suite on free ports; it ends with the test. The catalog limits its clients as usual.
 */
export async function startSuite (
  t: Test,
  { storefronts: shops = 0 }: Options = {}
): Promise<Suite> {
  const upstreams = {
    catalog: named('catalog', 2),
    weather: named('weather', 2),
    stats: named('stats', 1),
    storefront: named('storefront', shops)
  }
  const known: Readonly<Record<string, readonly Upstream[]>> = upstreams
  const frontDoor = buildFrontDoor(
    suite(Promise.resolve({ kind: 'simulator', note: '' })).map((service) => ({
      ...service,
      upstreams: known[service.name] ?? []
    }))
  )
  t.teardown(() => frontDoor.close())
  const [redis, dataDir, url] = await Promise.all([
    startRedis(t),
    tempDir(t),
    frontDoor.listen({ host: '127.0.0.1', port: 0 })
  ])

  const loginCode = newLoginCode(Date.now())
  const startStatsAgain = () =>
    startStats(t, redis.url, {
      DATA_DIR: dataDir,
      JWT_SECRET,
      DEMO_USERS: 'true',
      LOGIN_CODE: loginCode
    })
  // 192.0.2.1 is a documentation address (RFC 5737).
  const catalog = ({ name: instance }: Upstream) =>
    startCatalog(t, {
      dataDir,
      redisUrl: redis.url,
      instance,
      env: { RATE_LIMIT_ALLOW: '192.0.2.1' }
    })
  const storefront = ({ name }: Upstream) =>
    startStorefront(t, {
      INSTANCE: name,
      DATA_DIR: dataDir,
      REDIS_URL: redis.url,
      CATALOG_ORIGIN: url,
      WEATHER_ORIGIN: url,
      DEMO_USERS: 'true',
      DEBUG_PANEL: 'true'
    })
  const [stats, weather, catalogs, storefronts] = await Promise.all([
    startStatsAgain(),
    startWeather(t, 2, redis.url, { JWT_SECRET }),
    Promise.all(upstreams.catalog.map(catalog)),
    Promise.all(upstreams.storefront.map(storefront))
  ])
  const found = (of: readonly Upstream[], instances: readonly { url: string }[]) =>
    of.forEach((one, i) => {
      one.url = instances[i]?.url
    })
  found(upstreams.catalog, catalogs)
  found(upstreams.weather, weather.instances)
  found(upstreams.stats, [stats])
  found(upstreams.storefront, storefronts)
  return {
    url,
    loginCode,
    use: () => use(url),
    redis,
    catalogs,
    storefronts,
    weather,
    stats,
    async statsAgain () {
      found(upstreams.stats, [await startStatsAgain()])
    }
  }
}

/** One instance as the front door sees it; it has a URL as soon as it is ready. */
interface Upstream {
  readonly name: string
  url: string | undefined
}

const named = (service: string, instances: number): Upstream[] =>
  Array.from({ length: instances }, (_, i) => ({ name: `${service}-${i + 1}`, url: undefined }))

const LIST = '/api/products?limit=20'
const CITY = '/api/weather/current?city=Berlin'
/**
 * A comparison costs as much as ten other requests, and is answered fast: there is nothing to
 * compare.
 */
const DEAR = '/api/catalog/compare'

async function use (url: string): Promise<void> {
  const ask = async (path: string, headers: Record<string, string> = {}): Promise<Response> => {
    const response = await fetch(url + path, { headers })
    await response.arrayBuffer()
    return response
  }
  for (const path of [LIST, LIST, LIST, LIST, LIST, LIST, CITY, CITY, CITY, CITY]) await ask(path)
  await ask(LIST, { 'if-none-match': '*' })

  const { users } = (await (await fetch(`${url}/api/stats/demo-users`)).json()) as {
    users: { id: string; token: string }[]
  }
  const authorization = `Bearer ${users.find(({ id }) => id === 'alice')?.token}`
  let statuses: number[] = []
  while (!statuses.includes(429)) {
    statuses = await Promise.all(
      Array.from({ length: 10 }, async () => (await ask(DEAR, { authorization })).status)
    )
  }
}
