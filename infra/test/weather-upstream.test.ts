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
  t.match(await chooseUpstream({}, simulator.url), { kind: 'simulator', note: /did not answer within 1 s/ })
})

t.test('one that says nothing is not waited for', async (t) => {
  const server = createServer(() => {}).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port')
  t.match(await chooseUpstream({ WEATHER_UPSTREAM: '' }, `http://127.0.0.1:${address.port}`, 50), { kind: 'simulator' })
})

t.test('WEATHER_UPSTREAM forces either, and nobody is asked', async (t) => {
  const simulator = await startSimulator()
  t.teardown(() => simulator.close())
  t.match(await chooseUpstream({ WEATHER_UPSTREAM: 'simulator' }, simulator.url), { kind: 'simulator' })
  t.match(await chooseUpstream({ WEATHER_UPSTREAM: 'open-meteo' }, simulator.url), { kind: 'open-meteo' })
  t.same(simulator.calls, [])
  t.throws(() => chooseUpstream({ WEATHER_UPSTREAM: 'Simulator' }, simulator.url), { code: 'WEIR_ERR_BAD_UPSTREAM', message: /"Simulator"/ })
})
