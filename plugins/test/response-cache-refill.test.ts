import { request as get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { mock } from 'node:test'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import { cachedApp, gate } from './support/cached-app.js'
import { nextEvent } from './support/next-event.js'

/*
 * A refill requests the same as its client, and reads no more of the response than may be stored.
 */
const CACHE = { ttl: '10s', staleWhileRevalidate: '60s' } as const

async function app (
  t: Test,
  server: FastifyServerOptions = {},
  options = {}
): Promise<FastifyInstance> {
  mock.timers.enable({ apis: ['Date'], now: 1e12 })
  t.teardown(() => mock.timers.reset())
  return cachedApp(t, options, server)
}

/** Sends a GET with the target as written: `inject` would resolve it. */
async function asIs (app: FastifyInstance, path: string): Promise<string> {
  if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    get({ port, path, agent: false }, (response) => {
      response.resume().once('end', () => {
        resolve(`${response.statusCode} ${String(response.headers['cache-status'])}`)
      })
    }).once('error', reject).end()
  })
}

/** Returns a stream of that many bytes, which reports its destruction and the bytes read. */
function source (bytes: number, chunk = Buffer.alloc(65_536)) {
  let read = 0
  const closed = gate()
  const stream = new Readable({
    read () {
      read += chunk.length
      this.push(read > bytes ? null : chunk)
    }
  })
  stream.once('close', closed.open)
  return { stream, closed: closed.opened, read: () => read }
}

t.test(
  'a body too large for the cache is not read to its end, and invalidates the stale response',
  async (t) => {
    for (const declared of [{}, { 'content-length': '600000000' }]) {
      const cached = await app(t, {}, { maxBodyBytes: 1e6 })
      const grown = source(600e6)
      let runs = 0
      cached.get('/file', { config: { cache: CACHE } }, async (_request, reply) => {
        if (++runs !== 2) return Buffer.from('small')
        return reply.headers(declared).send(grown.stream)
      })
      await cached.inject('/file')
      mock.timers.tick(15_000)
      const dropped = nextEvent('invalidate')
      t.match(await cached.inject('/file'), {
        body: 'small',
        headers: { 'cache-status': /hit; ttl=-5/ }
      })
      await Promise.all([dropped, grown.closed])
      t.ok(grown.read() < 2e6, `${grown.read()} bytes were read`)
      t.match((await cached.inject('/file')).headers['cache-status'], /stored/)
      mock.timers.reset()
    }
  }
)

t.test('the same applies to a response that may not be stored, or is written to reply.raw', async (t) => {
  for (const how of ['private', 'raw'] as const) {
    const cached = await app(t, {}, { maxBodyBytes: 1e6 })
    const grown = source(600e6)
    let runs = 0
    cached.get('/file', { config: { cache: CACHE } }, async (_request, reply) => {
      if (++runs === 1) return 'small'
      if (how === 'private') return reply.header('cache-control', 'private').send(grown.stream)
      reply.hijack()
      reply.raw.once('close', () => { grown.stream.destroy() })
      return grown.stream.pipe(reply.raw)
    })
    await cached.inject('/file')
    mock.timers.tick(15_000)
    t.match(await cached.inject('/file'), { body: 'small' })
    await grown.closed
    t.ok(grown.read() < 2e6, `${how}: ${grown.read()} bytes were read`)
    mock.timers.reset()
  }
})

t.test(
  'a stream that fits replaces the stale response; an aborted one does not',
  async (t) => {
    const cached = await app(t)
    const broken = gate()
    let runs = 0
    cached.get('/file', { config: { cache: CACHE } }, async () => {
      if (++runs === 2) {
        return Readable.from(
          (async function * () {
            yield 'half'
            broken.open()
            throw new Error('the disk is gone')
          })()
        )
      }
      return Readable.from([`whole ${runs}`])
    })
    t.equal((await cached.inject('/file')).body, 'whole 1')
    mock.timers.tick(15_000)
    t.equal((await cached.inject('/file')).body, 'whole 1')
    await broken.opened
    for (let i = 0; i < 10; i++) await new Promise(setImmediate)
    const refilled = nextEvent('store')
    t.equal((await cached.inject('/file')).body, 'whole 1', 'and is tried again')
    await refilled
    t.match(await cached.inject('/file'), { body: 'whole 3', headers: { 'cache-status': /hit/ } })
  }
)

t.test('a stream to a client, too, invalidates the stale response when it has become too large', async (t) => {
  const cached = await app(t, {}, { maxBodyBytes: 100 })
  let runs = 0
  const validators: unknown[] = []
  cached.get('/file', { config: { cache: { ttl: '10s' } } }, async (request, reply) => {
    validators.push(request.headers['if-none-match'])
    return ++runs === 2 ? Readable.from(['x'.repeat(101)]) : reply.header('etag', '"1"').send('x')
  })
  await cached.inject('/file')
  mock.timers.tick(15_000)
  t.equal((await cached.inject('/file')).body.length, 101)
  await cached.inject('/file')
  t.same(validators, [undefined, '"1"', undefined])
})

t.test('rewriteUrl is applied to a refill as to the request: once', async (t) => {
  const cached = await app(t, { rewriteUrl: ({ url = '' }) => `/v1${url}` })
  const asked: unknown[] = []
  let runs = 0
  cached.get('/v1/p', { config: { cache: CACHE } }, async ({ url, originalUrl }) => {
    asked.push([url, originalUrl])
    return `${++runs}`
  })
  await cached.inject('/p?a=1')
  mock.timers.tick(15_000)
  const refilled = nextEvent('store')
  await cached.inject('/p?a=1')
  await refilled
  t.match(await cached.inject('/p?a=1'), { body: '2', headers: { 'cache-status': /hit/ } })
  t.same(asked, [['/v1/p?a=1', '/p?a=1'], ['/v1/p?a=1', '/p?a=1']])
})

t.test(
  'the target of a refill is not resolved: dots, slashes and escapes arrive as they were sent',
  async (t) => {
    const cached = await app(t)
    const asked: string[] = []
    cached.get('/*', { config: { cache: CACHE } }, async ({ url }) => {
      asked.push(url)
      return 'x'
    })
    const targets = [
      '/a/../b',
      '/a/./b',
      '/c/%2e%2e/d',
      '/a%2Fb',
      '//host/b',
      '/a//b',
      '/a\\b',
      '/%7Euser',
      '/a?q=%2e%2e/../x',
      '/a|b'
    ]
    for (const target of targets) t.match(await asIs(cached, target), /^200 .*stored/, target)
    mock.timers.tick(15_000)
    for (const target of targets) {
      const refilled = nextEvent('store')
      t.match(await asIs(cached, target), /hit; ttl=-5/, target)
      await refilled
      t.match(await asIs(cached, target), /hit; ttl=10/, target)
    }
    t.same(asked, [...targets, ...targets])
  }
)

t.test('a guard that refuses refills is called once in ten seconds', async (t) => {
  const cached = await app(t)
  let refused = 0
  cached.get('/x', {
    preHandler: async (request, reply) => {
      if (request.headers.authorization === undefined) {
        refused++
        return reply.code(401).send()
      }
    },
    config: { cache: { ...CACHE, public: true } }
  }, async () => 'x')
  const get = async () =>
    String(
      (await cached.inject({ url: '/x', headers: { authorization: 'Bearer x' } })).headers[
        'cache-status'
      ]
    )
  await get()
  mock.timers.tick(15_000)
  for (const expected of [1, 2]) {
    for (let i = 0; i < 5; i++) {
      t.match(await get(), /hit; ttl=-/)
      await new Promise(setImmediate)
    }
    t.equal(refused, expected)
    mock.timers.tick(11_000)
  }
})
