import { once } from 'node:events'
import { createServer } from 'node:http'
import t from 'tap'
import { chooseUpstream } from '../local/weather-upstream.js'
import { startSimulator } from '../upstream/simulator.js'

t.test('Open-Meteo is used when it answers in time', async (t) => {
  const simulator = await startSimulator()
  t.teardown(() => simulator.close())
  t.match(await chooseUpstream({}, simulator.url), { kind: 'open-meteo', note: /Open-Meteo\.com/ })
  simulator.faults.add({ kind: 'status', status: 503 })
  t.match(await chooseUpstream({}, simulator.url), { kind: 'simulator' })
  await simulator.close()
  t.match(await chooseUpstream({}, simulator.url), {
    kind: 'simulator',
    note: /did not answer within 1 s/
  })
})

t.test('a gateway that answers instead is not Open-Meteo', async (t) => {
  const HTML = '<!doctype html><title>Sign in</title>'
  for (const [status, headers, body] of [
    [200, { 'content-type': 'text/html' }, HTML],
    [200, {}, '{"current"'],
    [200, {}, '[]'],
    [200, {}, 'null'],
    [302, { location: '/login' }, ''],
    [403, {}, HTML],
    [204, {}, '']
  ] as const) {
    const server = createServer((request, response) => {
      // A redirect leads to a page.
      if (request.url === '/login') response.end('{"current":{}}')
      else response.writeHead(status, headers).end(body)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') {
      throw new Error('a TCP server without a port')
    }
    const { kind, note } = await chooseUpstream({}, `http://127.0.0.1:${address.port}`)
    t.match(
      [kind, note],
      ['simulator', new RegExp(`did not answer with weather, but with status ${status} `)],
      `${status} ${body}`
    )
    server.close()
    server.closeAllConnections()
  }
})

t.test('a silent Open-Meteo is not awaited', async (t) => {
  const server = createServer(() => {}).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') {
    throw new Error('a TCP server without a port')
  }
  t.match(await chooseUpstream({ WEATHER_UPSTREAM: '' }, `http://127.0.0.1:${address.port}`, 50), {
    kind: 'simulator'
  })
})

t.test('WEATHER_UPSTREAM forces either one without a request', async (t) => {
  const simulator = await startSimulator()
  t.teardown(() => simulator.close())
  t.match(await chooseUpstream({ WEATHER_UPSTREAM: 'simulator' }, simulator.url), {
    kind: 'simulator'
  })
  t.match(await chooseUpstream({ WEATHER_UPSTREAM: 'open-meteo' }, simulator.url), {
    kind: 'open-meteo'
  })
  t.same(simulator.calls, [])
  t.throws(() => chooseUpstream({ WEATHER_UPSTREAM: 'Simulator' }, simulator.url), {
    code: 'WEIR_ERR_BAD_UPSTREAM',
    message: /"Simulator"/
  })
})
