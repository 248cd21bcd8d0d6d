import { once } from 'node:events'
import { type FastifyInstance } from 'fastify'
import t from 'tap'
import { type Tick as Counted } from '../src/live/ticker.js'
import { build, metricsIn } from './support/build.js'
import { next, watch } from './support/events.js'
import { record, series, state } from './support/records.js'
import { tempDir } from './support/temp-dir.js'

interface Tick extends Counted { readonly connected: boolean }

const listen = async (app: FastifyInstance) => `${await app.listen({ port: 0, host: '127.0.0.1' })}/api/stats/live`

t.test('what happens is told to all who watch', async (t) => {
  const directory = await tempDir(t)
  const metrics = await metricsIn(t, directory)
  const url = await listen(await build(t, directory))
  const [a, b] = [await watch(t, url), await watch(t, url)]
  t.equal(a.response.statusCode, 200)
  t.match(a.response.headers, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-request-id': /./
  })
  t.notOk(a.response.headers.etag)

  const first = await next<Tick>(a.events, 'tick')
  t.match(first, { connected: true, requests: 0, requestsPerSecond: 0, hitRatio: null, redis: null, instances: { length: 0 } })

  const at = Date.now()
  const invalidations = [
    { at, namespace: 'responses', tags: ['product:1', 'products'] },
    { at: at + 1, namespace: 'responses', tags: [] }
  ]
  await metrics.write(state(at, { invalidations }), [
    record(Math.floor(at / 60_000), 1, { l1: series(6, { shared: 2, savedMicros: 9000 }), miss: series(2), limited: series(1) })
  ])
  for (const { events } of [a, b]) {
    t.same(await next(events, 'invalidated'), { service: 'catalog', instance: 'catalog-1', ...invalidations[0] })
    t.same(await next(events, 'invalidated'), { service: 'catalog', instance: 'catalog-1', ...invalidations[1] })
    const tick = await next<Tick>(events, 'tick')
    t.match(tick, {
      connected: true,
      requests: 9,
      outcomes: { l1: 6, miss: 2, limited: 1 },
      hitRatio: 0.75,
      shared: 2,
      savedMs: 9,
      limited: 1,
      latency: { all: { p50: Number, p99: Number }, l1: { p50: Number } },
      instances: [{ instance: 'catalog-1', service: 'catalog', alive: true, requests: 9, outcomes: { l1: 6 } }]
    })
    t.ok(tick.requestsPerSecond > 0)
    t.match(await next<Tick>(events, 'tick'), { requests: 0, instances: [{ requests: 0 }] }, 'once')
  }
})

t.test('one that leaves does not disturb the others', async (t) => {
  const url = await listen(await build(t))
  const [leaving, staying] = [await watch(t, url), await watch(t, url)]
  await next(leaving.events, 'tick')
  leaving.response.destroy()
  await next(staying.events, 'tick')
  await next(staying.events, 'tick')
})

t.test('all end when the application closes, which is not held up', async (t) => {
  const app = await build(t)
  const { response, events } = await watch(t, await listen(app))
  await next(events, 'tick')
  const ended = once(response, 'end')
  response.resume()
  await app.close()
  await ended
  t.ok(response.complete)
})

t.test('as many as may', async (t) => {
  const url = await listen(await build(t))
  for (let i = 0; i < 100; i++) await watch(t, url)
  const { response } = await watch(t, url)
  t.equal(response.statusCode, 503)
  t.match(response.headers, { 'content-type': 'application/problem+json', 'retry-after': '5' })
})
