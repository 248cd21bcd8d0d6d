import { createRequire } from 'node:module'
import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import { memoryStore as memory } from '@weir/cache/memory'
import { redisStore } from '@weir/cache/redis'
import { startRedis } from '@weir/internal/testing'
import { memoryStore } from '@weir/metrics'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import observability, { type BacklogSource } from '../observability/index.js'
import redis from '../redis/index.js'
import responseCache from '../response-cache/index.js'
import telemetry from '../telemetry/index.js'
import { gate } from './support/cached-app.js'

const OPTIONS = { service: 'shop', instance: 'shop-1' }
const observed = async (app: FastifyInstance, outbox?: BacklogSource) => {
  const given = outbox === undefined ? {} : { outbox }
  await app.register(observability, { store: memoryStore(), ...OPTIONS, ...given })
}

/** Returns the value of a series of /metrics; undefined if there is none. */
async function figure (app: FastifyInstance, series: string): Promise<number | undefined> {
  const { body } = await app.inject('/metrics')
  const line = body.split('\n').find((line) => line.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length))
}

function shop (t: Test): FastifyInstance {
  const app = Fastify()
  t.teardown(() => app.close())
  return app
}

t.test('the backlog of an outbox is exported, and never delays a scrape', async (t) => {
  const [rows, oldest] = ['weir_outbox_rows', 'weir_outbox_oldest_seconds'].map((name) =>
    `${name}{service="shop"}`
  )
  if (rows === undefined || oldest === undefined) throw new Error('there are two')
  const app = shop(t)
  await observed(app, { backlog: async () => ({ rows: 3, oldest: Date.now() - 5000 }) })
  t.equal(await figure(app, rows), 3)
  t.ok(Number(await figure(app, oldest)) >= 5)

  for (const backlog of [
    () => new Promise<never>(() => {}),
    async () => { throw new Error('locked') }
  ]) {
    const stuck = shop(t)
    await observed(stuck, { backlog })
    t.equal(await figure(stuck, rows), undefined)
  }
  const idle = shop(t)
  await observed(idle, { backlog: async () => ({ rows: 0, oldest: undefined }) })
  t.equal(await figure(idle, oldest), 0)
})

t.test('the versions of an instance are exported', async (t) => {
  const app = shop(t)
  await observed(app)
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }
  const labels = `service="shop",version="${version}",node="${process.version}"`
  t.equal(await figure(app, `weir_build_info{${labels}}`), 1)
})

t.test('reads of the store, fills, waits, lapses and the memory of Redis are exported', async (t) => {
  const server = await startRedis(t, { args: ['--maxmemory', '64mb'] })
  const client = await server.connect({ commandTimeout: 30_000 })
  const instances = await Promise.all([1, 2].map(async () => {
    const app = shop(t)
    await app.register(redis, { url: server.url, commandTimeout: 5000 })
    await observed(app)
    const store = redisStore({ client: app.redis })
    app.addHook('onClose', () => store.close())
    await app.register(responseCache, { store, origin: 'http://shop.test' })
    return app
  }))
  const [one, two] = instances
  if (one === undefined || two === undefined) throw new Error('there are two')
  const [started, ended] = [gate(), gate()]
  for (const app of instances) {
    app.get('/', { config: { cache: { ttl: '1m' } } }, async () => {
      started.open()
      await ended.opened
      return 'p'
    })
  }
  const first = one.inject('/')
  await started.opened
  const others = [one.inject('/'), two.inject('/')]
  for (let isAwaited = false; !isAwaited;) {
    const leases = await client.keys('*:fill')
    const holders = await Promise.all(leases.map((lease) => client.get(lease)))
    isAwaited = holders.some((holder) => holder?.endsWith('!'))
  }
  ended.open()
  await Promise.all([first, ...others])
  const responses = 'service="shop",cache="responses"'
  t.equal(
    await figure(one, `weir_fill_duration_seconds_count{${responses},outcome="stored"}`),
    1
  )
  for (const filler of ['here', 'elsewhere']) {
    const series = `weir_coalesced_wait_duration_seconds_count{${responses},filler="${filler}"}`
    // A wait begins anew after an interruption of the subscription.
    t.ok(Number(await figure(one, series)) >= 1, filler)
  }
  const reads = `weir_store_read_duration_seconds_count{${responses},operation="claim"}`
  t.ok(Number(await figure(one, reads)) >= 2)

  const used = 'weir_redis_used_memory_bytes{service="shop"}'
  t.ok(Number(await figure(one, used)) > 100_000)
  t.equal(await figure(one, 'weir_redis_max_memory_bytes{service="shop"}'), 64 * 1024 * 1024)
  t.equal(await figure(one, 'weir_redis_evicted_keys_total{service="shop"}'), 0)

  const late = 'weir_lease_losses_total{service="shop",reason="late"}'
  await one.inject('/')
  server.freeze()
  const begun = performance.now()
  while (performance.now() - begun < 200) await new Promise((resolve) => { setImmediate(resolve) })
  t.ok(Number(await figure(one, used)) > 100_000, 'a scrape does not wait for a frozen Redis')
  server.thaw()
  for (const end = Date.now() + 10_000; Date.now() < end && !((await figure(one, late)) ?? 0);) {
    await one.inject('/')
  }
  t.ok(Number(await figure(one, late)) > 0)
})

t.test('buckets have traced requests as exemplars, in OpenMetrics only', async (t) => {
  trace.setGlobalTracerProvider(new BasicTracerProvider())
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  t.teardown(() => {
    for (const api of [trace, context, propagation]) api.disable()
  })
  const app = shop(t)
  await app.register(telemetry, OPTIONS)
  await observed(app)
  await app.register(responseCache, { store: memory(), origin: 'http://shop.test' })
  app.get('/', async () => 'p')
  const id = '0af7651916cd43dd8448eb211c80319c'
  const parent = (flags: string) => ({ traceparent: `00-${id}-b7ad6b7169203331-${flags}` })
  await app.inject({ url: '/', headers: parent('00') })
  const ask = (accept: string) => app.inject({ url: '/metrics', headers: { accept } })
  const accept = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.1'
  t.notMatch((await ask(accept)).body, id, 'no exemplar leads to a trace that is not recorded')
  await app.inject({ url: '/', headers: parent('01') })
  const open = await ask(accept)
  t.match(open.headers['content-type'], /^application\/openmetrics-text/)
  t.match(open.body, new RegExp(
    `weir_request_duration_seconds_bucket\\{le="[^}]+\\} \\d+ # \\{trace_id="${id}"\\} [\\d.]+ \\d+`
  ))
  t.match(open.body, /^weir_requests_total\{.*\} 2$/m)
  t.match(open.body, /# EOF\n$/)
  const plain = await ask('text/plain')
  t.match(plain.headers['content-type'], /^text\/plain/)
  t.match(plain.body, /^weir_requests_total\{.*\} 2$/m)
  t.notMatch(plain.body, id)
})
