import { once } from 'node:events'
import { createServer, request as send, type IncomingHttpHeaders } from 'node:http'
import { type AddressInfo } from 'node:net'
import { buildFrontDoor } from '#infra/local/front-door.js'
import { startSimulator } from '#infra/upstream/simulator.js'
import { startRedis } from '@weir/internal/testing'
import t, { type Test } from 'tap'
import { startCatalog } from './support/catalog.js'
import { startNginx } from './support/nginx.js'
import { chain, startCollector } from './support/otlp.js'
import { startStorefront } from './support/storefront.js'
import { tempDir } from './support/temp-dir.js'
import { startWeather } from './support/weather.js'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const PARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`

/** The suite with a collector: two catalogs and a storefront that calls them by the front door. */
async function tracedSuite (t: Test) {
  const collector = await startCollector(t)
  const { url: redisUrl } = await startRedis(t)
  const dataDir = await tempDir(t)
  const upstreams = { catalog: [''], storefront: [''] }
  process.env.OTEL_BSP_SCHEDULE_DELAY = '20'
  const live = (service: keyof typeof upstreams) => upstreams[service].map((_, i) => ({
    name: `${service}-${i + 1}`,
    get url () { return upstreams[service][i] }
  }))
  const catalogs = [
    await startCatalog(t, { dataDir, redisUrl, instance: 'catalog-1', env: collector.env }),
    await startCatalog(t, { dataDir, redisUrl, instance: 'catalog-2', env: collector.env })
  ]
  upstreams.catalog = catalogs.map(({ url }) => url)
  const door = buildFrontDoor(
    [
      { name: 'catalog', prefixes: ['/api/products', '/api/categories'], upstreams: live('catalog') },
      { name: 'storefront', prefixes: ['/shop'], upstreams: live('storefront') }
    ],
    undefined,
    { service: 'front-door', instance: 'front-door', endpoint: collector.url }
  )
  t.teardown(() => door.close())
  const frontDoor = await door.listen({ port: 0, host: '127.0.0.1' })
  const storefront = await startStorefront(t, {
    REDIS_URL: redisUrl,
    DATA_DIR: dataDir,
    CATALOG_ORIGIN: frontDoor,
    WEATHER_ORIGIN: frontDoor,
    ACCESS_LOG: 'true',
    ...collector.env
  })
  upstreams.storefront = [storefront.url]
  return { collector, catalogs, storefront, frontDoor }
}

t.test('one trace leads through front door, storefront, catalog and Redis', async (t) => {
  const { collector, storefront, catalogs, frontDoor } = await tracedSuite(t)
  const page = await fetch(`${frontDoor}/shop/products/1`, {
    headers: { traceparent: PARENT, baggage: 'secret=1' }
  })
  t.equal(page.status, 200)
  await page.text()

  await t.test('from a store call of the catalog back to the client', async (t) => {
    const path = await collector.until((spans) => {
      const set = spans.find(
        ({ service, name }) => service === 'catalog' && name.startsWith('set ')
      )
      const found = set && chain(spans, set)
      return found?.at(-1)?.parentSpanId === PARENT.split('-')[2] ? found : undefined
    })
    t.strictSame(path.map(({ service, kind, name }) => `${service} ${kind} ${name}`), [
      'catalog client set responses',
      'catalog internal fill responses',
      'catalog server GET /api/products/:id',
      'front-door server GET /api/products/*',
      'storefront client GET',
      'storefront internal fill responses',
      'storefront server GET /shop/products/:id',
      'front-door server GET /shop/*'
    ])
    t.ok(path.every(({ traceId }) => traceId === TRACE_ID))
    t.match(path[0]?.attributes, { 'db.system.name': 'redis', 'db.operation.name': 'set' })
    t.match(path[2]?.attributes, {
      'weir.cache.outcome': 'miss',
      'http.response.status_code': 200,
      'http.route': '/api/products/:id'
    })
    t.match(path[4]?.attributes, { 'http.response.status_code': 200 })
  })

  await t.test('the log line of the page has the ids of its span', async (t) => {
    const line = JSON.parse(await storefront.line(/\/shop\/products\/1.*"msg":"access"/)) as unknown
    t.match(line, { trace_id: TRACE_ID, span_id: /^[\da-f]{16}$/ })
  })

  await t.test('a problem document has the trace of its request', async (t) => {
    const answer = await fetch(`${frontDoor}/api/products?limit=0`, {
      headers: { traceparent: PARENT }
    })
    t.equal(answer.status, 400)
    t.match(await answer.json(), { traceId: TRACE_ID })
  })

  await t.test('a malformed context is ignored, and a new trace begins', async (t) => {
    for (const traceparent of [`${PARENT}-extra`, PARENT.toUpperCase(), 'x', `${PARENT}, ${PARENT}`]) {
      const answer = await fetch(`${frontDoor}/api/products?limit=0`, { headers: { traceparent } })
      const { traceId } = (await answer.json()) as { traceId: string }
      t.match(traceId, /^[\da-f]{32}$/)
      t.not(traceId, TRACE_ID)
    }
  })

  await t.test('nginx passes the context on', async (t) => {
    const nginx = await startNginx(t, { catalog: catalogs.map(({ url }) => url) })
    const answer = await fetch(`${nginx.url}/api/products?limit=0`, {
      headers: { traceparent: PARENT }
    })
    t.match(await answer.json(), { traceId: TRACE_ID })
  })
})

/** Passes requests on to an upstream, once `open` resolves; tells what it saw of them. */
async function gateBefore (t: Test, upstream: () => string, open: Promise<void>) {
  const seen: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers)
    open.then(() => {
      const { url, headers } = request
      send(upstream() + String(url), { headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      }).end()
    }, () => {})
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

t.test('a request that waits for another instance is linked to the fill there', async (t) => {
  const collector = await startCollector(t)
  const redis = await startRedis(t)
  const simulator = await startSimulator({ host: '127.0.0.1', port: 0 })
  t.teardown(() => simulator.close())
  let open = () => {}
  const gate = await gateBefore(
    t,
    () => simulator.url,
    new Promise((resolve) => { open = resolve })
  )
  const { instances } = await startWeather(t, 2, redis.url, {
    FORECAST_ORIGIN: gate.url,
    ...collector.env
  })
  const [one, two] = instances.map(({ url }) =>
    () => fetch(`${url}/api/weather/current?latitude=52.5&longitude=13.4`, {
      headers: { traceparent: PARENT, baggage: 'secret=1' }
    })
  )
  if (one === undefined || two === undefined) throw new Error('there are two')
  const first = one()
  while (gate.seen.length === 0) await new Promise((resolve) => { setImmediate(resolve) })
  const second = two()
  const client = await redis.connect()
  // The mark at the end of a fill's lease says that another instance waits for its end.
  for (let isAwaited = false; !isAwaited;) {
    const leases = await client.keys('*:fill')
    const holders = await Promise.all(leases.map((lease) => client.get(lease)))
    isAwaited = holders.some((holder) => holder?.split('\n', 1)[0]?.endsWith('!'))
  }
  open()
  for (const answer of await Promise.all([first, second])) t.equal(answer.status, 200)

  const { wait, fill } = await collector.until((spans) => {
    const wait = spans.find(({ name, links }) => name.startsWith('wait ') && links.length > 0)
    const fill = spans.find(({ spanId }) => spanId === wait?.links[0]?.spanId)
    return wait && fill && { wait, fill }
  })
  t.strictSame([wait.instance, fill.instance], ['weather-2', 'weather-1'])
  t.match(fill.name, /^fill /)
  t.match(wait.attributes, { 'weir.cache.wait.elsewhere': true })

  t.equal(gate.seen.length, 1, 'one call to the upstream')
  const call = await collector.until((spans) => spans.find(({ kind, name }) =>
    kind === 'client' && name === 'GET'
  ))
  t.equal(gate.seen[0]?.traceparent, `00-${TRACE_ID}-${call.spanId}-01`)
  t.equal(gate.seen[0]?.baggage, undefined)
})
