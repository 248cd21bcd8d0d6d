import { once } from 'node:events'
import { connect } from 'node:net'
import { mock } from 'node:test'
import type { FastifyInstance, FastifyReply } from 'fastify'
import t, { type Test } from 'tap'
import { cachedApp } from './support/cached-app.js'

/*
 * A hit over HTTP/1.1 is sent as prepared text; over `inject` by Node, field by field. Both are the
 * same response, the first time and each time after.
 */

interface Sent {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: string
}

/** Returns all responses to requests written at once on one connection, byte by byte. */
async function exchange (app: FastifyInstance, requests: string): Promise<string> {
  const address = app.server.address()
  const socket = connect(
    typeof address === 'object' && address !== null ? address.port : 0,
    '127.0.0.1'
  )
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => { chunks.push(chunk) })
  socket.write(requests, 'latin1')
  await once(socket, 'end')
  return Buffer.concat(chunks).toString('latin1')
}

interface Asking {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly version?: string
}

const requestOf = (path: string, { method = 'GET', headers = {}, version = '1.1' }: Asking = {}) =>
  [
    `${method} ${path} HTTP/${version}`,
    'host: shop.example',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    ''
  ].join('\r\n')

/** Parses responses that each have a length, or no body. */
function parsed (text: string, methods: readonly string[]): Sent[] {
  const sent: Sent[] = []
  let rest = text
  for (const method of methods) {
    const end = rest.indexOf('\r\n\r\n')
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n')
    const headers: Record<string, string | string[]> = {}
    for (const line of lines) {
      const [name, value] = [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 2)
      ]
      headers[name] = headers[name] === undefined ? value : [headers[name], value].flat()
    }
    const status = Number(first.slice(9, 12))
    const length =
      method === 'HEAD' || status === 304 || status === 204 ? 0 : Number(headers['content-length'])
    sent.push({ status, headers, body: rest.slice(end + 4, end + 4 + length) })
    rest = rest.slice(end + 4 + length)
  }
  if (rest !== '') throw new Error(`more than was asked for: ${JSON.stringify(rest)}`)
  return sent
}

const CONNECTION = ['connection', 'keep-alive']
const withoutConnection = ({ status, headers, body }: Sent): Sent => ({
  status,
  headers: Object.fromEntries(
    Object.entries(headers).filter(([name]) => !CONNECTION.includes(name))
  ),
  body
})

async function injected (
  app: FastifyInstance,
  path: string,
  { method = 'GET', headers = {} }: Asking
): Promise<Sent> {
  const {
    statusCode,
    headers: got,
    rawPayload
  } = await app.inject({
    method: method as 'GET',
    url: path,
    headers: { host: 'shop.example', ...headers }
  })
  const texts = Object.entries(got).map(
    ([name, value]) => [name, Array.isArray(value) ? value : String(value)] as const
  )
  return withoutConnection({
    status: statusCode,
    headers: Object.fromEntries(texts),
    body: rawPayload.toString('latin1')
  })
}

const bytes = (length: number) => Buffer.from(Array.from({ length }, (_, i) => (i * 7) % 256))

const HANDLERS: Readonly<Record<string, (reply: FastifyReply) => unknown>> = {
  text: (reply) =>
    reply.type('text/plain; charset=utf-8').send('grüße\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'),
  bytes: (reply) => reply.send(bytes(300)),
  'most-joined': (reply) => reply.send(bytes(4096)),
  'not-joined': (reply) => reply.send(bytes(4097)),
  long: (reply) => reply.send(bytes(70_000)),
  empty: (reply) => reply.send(Buffer.alloc(0)),
  nothing: (reply) => reply.code(204).send(),
  tagged: (reply) =>
    reply
      .header('etag', '"v1"')
      .header('last-modified', 'Thu, 01 Jan 2026 00:01:00 GMT')
      .header('content-language', 'de')
      .send({ a: 1 }),
  several: (reply) =>
    reply
      .header('link', ['</a>; rel=preload', '</b>; rel=preload'])
      .header('x-latin', 'ü')
      .send('x'),
  moved: (reply) => reply.header('cache-control', 'max-age=60').redirect('/elsewhere', 301),
  missing: (reply) => reply.code(404).header('cache-control', 'max-age=60').send('no'),
  'own-control': (reply) => reply.header('cache-control', 'public, max-age=60').send('x'),
  // Hooks set it, too.
  overridden: (reply) =>
    reply.header('x-hook', 'handler').header('content-language', 'en').send('x'),
  removed: (reply) => {
    reply.removeHeader('x-hook')
    return reply.send('x')
  }
}

const HOOKS: Readonly<Record<string, (reply: FastifyReply) => void>> = {
  none: () => {},
  'a field': (reply) => {
    reply.header('x-hook', 'hook')
  },
  'fields of the body': (reply) => {
    reply
      .header('content-language', 'fr')
      .header('x-number', 5)
      .header('vary', ['origin', 'accept'])
  },
  'cache-control': (reply) => {
    reply.header('cache-control', 'public, max-age=5')
  },
  'the raw response': (reply) => {
    reply.raw.setHeader('x-raw', 'raw')
  }
}

const ASKED: readonly Asking[] = [
  {},
  { method: 'HEAD' },
  { headers: { 'if-none-match': '"v1"' } },
  { method: 'HEAD', headers: { 'if-none-match': '"v1"' } },
  { headers: { range: 'bytes=1-3' } }
]

async function servingApp (
  t: Test, hook: (reply: FastifyReply) => void, extend: (app: FastifyInstance) => void = () => {}
): Promise<FastifyInstance> {
  const app = await cachedApp(t, { origin: 'http://shop.example' })
  app.addHook('onRequest', async (_request, reply) => { hook(reply) })
  for (const [name, handler] of Object.entries(HANDLERS)) {
    app.get(`/${name}`, { config: { cache: { ttl: '1h', negative: '1h' } } }, (_request, reply) =>
      handler(reply)
    )
  }
  extend(app)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return app
}

for (const [name, hook] of Object.entries(HOOKS)) {
  t.test(`fields set by hooks: ${name}`, async (t) => {
    mock.timers.enable({ apis: ['Date'], now: Date.now() })
    t.teardown(() => { mock.timers.reset() })
    const app = await servingApp(t, hook)
    for (const path of Object.keys(HANDLERS).map((handler) => `/${handler}`)) {
      await injected(app, path, {})
      for (const asked of ASKED) {
        const expected = await injected(app, path, asked)
        const times = 4
        const text = await exchange(
          app,
          `${requestOf(path, asked).repeat(times)}${requestOf(path, { ...asked, headers: { ...asked.headers, connection: 'close' } })}`
        )
        const sent = parsed(text, Array.from({ length: times + 1 }, () => asked.method ?? 'GET'))
        t.match(expected.headers['cache-status'], /hit/)
        for (const one of sent) {
          t.strictSame(
            withoutConnection(one),
            expected,
            `${asked.method ?? 'GET'} ${path} ${JSON.stringify(asked.headers ?? {})}`
          )
        }
        t.strictSame(
          sent.map(({ headers }) => headers['connection']),
          [...Array.from({ length: times }, () => 'keep-alive'), 'close']
        )
      }
    }
  })
}

t.test('Age and the ttl advance by the second, even if the clock is set back', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: 1_790_000_000_000 })
  t.teardown(() => { mock.timers.reset() })
  const app = await servingApp(t, () => {})
  await injected(app, '/bytes', {})
  const told = async () => {
    const text = await exchange(
      app,
      requestOf('/bytes') + requestOf('/bytes', { headers: { connection: 'close' } })
    )
    const [first, second] = parsed(text, ['GET', 'GET'])
    t.strictSame(first?.headers['age'], second?.headers['age'])
    return `${String(first?.headers['age'])} ${String(/ttl=-?\d+/.exec(String(first?.headers['cache-status'])))}`
  }
  t.equal(await told(), '0 ttl=3600')
  mock.timers.setTime(1_790_000_000_001)
  t.equal(await told(), '0 ttl=3599')
  mock.timers.setTime(1_790_000_000_999)
  t.equal(await told(), '0 ttl=3599')
  mock.timers.setTime(1_790_000_001_000)
  t.equal(await told(), '1 ttl=3599')
  mock.timers.setTime(1_790_000_001_001)
  t.equal(await told(), '1 ttl=3598')
  mock.timers.setTime(1_790_000_000_500)
  t.equal(await told(), '0 ttl=3599')
})

t.test('onResponse hooks see the sent fields of their own reply', async (t) => {
  const seen: unknown[] = []
  const app = await servingApp(t, () => {}, (app) => {
    app.addHook('onResponse', async (request, reply) => {
      seen.push([
        reply.sent,
        String(reply.getHeader('content-length')),
        reply.getHeaders()['x-reader']
      ])
      reply.header('x-reader', request.id)
    })
  })
  await exchange(
    app,
    requestOf('/text').repeat(4) + requestOf('/text', { headers: { connection: 'close' } })
  )
  t.strictSame(seen, Array.from({ length: 5 }, () => [true, '30', undefined]))
})

t.test(
  'a field that Node refuses is an error of the application, whose response has a Date',
  async (t) => {
    let value = 'fine'
    const app = await servingApp(
      t,
      (reply) => {
        reply.header('x-hook', value)
      },
      (app) => {
        app.setErrorHandler((_error, _request, reply) =>
          reply.removeHeader('x-hook').code(500).send('refused')
        )
      }
    )
    await injected(app, '/text', {})
    value = 'line\nfeed'
    const [sent] = parsed(
      await exchange(app, requestOf('/text', { headers: { connection: 'close' } })),
      ['GET']
    )
    t.match(sent, { status: 500, body: 'refused', headers: { date: / GMT$/ } })
  }
)

t.test('a client of HTTP/1.0 gets its response, and the connection ends', async (t) => {
  const app = await servingApp(t, () => {})
  await injected(app, '/text', {})
  for (let i = 0; i < 3; i++) {
    const [sent] = parsed(await exchange(app, requestOf('/text', { version: '1.0' })), ['GET'])
    t.match(sent, { status: 200, headers: { connection: 'close', 'content-length': '30' } })
  }
})

/**
 * Returns the responses to hits of one path, the last one on a connection that it closes, and to a
 * later request for another path.
 */
async function afterHits (app: FastifyInstance, path: string, times: number): Promise<Sent[]> {
  await injected(app, path, {})
  const text = await exchange(
    app,
    requestOf(path).repeat(times) + requestOf('/bytes', { headers: { connection: 'close' } })
  )
  return parsed(text, Array.from({ length: times + 1 }, () => 'GET'))
}

t.test('a 204 is sent without the body that its handler has written', async (t) => {
  const app = await servingApp(t, () => {}, (app) => {
    app.get('/no-content', { config: { cache: { ttl: '1h' } } }, (_request, reply) => {
      reply.raw.writeHead(204).end('body')
    })
  })
  const sent = await afterHits(app, '/no-content', 4)
  t.strictSame(sent.map(({ status }) => status), [204, 204, 204, 204, 200])
  t.equal(sent.at(-1)?.body, bytes(300).toString('latin1'))
})

t.test('a HEAD request that the server treats as GET has no body', async (t) => {
  const app = await servingApp(t, () => {})
  await injected(app, '/text', {})
  app.server.prependListener('request', (request) => { request.method = 'GET' })
  const text = await exchange(
    app,
    requestOf('/text', { method: 'HEAD' }).repeat(4) +
      requestOf('/text', { method: 'HEAD', headers: { connection: 'close' } })
  )
  t.strictSame(
    parsed(
      text,
      Array.from({ length: 5 }, () => 'HEAD')
    ).map(({ status, body }) => ({ status, body })),
    Array.from({ length: 5 }, () => ({ status: 200, body: '' }))
  )
})

t.test('Node may count the bytes of a hit', async (t) => {
  const app = await servingApp(t, (reply) => { reply.raw.strictContentLength = true })
  const sent = await afterHits(app, '/text', 4)
  t.strictSame(sent.map(({ status }) => status), [200, 200, 200, 200, 200])
})

t.test('hooks that have replaced end() or write() see the body of every hit', async (t) => {
  const seen: string[] = []
  const app = await servingApp(t, ({ raw }) => {
    const write = raw.write.bind(raw) as (chunk: Buffer) => boolean
    const end = raw.end.bind(raw) as () => typeof raw
    Object.assign(raw, {
      write (chunk: Buffer) {
        seen.push(chunk.toString('latin1'))
        return write(chunk)
      },
      end (chunk?: Buffer) {
        if (chunk !== undefined && chunk !== null) raw.write(chunk)
        return end()
      }
    })
  })
  await injected(app, '/bytes', {})
  seen.splice(0)
  await exchange(
    app,
    requestOf('/bytes').repeat(4) + requestOf('/bytes', { headers: { connection: 'close' } })
  )
  t.strictSame(seen, Array.from({ length: 5 }, () => bytes(300).toString('latin1')))
})

t.test('fields of hooks that Node interprets are sent with all others', async (t) => {
  for (const [name, value] of [
    ['expect', '100-continue'],
    ['transfer-encoding', 'chunked']
  ] as const) {
    const app = await servingApp(t, (reply) => {
      reply.header(name, value)
    })
    await injected(app, '/empty', {})
    const text = await exchange(
      app,
      requestOf('/empty').repeat(3) + requestOf('/empty', { headers: { connection: 'close' } })
    )
    const heads = text.split('HTTP/1.1 200 OK\r\n').slice(1)
    t.equal(heads.length, 4)
    for (const head of heads) {
      t.match(head, /\r\ncache-status: weir; hit/)
      // Chunks are sent if the head declares them.
      t.equal(head.endsWith('\r\n\r\n0\r\n\r\n'), name === 'transfer-encoding')
    }
  }
})

t.test('values of a list are joined if the server is configured to join them', async (t) => {
  const server: object = { http: { uniqueHeaders: ['x-list'] } }
  const app = await cachedApp(t, { origin: 'http://shop.example' }, server)
  app.get('/list', { config: { cache: { ttl: '1h' } } }, (_request, reply) =>
    reply.header('x-list', ['a', 'b']).send('x')
  )
  await app.listen({ host: '127.0.0.1', port: 0 })
  await injected(app, '/list', {})
  const text = await exchange(
    app,
    requestOf('/list').repeat(3) + requestOf('/list', { headers: { connection: 'close' } })
  )
  for (const { headers } of parsed(text, ['GET', 'GET', 'GET', 'GET'])) {
    t.equal(headers['x-list'], 'a; b')
  }
})
