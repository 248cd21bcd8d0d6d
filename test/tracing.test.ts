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

/** Passes requests on to an upstream when it is opened; tells what it saw of them. */
async function gateBefore (t: Test, upstream: () => string) {
  const seen: IncomingHttpHeaders[] = []
  const gate = { seen, url: '', isBroken: false, opened: Promise.resolve() }
  const server = createServer((request, response) => {
    seen.push(request.headers)
    if (gate.isBroken) {
      response.writeHead(500).end()
      return
    }
    gate.opened.then(() => {
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
  gate.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return gate
}

t.test('a trace from the front door to the upstream, and into logs, problems and metrics', async (t) => {
  const collector = await startCollector(t)
  const redis = await startRedis(t)
  const simulator = await startSimulator({ host: '127.0.0.1', port: 0 })
  t.teardown(() => simulator.close())
  const gate = await gateBefore(t, () => simulator.url)
  const { instances } = await startWeather(t, 2, redis.url, {
    FORECAST_ORIGIN: gate.url,
    LOG_LEVEL: 'info',
    ACCESS_LOG: 'true',
    ...collector.env
  })
  const [weather] = instances
  if (weather === undefined) throw new Error('there are two')
  const nginx = await startNginx(t, { weather: [weather.url] })
  process.env.OTEL_BSP_SCHEDULE_DELAY = '20'
  const door = buildFrontDoor(
    [{
      name: 'weather',
      prefixes: ['/api/weather'],
      upstreams: [{ name: 'nginx', url: nginx.url }]
    }],
    undefined,
    { service: 'front-door', instance: 'front-door', endpoint: collector.url }
  )
  t.teardown(() => door.close())
  const frontDoor = await door.listen({ port: 0, host: '127.0.0.1' })
  const client = await redis.connect()

  /** Two requests for one place, of which the second waits on another instance. */
  async function coalesced (latitude: number, traceId: string) {
    let open = () => {}
    gate.opened = new Promise((resolve) => { open = resolve })
    const before = gate.seen.length
    const [first, second] = [frontDoor, instances[1]?.url].map((url) => () =>
      fetch(`${url}/api/weather/current?latitude=${latitude}&longitude=13.4`, {
        headers: { traceparent: PARENT.replace(TRACE_ID, traceId), baggage: 'secret=1' }
      }))
    const one = first?.()
    while (gate.seen.length === before) await new Promise((resolve) => { setImmediate(resolve) })
    const two = second?.()
    // The mark at the end of a fill's lease says that another instance waits for its end.
    for (let isAwaited = false; !isAwaited;) {
      const leases = await client.keys('*:fill')
      const holders = await Promise.all(leases.map((lease) => client.get(lease)))
      isAwaited = holders.some((holder) => holder?.split('\n', 1)[0]?.endsWith('!'))
    }
    open()
    for (const answer of await Promise.all([one, two])) t.equal(answer?.status, 200)
    t.equal(gate.seen.length, before + 1, 'one call to the upstream')
    return collector.until((spans) => {
      const of = spans.filter((span) => span.traceId === traceId)
      const isOver = of.some(({ instance, kind }) => instance === 'weather-2' && kind === 'server')
      const waits = of.filter(({ name, attributes }) =>
        name.startsWith('wait ') && attributes['weir.cache.wait.elsewhere'] === true)
      return isOver ? waits : undefined
    })
  }

  // A busy machine may hear the end of a fill too late to know its span.
  let [traceId, waits] = [TRACE_ID, await coalesced(50, TRACE_ID)]
  for (let i = 1; i < 9 && waits.every(({ links }) => links.length === 0); i++) {
    traceId = TRACE_ID.replace(/.$/, String(i))
    waits = await coalesced(50 + i, traceId)
  }
  const wait = waits.find(({ links }) => links.length > 0)
  const fill = await collector.until((spans) =>
    spans.find(({ spanId }) => spanId === wait?.links[0]?.spanId))
  t.strictSame([wait?.instance, fill.instance], ['weather-2', 'weather-1'])
  t.match(fill.name, /^fill /)

  const call = await collector.until((spans) => spans.find((span) =>
    span.traceId === traceId && span.kind === 'client' && span.name === 'GET'
  ))
  t.equal(gate.seen.at(-1)?.traceparent, `00-${traceId}-${call.spanId}-01`)
  t.equal(gate.seen.at(-1)?.baggage, undefined)

  await t.test('one trace id on all the way', async (t) => {
    const ways = await collector.until((spans) => {
      const set = spans.find(({ kind, instance, name, ...of }) =>
        of.traceId === traceId && kind === 'client' && instance === 'weather-1' && name.startsWith('set '))
      const ways = [call, set].flatMap((span) => span === undefined ? [] : [chain(spans, span)])
      const areWhole = ways.every((way) => way.at(-1)?.service === 'front-door')
      return ways.length === 2 && areWhole ? ways : undefined
    })
    for (const [last, ...way] of ways) {
      t.match(way.map(({ service, kind, name }) => `${service} ${kind} ${name}`), [
        /^weather internal fill /,
        'weather server GET /api/weather/current',
        'front-door server GET /api/weather/*'
      ])
      t.ok([last, ...way].every((span) => span?.traceId === traceId))
    }
    t.match(
      JSON.parse(await weather.line(new RegExp(`"${traceId}".*"msg":"access"`))), { status: 200 }
    )
    const metrics = await fetch(`${weather.url}/metrics`, {
      headers: { accept: 'application/openmetrics-text;version=1.0.0' }
    })
    t.match(
      await metrics.text(),
      /^weir_request_duration_seconds_bucket\{.*\/api\/weather\/current.*# \{trace_id="0af7651916cd/m
    )
  })

  await t.test('an error has the trace in its problem document, log line and spans', async (t) => {
    gate.isBroken = true
    const failing = TRACE_ID.replaceAll('0', '1')
    const answer = await fetch(`${frontDoor}/api/weather/current?latitude=1&longitude=1`, {
      headers: { traceparent: PARENT.replace(TRACE_ID, failing) }
    })
    t.equal(answer.status, 503)
    t.equal(answer.headers.get('content-type')?.split(';')[0], 'application/problem+json')
    const problem = (await answer.json()) as Record<string, string>
    t.equal(problem['traceId'], failing)
    const line = await weather.line(new RegExp(`"${problem['requestId']}".*"msg":"access"`))
    t.match(JSON.parse(line), { trace_id: failing, status: 503 })
    await collector.until((spans) => spans.find(({ traceId, service, kind, attributes }) =>
      traceId === failing && service === 'weather' && kind === 'server' &&
      attributes['error.type'] === '503'))
    const upstream = await collector.until((spans) => spans.find(({ traceId, kind, attributes }) =>
      traceId === failing && kind === 'client' && attributes['error.type'] === '500'))
    t.match(upstream.attributes, { 'http.response.status_code': 500 })
  })
})
