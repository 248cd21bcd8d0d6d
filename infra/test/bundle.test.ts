import t from 'tap'
import { bundleSuite } from '../local/bundle.js'
import { suite } from '../local/suite.js'
import { Supervisor } from '../local/supervisor.js'
import { startSimulator } from '../upstream/simulator.js'

t.test('the bundled suite answers as the compiled one: APIs, the console, API docs, weather', async (t) => {
  await bundleSuite()
  const simulator = await startSimulator()
  t.teardown(() => simulator.close())
  const { REDIS_URL: _, JWT_SECRET: __, ...inherited } = process.env
  const upstream = Promise.resolve({ kind: 'open-meteo', note: 'simulated for a test' } as const)
  const services = suite(upstream, 'bundle').map((service) => ({
    ...service, basePort: 0, env: { ...service.env, FORECAST_ORIGIN: simulator.url, GEOCODING_ORIGIN: simulator.url }
  }))
  const said: string[] = []
  const supervisor = new Supervisor(services, { ...inherited, PORT: '0', DATA_DIR: t.testdir() }, (line) => { said.push(line) })
  t.teardown(() => supervisor.stop())
  const url = await supervisor.start()

  const banner = said.join('\n')
  t.match(banner, 'simulated for a test')
  t.notMatch(banner, 'upstream-1', 'a service that is not needed does not run')
  const [, catalog = ''] = /catalog-1 +(\S+)/.exec(banner) ?? []
  for (const [path, type] of [
    [`${url}/api/products/1`, 'application/json'],
    [`${url}/api/weather/forecast?city=Oslo`, 'application/json'],
    [`${url}/`, 'text/html'],
    [`${url}/main.js`, 'javascript'],
    [`${catalog}/docs/static/index.html`, 'text/html']
  ] as const) {
    const response = await fetch(path)
    await response.arrayBuffer()
    t.match({ status: response.status, type: response.headers.get('content-type') }, { status: 200, type: new RegExp(type) }, path)
  }
})
