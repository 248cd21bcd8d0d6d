import { Readable } from 'node:stream'
import { mock } from 'node:test'
import { gunzipSync } from 'node:zlib'
import compress from '@fastify/compress'
import type { FastifyInstance, RouteHandlerMethod } from 'fastify'
import t, { type Test } from 'tap'
import { type Certificate, certificate } from '@weir/internal/testing'
import { askHttp, askHttp2, type Ask, type Got } from './support/ask.js'
import { cachedApp } from './support/cached-app.js'
import { nextEvent } from './support/next-event.js'

/* A hit repeats the sent response, and a refill repeats the request, over every transport. */

interface Transport {
  readonly server: (tls: Certificate) => object
  readonly ask: (app: FastifyInstance, path: string, ask?: Ask) => Promise<Got>
}

const TRANSPORTS: Readonly<Record<string, Transport>> = {
  http1: { server: () => ({}), ask: askHttp },
  'http1 with TLS': { server: (https) => ({ https }), ask: askHttp },
  http2: { server: () => ({ http2: true }), ask: askHttp2 },
  'http2 with TLS': { server: (tls) => ({ http2: true, https: tls }), ask: askHttp2 },
  'http1 of an http2 server': {
    server: (tls) => ({ http2: true, https: { ...tls, allowHTTP1: true } }),
    ask: askHttp
  }
}

const LONG = 'text that can be compressed '.repeat(100)

/** Every kind of payload, containing the number of its run. */
const HANDLERS: Readonly<Record<string, (run: number) => RouteHandlerMethod>> = {
  text: (run) => async () => `${run} ${LONG}`,
  json: (run) => async () => ({ run, text: LONG }),
  buffer: (run) => async (_request, reply) =>
    reply.type('text/plain').send(Buffer.from(`${run} ${LONG}`)),
  stream: (run) => async (_request, reply) =>
    reply.type('text/plain').send(Readable.from([`${run} `, LONG])),
  'web-stream': (run) => async () =>
    new Response(`${run} ${LONG}`, { headers: { 'content-type': 'text/plain' } }),
  generator: (run) => async (_request, reply) =>
    reply.type('text/plain').send(
      Readable.from(
        (async function * () {
          yield `${run} ${LONG}`
        })()
      )
    ),
  raw: (run) => (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/plain' })
    reply.raw.end(`${run} ${LONG}`)
  }
}

async function listening (
  t: Test,
  transport: Transport,
  isCompressed: boolean
): Promise<FastifyInstance> {
  // Fastify's type depends on the server's protocol, which is the transport's here.
  const app = await cachedApp(
    t,
    { origin: undefined as never },
    transport.server(await certificate(t.testdir({})))
  )
  if (isCompressed) await app.register(compress, { threshold: 100 })
  for (const [name, handler] of Object.entries(HANDLERS)) {
    let runs = 0
    app.get(
      `/${name}/*`,
      { config: { cache: { ttl: '10s', staleWhileRevalidate: '1m', public: true } } },
      function (request, reply) {
        reply.header(
          'x-seen',
          `${request.protocol} ${request.host} ${request.url} ${String(request.headers['x-api-key'])}`
        )
        return handler(++runs).call(this, request, reply)
      }
    )
    app.get(`/fresh/${name}`, { config: { cache: { ttl: '1m' } } }, function (request, reply) {
      return handler(++runs).call(this, request, reply)
    })
  }
  await app.listen({ host: '127.0.0.1', port: 0 })
  return app
}

const textOf = ({ headers, body }: Got) =>
  headers['content-encoding'] === 'gzip' ? gunzipSync(Buffer.from(body, 'latin1')).toString() : body

/** Returns what a client sees, except times, the connection, and undeclared lengths. */
function seen (got: Got) {
  const {
    age: _,
    date: __,
    'cache-status': ___,
    'content-length': ____,
    connection: _____,
    'keep-alive': ______,
    'transfer-encoding': _______,
    ...headers
  } = got.headers
  return { status: got.status, headers, body: textOf(got) }
}

for (const [name, transport] of Object.entries(TRANSPORTS)) {
  for (const isCompressed of [false, true]) {
    t.test(
      `${name}${isCompressed ? ', compressed' : ''}: a hit, a part, a HEAD and a 304 match the sent response`,
      async (t) => {
        const app = await listening(t, transport, isCompressed)
        const headers = isCompressed ? { 'accept-encoding': 'gzip' } : {}
        for (const kind of Object.keys(HANDLERS)) {
          const ask = (more: Ask = {}) =>
            transport.ask(app, `/fresh/${kind}`, {
              ...more,
              headers: { ...headers, ...more.headers }
            })
          const miss = await ask()
          const hit = await ask()
          t.match(hit.headers['cache-status'], /hit/, kind)
          t.equal(
            miss.headers['content-encoding'],
            isCompressed && kind !== 'raw' ? 'gzip' : undefined,
            kind
          )
          t.strictSame(seen(hit).body, seen(miss).body, kind)
          t.strictSame(
            { ...seen(hit).headers, etag: miss.headers['etag'] },
            { ...seen(miss).headers, etag: miss.headers['etag'] },
            kind
          )
          t.equal(Number(hit.headers['content-length']), hit.body.length, kind)

          const head = await ask({ method: 'HEAD' })
          t.strictSame(
            [head.status, head.body, head.headers['content-length']],
            [200, '', hit.headers['content-length']],
            kind
          )
          const { etag } = hit.headers
          if (typeof etag === 'string') {
            const known = await ask({ headers: { 'if-none-match': etag } })
            t.strictSame(
              [known.status, known.body, known.headers['cache-control']],
              [304, '', hit.headers['cache-control']],
              kind
            )
          }
          const part = await transport.ask(app, `/fresh/${kind}`, {
            headers: { range: 'bytes=0-3' }
          })
          // The first one with a range fills the variant without encoding.
          const again = await transport.ask(app, `/fresh/${kind}`, {
            headers: { range: 'bytes=0-3' }
          })
          t.ok([200, 206].includes(part.status), kind)
          t.strictSame(
            [again.status, again.body.length, again.headers['cache-control']],
            [206, 4, hit.headers['cache-control']],
            kind
          )
        }
      }
    )
  }

  t.test(
    `${name}: a stale response is refilled for the same target, without any credentials`,
    async (t) => {
      mock.timers.enable({ apis: ['Date'], now: Date.now() })
      t.teardown(() => {
        mock.timers.reset()
      })
      const app = await listening(t, transport, false)
      for (const kind of Object.keys(HANDLERS)) {
        for (const path of ['a', '%61%2Fb', 'a/../b', 'a//b?x=%2e%2e/../c']) {
          const ask = (headers: Record<string, string> = {}) =>
            transport.ask(app, `/${kind}/${path}`, { headers: { ...headers } })
          const first = await ask()
          mock.timers.tick(15_000)
          const refilled = nextEvent('store')
          const stale = await ask({ 'x-api-key': 'secret' })
          t.equal(textOf(stale), textOf(first), `${kind} ${path}`)
          await refilled
          const fresh = await ask()
          t.equal(fresh.headers['x-seen'], first.headers['x-seen'], `${kind} ${path}`)
          t.not(textOf(fresh), textOf(first), `${kind} ${path}`)
        }
      }
    }
  )
}
