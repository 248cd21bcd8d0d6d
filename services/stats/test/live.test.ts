import { once } from 'node:events'
import { request } from 'node:http'
import { type FastifyInstance } from 'fastify'
import t from 'tap'
import { type Tick as Counted } from '@weir/console'
import { build, metricsIn } from './support/build.js'
import { next, watch } from './support/events.js'
import { record, series, state } from './support/records.js'
import { tempDir } from './support/temp-dir.js'

const JWT_SECRET = 'a secret of the tests, which is long enough'

interface Tick extends Counted { readonly connected: boolean }

const listen = async (app: FastifyInstance) =>
  `${await app.listen({ port: 0, host: '127.0.0.1' })}/api/stats/live`

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
  t.match(first, {
    connected: true,
    requests: 0,
    requestsPerSecond: 0,
    hitRatio: null,
    redis: null,
    instances: { length: 0 }
  })

  const at = Date.now()
  const invalidations = [
    { at, namespace: 'responses', tags: ['product:1', 'products'] },
    { at: at + 1, namespace: 'responses', tags: [] }
  ]
  await metrics.write(state(at, { invalidations }), [
    record(Math.floor(at / 60_000), 1, {
      l1: series(6, { shared: 2, savedMicros: 9000 }),
      miss: series(2),
      limited: series(1)
    })
  ])
  for (const { events } of [a, b]) {
    t.same(await next(events, 'invalidated'), {
      service: 'catalog',
      instance: 'catalog-1',
      ...invalidations[0]
    })
    t.same(await next(events, 'invalidated'), {
      service: 'catalog',
      instance: 'catalog-1',
      ...invalidations[1]
    })
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
      instances: [
        {
          instance: 'catalog-1',
          service: 'catalog',
          alive: true,
          requests: 9,
          outcomes: { l1: 6 }
        }
      ]
    })
    t.ok(tick.requestsPerSecond > 0)
    t.match(await next<Tick>(events, 'tick'), { requests: 0, instances: [{ requests: 0 }] }, 'once')
  }
})

t.test('HEAD says how it would be told, and ends', async (t) => {
  const app = await build(t)
  const head = await app.inject({ method: 'HEAD', url: '/api/stats/live' })
  t.equal(head.statusCode, 200)
  t.match(head.headers, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store'
  })
  t.equal(
    (await app.inject({ method: 'POST', url: '/api/stats/live' })).headers.allow,
    'GET, HEAD, OPTIONS'
  )
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

/** A proxy in front forwards the address of the client. */
const PROXIED = { TRUST_PROXY: '127.0.0.1' }
const from = (client: string) => ({ 'x-forwarded-for': client })

t.test('as many as may', async (t) => {
  const url = await listen(await build(t, undefined, PROXIED))
  for (let i = 0; i < 100; i++) await watch(t, url, from(`192.0.2.${i % 10}:${i}`))
  const { response } = await watch(t, url, from('192.0.2.99'))
  t.equal(response.statusCode, 503)
  t.match(response.headers, { 'content-type': 'application/problem+json', 'retry-after': '5' })
})

t.test('one client cannot hold all places, whatever addresses of its own it has', async (t) => {
  const url = await listen(await build(t, undefined, PROXIED))
  const statuses = []
  for (let i = 0; i < 12; i++) {
    statuses.push((await watch(t, url, from(`[2001:db8::${i}]:${i + 1}`))).response.statusCode)
  }
  t.same(statuses, [...Array<number>(10).fill(200), 429, 429])
  const refused = await watch(t, url, from('2001:db8::1'))
  t.match(refused.response.headers, {
    'content-type': 'application/problem+json',
    'retry-after': '5'
  })
  t.equal((await watch(t, url, from('2001:db8:0:1::1'))).response.statusCode, 200, 'another client')
})

t.test('a user is one client, from anywhere', async (t) => {
  const app = await build(t, undefined, { ...PROXIED, JWT_SECRET, DEMO_USERS: 'true' })
  const url = await listen(app)
  const authorization = `Bearer ${app.jwt.HS256.sign({ sub: 'alice', role: 'reader' }, { expiresIn: '1h' })}`
  for (let i = 0; i < 10; i++) await watch(t, url, { authorization, ...from(`192.0.2.${i}`) })
  t.equal((await watch(t, url, { authorization, ...from('192.0.2.11') })).response.statusCode, 429)
  t.equal((await watch(t, url, from('192.0.2.1'))).response.statusCode, 200)
})

/** Returns a promise per closed connection, resolved once the server has noticed the close. */
function gone (app: FastifyInstance): { next (): Promise<void> } {
  const waiting: (() => void)[] = []
  app.addHook('onRequest', async (_request, reply) => {
    reply.raw.once('close', () => { setImmediate(() => { waiting.shift()?.() }) })
  })
  return { next: () => new Promise((resolve) => { waiting.push(resolve) }) }
}

t.test('a place is free as soon as a client goes, however it goes', async (t) => {
  const app = await build(t)
  const left = gone(app)
  const url = await listen(app)
  const watching = []
  for (let i = 0; i < 10; i++) watching.push(await watch(t, url))
  for (const [i, { response }] of watching.entries()) {
    const refused = left.next()
    t.equal((await watch(t, url)).response.statusCode, 429)
    await refused
    const seen = left.next()
    if (i % 2 === 0) response.socket.resetAndDestroy()
    else response.destroy()
    await seen
    t.equal((await watch(t, url)).response.statusCode, 200)
  }
})

t.test('a client that goes before it is answered takes no place along', async (t) => {
  const app = await build(t)
  const left = gone(app)
  let asked = () => {}
  app.addHook('preHandler', async (request, reply) => {
    if (request.headers['x-leaves'] === undefined) return
    const over = once(reply.raw, 'close')
    asked()
    await over
  })
  const url = await listen(app)
  for (let i = 0; i < 10; i++) {
    const here = new Promise<void>((resolve) => { asked = resolve })
    const asking = request(url, { headers: { 'x-leaves': '1' } }).on('error', () => {}).end()
    await here
    const seen = left.next()
    asking.destroy()
    await seen
  }
  for (let i = 0; i < 10; i++) t.equal((await watch(t, url)).response.statusCode, 200)
})
