import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { Type } from 'typebox'
import redis from '../redis/index.js'
import { buildService, testEnv } from './support/service-app.js'

t.test('request ids: a valid one is adopted, any other replaced', async (t) => {
  const { app } = await buildService(t)
  const idFor = async (given: string) =>
    (await app.inject({ url: '/health/live', headers: { 'x-request-id': given } })).headers[
      'x-request-id'
    ]
  for (const given of ['a', 'Az09._-', 'x'.repeat(64)]) t.equal(await idFor(given), given)
  for (const given of ['', 'x'.repeat(65), 'a b', 'a"', 'ä', 'a, b']) {
    t.match(await idFor(given), /^[\da-f-]{36}$/)
  }
  t.not(
    (await app.inject('/health/live')).headers['x-request-id'],
    (await app.inject('/health/live')).headers['x-request-id']
  )
})

t.test(
  'one line per response: from 400 on at info, others at debug; secrets are hidden',
  async (t) => {
    const quiet = await buildService(t)
    await quiet.app.inject('/health/live')
    t.strictSame(quiet.lines, [])
    await quiet.app.inject('/nowhere')
    t.match(quiet.lines, [
      {
        level: 30,
        msg: 'response',
        service: 'demo',
        instance: 'demo-0',
        req: { url: '/nowhere' },
        res: { statusCode: 404 }
      }
    ])
    t.equal(quiet.lines.length, 1)

    const chatty = await buildService(t, testEnv({ LOG_LEVEL: 'debug', INSTANCE: 'one' }))
    await chatty.app.inject('/health/live')
    t.match(chatty.lines, [{ level: 20, msg: 'response', instance: 'one', responseTime: Number }])
    t.equal(chatty.lines.length, 1)

    const headers = {
      authorization: 'Bearer s3cret',
      cookie: 's3cret',
      'set-cookie': 's3cret',
      'x-api-key': 's3cret',
      accept: 'text/html'
    }
    quiet.app.log.warn({ ...headers, headers, req: { ...headers, headers } }, 'careless')
    t.notMatch(JSON.stringify(quiet.lines.at(-1)), 's3cret')
    t.match(quiet.lines.at(-1), { headers: { accept: 'text/html', authorization: '[redacted]' } })
  }
)

t.test('TRUST_PROXY reaches Fastify: only such a proxy names the client', async (t) => {
  for (const [TRUST_PROXY, ip] of [
    ['127.0.0.1', '203.0.113.9'],
    ['10.0.0.0/8', '127.0.0.1'],
    ['', '127.0.0.1']
  ] as const) {
    const { app } = await buildService(t, testEnv({ TRUST_PROXY }))
    app.get('/ip', async (request) => request.ip)
    t.equal(
      (await app.inject({ url: '/ip', headers: { 'x-forwarded-for': '203.0.113.9' } })).body,
      ip,
      TRUST_PROXY
    )
  }
})

t.test('health: live names the instance, ready lists each check', async (t) => {
  let database: () => boolean | Promise<boolean> = () => true
  const { app } = await buildService(t, testEnv(), { checks: { database: () => database() } })
  const live = await app.inject('/health/live')
  t.strictSame(live.json(), { status: 'ok', service: 'demo', version: '1.2.3' })
  t.equal(live.headers['cache-control'], 'no-store')

  const ready = await app.inject('/health/ready')
  t.equal(ready.statusCode, 200)
  t.equal(ready.headers['cache-control'], 'no-store')
  t.strictSame(ready.json(), { status: 'ready', checks: { database: 'ok', load: 'ok' } })

  for (const failing of [
    () => false,
    () => {
      throw new Error('gone')
    },
    async () => {
      throw new Error('gone')
    },
    async () => new Promise<boolean>(() => {})
  ]) {
    database = failing
    const response = await app.inject('/health/ready')
    t.equal(response.statusCode, 503)
    t.strictSame(response.json(), {
      status: 'not ready',
      checks: { database: 'failed', load: 'ok' }
    })
  }
})

t.test('health: Redis is reported and not required', async (t) => {
  const { app } = await buildService(t)
  await app.register(redis, { url: '/nonexistent/redis.sock', readyTimeout: 0 })
  const response = await app.inject('/health/ready')
  t.equal(response.statusCode, 200)
  t.strictSame(response.json(), { status: 'ready', checks: { load: 'ok', redis: 'failed' } })
})

t.test(
  'closing: not ready any more, requests on open connections are answered, none of them delays it',
  async (t) => {
    const { app } = await buildService(t)
    let release = () => {}
    const entered = new Promise<void>((resolve) => {
      app.get('/slow', async () => {
        resolve()
        await new Promise<void>((resolve) => {
          release = resolve
        })
        return 'done'
      })
    })
    const began = new Promise<void>((resolve) => {
      app.addHook('preClose', async () => {
        resolve()
      })
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const port = Number(new URL(app.listeningOrigin).port)
    const silent = connect(port, '127.0.0.1')
    await once(silent, 'connect')
    const busy = connect(port, '127.0.0.1')
    busy.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n')
    await entered

    const closed = app.close()
    await began
    busy.write('GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\n')
    app.server.once('request', () => {
      release()
    })
    t.match(await text(busy), /^HTTP\/1\.1 200 [^]*done[^]*HTTP\/1\.1 503 [^]*"status":"closing"/)
    await closed
    t.equal(await text(silent), '')
  }
)

t.test(
  'overloaded: 503 with Retry-After, but health answers; and a service without a limit never refuses',
  async (t) => {
    const { app } = await buildService(t)
    const { app: tireless } = await buildService(t, undefined, { maxEventLoopDelay: 0 })
    for (const each of [tireless, app]) {
      each.get('/work', async () => 'done')
      await each.ready()
    }
    t.equal((await app.inject('/work')).statusCode, 200)
    const settled = performance.now() + 2000
    // The delay is measured once a second as a mean. Delays caused by the boot are ignored.
    while (!app.isUnderPressure() || performance.now() < settled) {
      const until = performance.now() + 1500
      while (performance.now() < until);
      await setImmediate()
    }
    t.equal((await tireless.inject('/work')).statusCode, 200)
    const refused = await app.inject('/work')
    t.equal(refused.statusCode, 503)
    t.equal(refused.headers['retry-after'], '5')
    t.match(refused.json(), { code: 'WEIR_ERR_OVERLOADED', title: 'Service Unavailable' })
    t.equal((await app.inject('/health/live')).statusCode, 200)
    t.match((await app.inject('/health/ready')).json(), {
      status: 'not ready',
      checks: { load: 'failed' }
    })
  }
)

t.test('OpenAPI: every route with its schema, and a UI whose policy lets it run', async (t) => {
  const { app } = await buildService(t)
  app.get(
    '/items',
    { schema: { summary: 'All items', querystring: Type.Object({ limit: Type.Integer() }) } },
    async () => []
  )
  const spec = await app.inject('/docs/json')
  t.equal(spec.headers['cache-control'], 'no-store')
  t.match(spec.json(), {
    openapi: '3.1.0',
    info: { title: 'Demo', version: '1.2.3' },
    paths: {
      '/items': { get: { summary: 'All items', parameters: [{ name: 'limit' }] } },
      '/health/ready': { get: {} }
    }
  })
  for (const url of ['/docs', '/docs/']) {
    const page = await app.inject(url)
    t.equal(page.statusCode, 200, url)
    t.match(page.headers['content-type'], 'text/html')
    t.equal(page.headers['cache-control'], 'no-store')
    t.match(page.headers['content-security-policy'], 'script-src \'self\'')
    for (const [, source = ''] of page.body.matchAll(/src="([^"]+)"/g)) {
      const script = await app.inject(new URL(source, `http://localhost${url}`).pathname)
      t.equal(script.statusCode, 200, source)
      t.match(script.headers['content-type'], 'javascript')
    }
  }
})
