import { type Test } from 'tap'
import { buildFrontDoor } from '#infra/local/front-door.js'
import { suite } from '#infra/local/suite.js'
import { JWT_SECRET, startCatalog } from '../support/catalog.js'
import { startRedis } from '@weir/internal/testing'
import { startStats, type TestStats } from '../support/stats.js'
import { tempDir } from '../support/temp-dir.js'
import { startWeather, type WeatherFleet } from '../support/weather.js'

/** The services of `npm start` but the storefront, with a Redis and a simulated Open-Meteo: catalog and weather twice, and stats. */
export interface Suite {
  /** Of the front door. */
  readonly url: string
  /** Some clients use it, so that there is something of everything to show: hits, 304, and alice, who asks for more than a user may. */
  use (): Promise<void>
  readonly weather: WeatherFleet
  readonly stats: TestStats
  /** Starts stats anew, with what it knew; the one before has to have ended. */
  statsAgain (): Promise<void>
}

/** Starts it on free ports; it ends with the test. The catalog limits its clients, as it always does. */
export async function startSuite (t: Test): Promise<Suite> {
  const { url: redisUrl } = await startRedis(t)
  const dataDir = await tempDir(t)
  const startStatsAgain = () => startStats(t, redisUrl, { DATA_DIR: dataDir, JWT_SECRET, DEMO_USERS: 'true' })
  // 192.0.2.1 is nobody's (RFC 5737).
  const catalog = (instance: string) => startCatalog(t, { dataDir, redisUrl, instance, env: { RATE_LIMIT_ALLOW: '192.0.2.1' } })
  const [stats, weather, ...catalogs] = await Promise.all([
    startStatsAgain(), startWeather(t, 2, redisUrl), catalog('catalog-1'), catalog('catalog-2')
  ])

  const statsUpstream = { name: 'stats-1', url: stats.url }
  const upstreams: Readonly<Record<string, readonly { name: string, url: string }[]>> = {
    catalog: catalogs.map(({ url }, i) => ({ name: `catalog-${i + 1}`, url })),
    weather: weather.instances.map(({ url }, i) => ({ name: `weather-${i + 1}`, url })),
    stats: [statsUpstream]
  }
  const frontDoor = buildFrontDoor(suite(Promise.resolve({ kind: 'simulator', note: '' })).map((service) => ({ ...service, upstreams: upstreams[service.name] ?? [] })))
  t.teardown(() => frontDoor.close())
  const url = await frontDoor.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    use: () => use(url),
    weather,
    stats,
    async statsAgain () {
      const { url } = await startStatsAgain()
      statsUpstream.url = url
    }
  }
}

const LIST = '/api/products?limit=20'
const CITY = '/api/weather/current?city=Berlin'
/** It costs as much as ten others, and is soon answered: there is nothing to compare. */
const DEAR = '/api/catalog/compare'

async function use (url: string): Promise<void> {
  const ask = async (path: string, headers: Record<string, string> = {}): Promise<Response> => {
    const response = await fetch(url + path, { headers })
    await response.arrayBuffer()
    return response
  }
  for (const path of [LIST, LIST, LIST, LIST, LIST, LIST, CITY, CITY, CITY, CITY]) await ask(path)
  await ask(LIST, { 'if-none-match': '*' })

  const { users } = await (await fetch(`${url}/api/stats/demo-users`)).json() as { users: { id: string, token: string }[] }
  const authorization = `Bearer ${users.find(({ id }) => id === 'alice')?.token}`
  let statuses: number[] = []
  while (!statuses.includes(429)) {
    statuses = await Promise.all(Array.from({ length: 10 }, async () => (await ask(DEAR, { authorization })).status))
  }
}
