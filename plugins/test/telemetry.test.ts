import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor
} from '@opentelemetry/sdk-trace-base'
import Fastify, { type FastifyInstance } from 'fastify'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { memoryStore } from '@weir/cache/memory'
import { createEdge, edgeMigration, type EdgeSchema } from '@weir/edge'
import { memoryStore as limitStore } from '@weir/limiter'
import {
  createOutbox,
  ImmediateSqliteDialect,
  outboxMigration,
  type OutboxSchema
} from '@weir/outbox'
import Database from 'better-sqlite3'
import { Kysely } from 'kysely'
import { tracing } from '../active-tracing.js'
import rateLimit from '../rate-limit/index.js'
import responseCache from '../response-cache/index.js'
import telemetry, { type TelemetryOptions, traceCall, traceHeaders } from '../telemetry/index.js'
import { gate } from './support/cached-app.js'

const OPTIONS = { service: 'shop', instance: 'shop-1' }
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const PARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`

t.test('without an endpoint and a provider it does nothing', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(telemetry, OPTIONS)
  t.notOk(app.hasPlugin('@fastify/otel'))
  t.equal(tracing(), undefined)
  t.strictSame(traceHeaders(), {})
  const call = { method: 'GET', origin: 'http://127.0.0.1:1', path: '/' }
  t.strictSame(await traceCall(call, async (headers) => ({ status: 200, headers })), {
    status: 200,
    headers: {}
  })
})

t.test('wrong options fail at once', async (t) => {
  const wrong: ReadonlyArray<readonly [TelemetryOptions, string]> = [
    [{ ...OPTIONS, endpoint: 'collector:4318' }, 'endpoint'],
    [{ ...OPTIONS, service: '' }, 'service'],
    // @ts-expect-error: what plain JavaScript may give
    [{ ...OPTIONS, sampler: 'always_on' }, 'sampler']
  ]
  for (const [options, name] of wrong) {
    await t.rejects(async () => { await Fastify().register(telemetry, options) }, {
      code: 'WEIR_ERR_PLUGIN_OPTION',
      message: new RegExp(name)
    })
  }
})

t.test('an endpoint that accepts nothing is logged once', async (t) => {
  const lines: string[] = []
  const stream = { write (line: string) { lines.push(line) } }
  const app = Fastify({ logger: { level: 'warn', stream } })
  await app.register(telemetry, { ...OPTIONS, endpoint: 'http://127.0.0.1:1/' })
  app.get('/', async () => 'hello')
  await app.inject('/')
  await app.close()
  t.match(lines, [/the collector does not accept spans|the last spans were not sent/])
  t.equal(lines.length, 1)
  t.equal(tracing(), undefined)
})

t.test('a process ends with its app, whatever the collector does', async (t) => {
  const index = new URL('../telemetry/index.js', import.meta.url).href
  const app = (endpoint: string) => `
    import Fastify from 'fastify'
    import telemetry from ${JSON.stringify(index)}
    const app = Fastify()
    await app.register(telemetry, { service: 's', instance: 'i', endpoint: '${endpoint}' })
    app.get('/', async () => 'p')
    await app.inject('/')
    await app.close()
    process.send('closed')
    process.disconnect()`
  const hanging = createServer((request) => { request.resume() })
  const dripping = createServer((_request, response) => {
    const drip = setInterval(() => { response.write(' ') }, 100)
    response.once('close', () => { clearInterval(drip) })
  })
  const endpoints = ['http://127.0.0.1:1']
  for (const server of [hanging, dripping]) {
    t.teardown(() => { server.close().closeAllConnections() })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('it is a port')
    endpoints.push(`http://127.0.0.1:${address.port}`)
  }
  await Promise.all(endpoints.map(async (endpoint) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', app(endpoint)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc']
    })
    const exited = once(child, 'exit')
    t.strictSame(await once(child, 'message'), ['closed', undefined])
    const late = AbortSignal.timeout(4000)
    late.onabort = () => { child.kill('SIGKILL') }
    t.strictSame(await exited, [0, null], `${endpoint} does not hold the process`)
  }))
})

t.test('with a provider', async (t) => {
  const exporter = new InMemorySpanExporter()
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  )
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  const spans = () => exporter.getFinishedSpans()
  const servers = () => spans().filter(({ kind }) => kind === SpanKind.SERVER)

  async function shop (t: Test): Promise<FastifyInstance> {
    exporter.reset()
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(telemetry, OPTIONS)
    await app.register(responseCache, { store: memoryStore(), origin: 'http://shop.test' })
    return app
  }

  /** The last span of a request, once there are as many. */
  async function server (count: number): Promise<ReadableSpan> {
    while (servers().length < count) await new Promise((resolve) => { setImmediate(resolve) })
    const span = servers()[count - 1]
    if (span === undefined) throw new Error('there are as many')
    return span
  }

  await t.test('the span of a hit ends, although the reply is hijacked', async (t) => {
    const app = await shop(t)
    app.get('/products/:id', { config: { cache: { ttl: '1m', tags: ['a', 'b'] } } }, async () => 'p')
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const ask = async () =>
      (await fetch(`${url}/products/1?secret=1`, { headers: { traceparent: PARENT } })).text()
    await ask()
    await ask()
    const [miss, hit] = [await server(1), await server(2)]
    for (const span of [miss, hit]) {
      t.equal(span.name, 'GET /products/:id')
      t.equal(span.spanContext().traceId, TRACE_ID)
      t.equal(span.parentSpanContext?.spanId, PARENT.split('-')[2])
      t.match(span.attributes, { 'http.response.status_code': 200, 'http.route': '/products/:id' })
      t.notMatch(JSON.stringify(span.attributes), /secret/)
      t.equal(span.status.code, SpanStatusCode.UNSET)
    }
    t.equal(miss.attributes['weir.cache.outcome'], 'miss')
    t.match(hit.attributes, {
      'weir.cache.outcome': 'l1',
      'weir.cache.key_hash': /^[\da-f]{16}$/,
      'weir.cache.filled_by': String
    })
    t.ok(Number(hit.attributes['weir.cache.tags.count']) >= 2)
  })

  await t.test('a refill has a trace of its own, linked to its cause', async (t) => {
    const app = await shop(t)
    let refill = () => {}
    const refilled = new Promise<boolean>((resolve) => { refill = () => { resolve(true) } })
    let fills = 0
    const cache = { ttl: 1, staleWhileRevalidate: '1h' } as const
    app.get('/', { config: { cache } }, async () => {
      if (++fills === 2) refill()
      return 'p'
    })
    const ask = () => app.inject({ url: '/', headers: { traceparent: PARENT } })
    // The response is stale within a millisecond.
    while (!(await Promise.race([refilled, ask().then(() => false)])));
    const isRefill = ({ attributes }: ReadableSpan) =>
      attributes['weir.cache.outcome'] === 'refill'
    while (!servers().some(isRefill)) await new Promise((resolve) => { setImmediate(resolve) })
    const refilling = servers().find(isRefill)
    const cause = servers().find((span) =>
      span.spanContext().spanId === refilling?.links[0]?.context.spanId
    )
    t.equal(refilling?.parentSpanContext, undefined)
    t.not(refilling?.spanContext().traceId, TRACE_ID)
    t.match(cause?.attributes, { 'weir.cache.outcome': 'stale' })
    const fill = spans().find(({ name, parentSpanContext }) =>
      name === 'fill responses' && parentSpanContext?.spanId === refilling?.spanContext().spanId
    )
    t.match(fill?.attributes, { 'weir.cache.fill.background': true })
  })

  await t.test('a handler with a body is within the span, and calls continue it', async (t) => {
    const app = await shop(t)
    let headers: Readonly<Record<string, string>> = {}
    app.post('/', async () => {
      const call = { method: 'GET', origin: 'https://other.test', path: '/x?secret=1' }
      return traceCall(call, async (given) => {
        headers = given
        return { status: 503 }
      })
    })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const body = JSON.stringify({ long: 'x'.repeat(100_000) })
    const type = { 'content-type': 'application/json' }
    await fetch(url, { method: 'POST', body, headers: { ...type, traceparent: PARENT } })
    const request = await server(1)
    const call = spans().find(({ kind }) => kind === SpanKind.CLIENT)
    t.equal(call?.parentSpanContext?.spanId, request.spanContext().spanId)
    t.equal(headers['traceparent'], `00-${TRACE_ID}-${call?.spanContext().spanId}-01`)
    t.match(call?.attributes, {
      'server.address': 'other.test',
      'server.port': 443,
      'url.path': '/x',
      'http.response.status_code': 503
    })
    t.equal(call?.status.code, SpanStatusCode.ERROR)
  })

  await t.test('the span of a call has no query, and no token of its path', async (t) => {
    const app = await shop(t)
    const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.0123456789'
    const paths = {
      [`/reset/${token}`]: '/reset/[redacted]',
      '/a;jsessionid=secret/b': '/a;jsessionid=[redacted]/b',
      '/products/42?q=secret': '/products/42',
      '/products/42#access_token=secret': '/products/42',
      '/products/42?next=/a?token=secret': '/products/42',
      '?q=secret': ''
    }
    app.get('/', async () => {
      for (const path of Object.keys(paths)) {
        await traceCall({ method: 'GET', origin: 'https://a:secret@other.test', path }, async () => ({
          status: 200
        }))
      }
    })
    await app.inject('/')
    await server(1)
    const calls = spans().filter(({ kind }) => kind === SpanKind.CLIENT)
    t.strictSame(calls.map(({ attributes }) => attributes['url.path']), Object.values(paths))
    t.notMatch(JSON.stringify(calls.map(({ attributes }) => attributes)), /secret|eyJ|0123456789/)
  })

  await t.test('a refusal is no error of the server, and a failure is', async (t) => {
    const app = await shop(t)
    app.get('/refused', () => { throw Object.assign(new Error('no'), { statusCode: 403 }) })
    app.get('/failed', () => { throw new Error('broken') })
    await app.inject('/refused')
    await app.inject('/failed')
    await app.inject('/nowhere')
    const [refused, failed, nowhere] = [await server(1), await server(2), await server(3)]
    t.equal(refused.status.code, SpanStatusCode.OK)
    t.match(failed, {
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'error.type': '500' },
      events: []
    })
    t.match(nowhere, { name: 'GET', attributes: { 'http.response.status_code': 404 } })
  })

  await t.test('spans have no parameters of paths and no messages of errors', async (t) => {
    const app = await shop(t)
    const fail = () => { throw new Error('secret=1') }
    app.get('/plain', async () => 'p')
    app.get('/reset/:token', async () => 'p')
    app.get('/files/*', async () => 'p')
    app.get('/failed', fail)
    app.get('/filled', { config: { cache: { ttl: '1m' } } }, fail)
    app.get('/called', () => {
      const call = { method: 'GET', origin: 'http://u:secret@127.0.0.1:1', path: '/x?secret' }
      return traceCall(call, async () => fail())
    })
    const urls = [
      '/plain?secret', '/reset/secret', '/files/a/secret', '/nowhere/secret?secret',
      '/failed?secret', '/filled', '/called'
    ]
    for (const url of urls) await app.inject(url)
    await server(urls.length)
    const told = spans().map(({ name, attributes, status, events }) => ({
      name, attributes, status, events
    }))
    t.notMatch(JSON.stringify(told), /secret/)
    t.strictSame(servers().map(({ attributes }) => attributes['url.path']), [
      '/plain', undefined, undefined, undefined, '/failed', '/filled', '/called'
    ])
    t.match(spans().find(({ kind }) => kind === SpanKind.CLIENT), {
      status: { code: SpanStatusCode.ERROR, message: undefined },
      attributes: { 'error.type': 'Error' }
    })
  })

  await t.test('the span of a client that leaves ends as well', async (t) => {
    const app = await shop(t)
    const arrived = gate()
    app.get('/', async () => {
      arrived.open()
      await new Promise(() => {})
    })
    const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
    const socket = connect(Number(port), '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nhost: shop.test\r\n\r\n')
    await arrived.opened
    socket.destroy()
    await once(socket, 'close')
    t.match(await server(1), { attributes: { 'error.type': 'client_gone' } })
  })

  await t.test('routes that are not counted have no spans', async (t) => {
    const app = await shop(t)
    app.get('/metrics', { config: { metrics: false } }, async () => 'figures')
    app.get('/', async () => 'p')
    await app.inject({ url: '/metrics', headers: { traceparent: PARENT } })
    await app.inject('/')
    t.equal((await server(1)).name, 'GET /')
  })

  await t.test("rate limits' store calls are spans, if they leave the process", async (t) => {
    const memory = limitStore()
    for (const kind of ['redis', 'memory']) {
      exporter.reset()
      const app = Fastify()
      t.teardown(() => app.close())
      await app.register(telemetry, OPTIONS)
      await app.register(rateLimit, {
        store: {
          kind,
          take: async (...args) => memory.take(...args),
          peek: async (...args) => memory.peek(...args),
          reset: (key) => memory.reset(key),
          close: async () => {}
        },
        limit: 100,
        window: '1m'
      })
      app.get('/', async () => 'p')
      await app.inject('/')
      const request = await server(1)
      const call = spans().find(({ name }) => name === 'take rate limit')
      if (kind === 'memory') t.equal(call, undefined)
      else {
        t.equal(call?.parentSpanContext?.spanId, request.spanContext().spanId)
        t.match(call, {
          kind: SpanKind.CLIENT,
          attributes: { 'db.system.name': 'redis', 'db.operation.name': 'take' }
        })
      }
    }
  })

  await t.test("a delivery is linked to the write, or part of the writer's trace", async (t) => {
    const app = await shop(t)
    const database = new Database(join(t.testdir(), 'service.db'))
    const db = new Kysely<OutboxSchema>({ dialect: new ImmediateSqliteDialect({ database }) })
    await outboxMigration.up(db)
    const options = { db, traceparent: () => traceHeaders()['traceparent'] }
    const failed = Object.assign(new Error('no answer'), { code: 'GONE' })
    let isDown = false
    const outbox = createOutbox({
      ...options, lease: 40, pollInterval: 20, invalidate: async () => { if (isDown) throw failed }
    })
    const relay = createOutbox({ ...options, invalidate: async () => {} })
    t.teardown(async () => {
      await relay.stop()
      await db.destroy()
    })
    app.post('/', async () => outbox.deliver(await outbox.queue(['tag'])))
    await app.inject({ method: 'POST', url: '/', headers: { traceparent: PARENT } })
    const deliveries = () => spans().filter(({ name }) => name === 'deliver responses')
    t.equal(
      deliveries()[0]?.parentSpanContext?.spanId, (await server(1)).spanContext().spanId
    )
    await relay.start()
    t.equal(deliveries().length, 1, 'nothing to deliver is no span')

    isDown = true
    exporter.reset()
    await app.inject({ method: 'POST', url: '/', headers: { traceparent: PARENT } })
    const write = await server(1)
    t.match(deliveries()[0], {
      status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'GONE' }
    })
    exporter.reset()
    const other = createOutbox({ ...options, invalidate: async () => {} })
    await other.start()
    await other.stop()
    const [relayed] = deliveries()
    t.match(relayed?.attributes, { 'weir.outbox.by': 'relay', 'weir.cache.tags.count': 1 })
    t.not(relayed?.spanContext().traceId, TRACE_ID)
    t.strictSame(
      relayed?.links.map(({ context }) => [context.traceId, context.spanId]),
      [[TRACE_ID, write.spanContext().spanId]]
    )
  })

  await t.test('each delivery to the edge is a span of the write, or linked to it', async (t) => {
    const database = new Database(join(t.testdir(), 'service.db'))
    const db = new Kysely<EdgeSchema>({ dialect: new ImmediateSqliteDialect({ database }) })
    await outboxMigration.up(db)
    await edgeMigration.up(db)
    const answers: (Error | undefined)[] = []
    const cdn = {
      name: 'cdn',
      wait: 1000,
      purge: async () => {
        const error = answers.shift()
        if (error !== undefined) throw error
      }
    }
    const start = () => {
      const edge = createEdge({ db, destinations: [cdn], handover: 0, pollInterval: 10 })
      const invalidate = async () => {}
      const traceparent = () => traceHeaders()['traceparent']
      const outbox = createOutbox({ db, invalidate, edge, traceparent, pollInterval: 10 })
      return { edge, outbox }
    }
    const { outbox } = start()
    t.teardown(() => db.destroy())
    const app = await shop(t)
    app.post('/', async () => outbox.deliver(await outbox.queue(['a', 'secret:1'])))
    const write = async () => {
      exporter.reset()
      await app.inject({ method: 'POST', url: '/', headers: { traceparent: PARENT } })
      return (await server(1)).spanContext().spanId
    }
    const purges = () => spans().filter(({ name }) => name === 'purge cdn')
    answers.push(new Error('secret:1'))
    const caller = await write()
    t.match(purges(), [{
      kind: SpanKind.CLIENT,
      parentSpanContext: { spanId: caller },
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'weir.edge.destination': 'cdn',
        'weir.edge.outcome': 'confirmed',
        'weir.edge.retries': 1,
        'weir.cache.tags.count': 2,
        'weir.outbox.by': 'caller'
      }
    }])
    // This instance stops; the relay of another one delivers.
    await outbox.stop()
    const left = await write()
    t.match(purges(), [{ attributes: { 'weir.edge.outcome': 'failed', 'error.type': 'WEIR_EDGE_STOPPED' } }])
    exporter.reset()
    const other = start()
    await other.outbox.start()
    while ((await other.edge.status())[0]?.pending !== 0) await new Promise(setImmediate)
    await other.outbox.stop()
    t.match(purges(), [{
      attributes: { 'weir.edge.outcome': 'confirmed', 'weir.outbox.by': 'relay' }
    }])
    t.match(purges()[0]?.links, [{ context: { traceId: TRACE_ID, spanId: left } }])
    // Housekeeping, and writes that are not traced, have none.
    exporter.reset()
    const plain = start()
    await plain.outbox.start()
    await plain.edge.purge(['b'])
    await plain.outbox.stop()
    t.strictSame(purges(), [])
    t.notMatch(JSON.stringify(spans().map(({ attributes, events }) => [attributes, events])), /secret/)
  })

  await t.test('several applications of a process trace, until the last is closed', async (t) => {
    const [one, two] = [Fastify(), Fastify()]
    await one.register(telemetry, OPTIONS)
    await two.register(telemetry, OPTIONS)
    await one.close()
    t.ok(tracing())
    await two.close()
    t.equal(tracing(), undefined)
  })
})
