import { channel } from 'node:diagnostics_channel'
import { certificate, type Certificate } from '@weir/internal/testing'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { startNginx } from '../support/nginx.js'
import { isHit, ours } from './cache-status.js'
import { stopClock } from './clock.js'
import { askInterim, checkAnswer, exchangeText } from './interim-client.js'
import { type Interim } from './origin.js'
import { proxiedApp, type ProxiedOptions } from './proxied-app.js'
import { gate } from './tally.js'
import { twoApps } from './two-apps.js'

const FRESH = { 'cache-control': 'max-age=600' }
const HINTS: Interim = [103, { link: '</a.css>; rel=preload', 'x-a': '1' }]
const SEEN = [[103, { link: '</a.css>; rel=preload', 'x-a': '1' }]] as const

interface Transport {
  readonly version: 1 | 2
  readonly server: (tls: Certificate) => object
}

const TRANSPORTS: Readonly<Record<string, Transport>> = {
  'HTTP/1.1': { version: 1, server: () => ({}) },
  'HTTP/1.1 with TLS': { version: 1, server: (https) => ({ https }) },
  'HTTP/2': { version: 2, server: () => ({ http2: true }) },
  'HTTP/2 with TLS': { version: 2, server: (https) => ({ http2: true, https }) },
  'HTTP/1.1 of an HTTP/2 server': {
    version: 1,
    server: (tls) => ({ http2: true, https: { ...tls, allowHTTP1: true } })
  }
}

for (const [name, { version, server }] of Object.entries(TRANSPORTS)) {
  t.test(`RFC 9110 15.2: interim responses of the origin reach clients of ${name}`, async (t) => {
    const { origin, url } = await proxiedApp(t, {
      server: server(await certificate(t.testdir({})))
    })
    const interim: Interim[] = [
      [102],
      [103, { link: ['</a.css>; rel=preload', '</b>'], 'set-cookie': 'a=1', 'x-a': 'ä' }],
      [
        104,
        {
          connection: 'x-hop',
          'x-hop': '1',
          'keep-alive': 'timeout=1',
          'content-length': '0',
          upgrade: 'x',
          'x-end': '1'
        }
      ],
      [199]
    ]
    const expected = [
      [102, {}],
      [103, { link: '</a.css>; rel=preload, </b>', 'set-cookie': ['a=1'], 'x-a': 'ä' }],
      [104, { 'x-end': '1' }],
      [199, {}]
    ]
    for (const [path, method, headers] of [
      ['/stored', 'GET', FRESH],
      ['/bypass', 'GET', { 'cache-control': 'no-store' }],
      ['/post', 'POST', FRESH],
      ['/head', 'HEAD', FRESH]
    ] as const) {
      const { open, opened } = gate()
      let left = interim.length
      // The response follows only after the client has received them.
      origin.on(path, { interim: [...interim, opened], headers, body: 'text' })
      const answer = await askInterim(version, url + path, {
        method,
        onInterim: () => {
          if (--left === 0) open()
        }
      })
      t.strictSame(answer.interim, expected, path)
      t.match(
        answer,
        {
          status: 200,
          body: method === 'HEAD' ? '' : 'text',
          headers: {
            link: undefined,
            'set-cookie': undefined,
            'x-a': undefined,
            'x-end': undefined
          }
        },
        path
      )
    }
    const hit = await askInterim(version, `${url}/stored`)
    t.ok(isHit(hit))
    checkAnswer(
      t,
      hit,
      { interim: [], body: 'text', headers: { link: undefined, 'x-a': undefined } },
      'nothing of them is stored'
    )
  })
}

t.test('RFC 9110 15.2: no interim responses to clients of HTTP/1.0', async (t) => {
  const { origin, url } = await proxiedApp(t)
  origin.on('/', { interim: [HINTS], headers: FRESH, body: 'text' })
  origin.on('/', { interim: [HINTS], body: 'text' })
  for (const method of ['GET', 'POST']) {
    const answer = await exchangeText(
      url,
      `${method} / HTTP/1.0\r\nHost: a\r\nContent-Length: 0\r\n\r\n`,
      '\r\n\r\ntext'
    )
    t.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
    t.notMatch(answer, /103|a\.css/)
  }
})

t.test("RFC 9110 15.2.1, 15.2.2: a 100 belongs to the origin's connection and is not forwarded", async (t) => {
  const { origin, url } = await proxiedApp(t, { proxy: { http: {} } })
  origin.on('/', { interim: [[100, { 'x-a': '1' }], HINTS], headers: FRESH, body: 'text' })
  checkAnswer(t, await askInterim(1, `${url}/`), { interim: SEEN, status: 200, body: 'text' })
})

t.test('in a pipeline, interim responses follow the previous responses', async (t) => {
  const { origin, url } = await proxiedApp(t)
  const { open, opened } = gate()
  origin.on('/first', { after: opened, headers: FRESH, body: 'first' })
  origin.on('/second', { interim: [HINTS, [102]], headers: FRESH, body: 'second' })
  const headers = channel('undici:request:headers')
  const openAtLast = (message: unknown) => {
    if (/"path":"\/second".*"statusCode":200/.test(JSON.stringify(message))) open()
  }
  headers.subscribe(openAtLast)
  t.teardown(() => headers.unsubscribe(openAtLast))
  const answer = await exchangeText(
    url,
    'GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n',
    'second'
  )
  t.match(
    answer,
    /^HTTP\/1\.1 200 [^]*\r\n\r\nfirstHTTP\/1\.1 103 [^]*a\.css[^]*HTTP\/1\.1 102 [^]*HTTP\/1\.1 200 [^]*second$/
  )
})

t.test('disconnected clients, and inject()', async (t) => {
  const { app, origin, url, aborted } = await proxiedApp(t)
  for (const method of ['GET', 'POST']) {
    const { open, opened } = gate()
    origin.on('/left', { after: opened, interim: [HINTS], headers: FRESH, body: 'text' })
    const leaving = new AbortController()
    const left = askInterim(1, `${url}/left`, { method, signal: leaving.signal })
    await origin.received('/left', method === 'GET' ? 1 : 2)
    leaving.abort()
    await t.rejects(left)
    await aborted('/left', method === 'GET' ? 1 : 2)
    open()
  }
  origin.always('/', { interim: [HINTS], headers: { 'cache-control': 'no-store' }, body: 'text' })
  const injected = await app.inject('/')
  t.match(injected, {
    statusCode: 200,
    body: 'text',
    headers: { link: undefined, 'x-a': undefined }
  })
  checkAnswer(
    t,
    await askInterim(1, `${url}/`),
    { interim: SEEN, body: 'text' },
    'the next client gets its own'
  )
})

t.test('interim responses to a background revalidation reach no client', async (t) => {
  const clock = stopClock(t)
  const { origin, url, answered } = await proxiedApp(t)
  origin.on('/', {
    headers: { 'cache-control': 'max-age=1, stale-while-revalidate=60' },
    body: '1'
  })
  origin.on('/', { interim: [HINTS], headers: FRESH, body: '2' })
  await askInterim(1, `${url}/`)
  clock.advance(2)
  checkAnswer(t, await askInterim(1, `${url}/`), { interim: [], body: '1' })
  await answered('/', 3)
  checkAnswer(t, await askInterim(1, `${url}/`), { interim: [], body: '2' })
})

/** Runs several clients at once, some of which may wait for a connection used by others. */
async function eachItsOwn (t: Test, options: ProxiedOptions): Promise<void> {
  const { origin, url } = await proxiedApp(t, options)
  for (const method of ['GET', 'POST']) {
    const { open, opened } = gate()
    const paths = ['/a', '/b', '/c', '/d', '/e']
    for (const path of paths) {
      origin.on(path, {
        after: opened,
        interim: [[103, { 'x-for': path }]],
        headers: { 'cache-control': 'no-store' },
        body: path
      })
    }
    const first = askInterim(1, `${url}/a`, { method })
    await origin.received('/a', method === 'GET' ? 1 : 2)
    const others = paths.slice(1).map((path) => askInterim(1, url + path, { method }))
    open()
    const answers = await Promise.all([first, ...others])
    for (const [i, path] of paths.entries()) {
      const answer = answers[i]
      if (answer !== undefined) {
        checkAnswer(
          t,
          answer,
          { interim: [[103, { 'x-for': path }]], body: path },
          `${method} ${path}`
        )
      }
    }
  }
}

const CLIENTS: Readonly<Record<string, ProxiedOptions['proxy'] & object>> = {
  'undici with one connection': { undici: { connections: 1 } },
  // The pool creates requests only when they can be sent.
  'undici with two connections': { undici: { connections: 2 } },
  'undici with many connections': {},
  'node:http': { http: {} },
  'node:http with one connection': { http: { agentOptions: { maxSockets: 1 } } }
}

for (const [name, proxy] of Object.entries(CLIENTS)) {
  t.test(`each client gets its own, through ${name}`, async (t) => {
    await eachItsOwn(t, { proxy })
  })
}

t.test('rewriteHeaders also removes fields from interim responses', async (t) => {
  const proxy: ProxiedOptions['proxy'] = {
    replyOptions: { rewriteHeaders: ({ 'x-a': _, ...kept }) => ({ ...kept, 'x-added': '1' }) }
  }
  const { origin, url } = await proxiedApp(t, { proxy })
  origin.on('/', { interim: [HINTS], headers: { ...FRESH, 'x-a': '1' }, body: 'text' })
  checkAnswer(t, await askInterim(1, `${url}/`), {
    interim: [[103, { link: '</a.css>; rel=preload' }]],
    headers: { 'x-added': '1', 'x-a': undefined }
  })
})

t.test("no interim responses of an application's own requests after its response", async (t) => {
  const { origin, url } = await proxiedApp(t, {
    proxy: {
      replyOptions: {
        onResponse: (_request, reply) => {
          request(`${origin.url}/other`).then(
            ({ body }) => reply.send(body),
            (error: unknown) => reply.send(error)
          )
        }
      }
    }
  })
  origin.on('/other', { interim: [[103, { 'x-other': '1' }]], body: 'other' })
  origin.on('/', {
    interim: [HINTS],
    headers: { ...FRESH, 'content-length': '5' },
    body: ['texts']
  })
  checkAnswer(t, await askInterim(1, `${url}/`), { interim: SEEN, body: 'other' })
})

t.test('interim responses of a retried attempt, too', async (t) => {
  const { origin, url } = await proxiedApp(t, {
    proxy: {
      retryMethods: ['GET'],
      replyOptions: { retryDelay: ({ attempt }) => (attempt === 0 ? 1 : null) }
    }
  })
  origin.on('/', { status: 503 }, { interim: [HINTS], headers: FRESH, body: 'text' })
  checkAnswer(t, await askInterim(1, `${url}/`), { interim: SEEN, status: 200, body: 'text' })
})

t.test('with two instances, the client whose request is forwarded gets interim responses', async (t) => {
  const [a, b] = await twoApps(t)
  const { open, opened } = gate()
  a.origin.on('/', { interim: [HINTS, opened], headers: FRESH, body: 'text' })
  const first = askInterim(1, `${a.url}/`)
  await a.origin.received('/')
  const second = askInterim(1, `${b.url}/`)
  await b.arrived('/', 1)
  open()
  checkAnswer(t, await first, { interim: SEEN, body: 'text' })
  const waited = await second
  checkAnswer(t, waited, { interim: [], body: 'text' })
  t.notOk(ours(waited)['fwd'] !== undefined && ours(waited)['collapsed'] !== true)
  checkAnswer(t, await askInterim(1, `${b.url}/`), { interim: [], body: 'text' })
})

t.test(
  'RFC 8297 3: none over HTTP/1.1 through another proxy, which may take it for the final response',
  async (t) => {
    const { origin, url } = await proxiedApp(t)
    for (const name of ['via', 'forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-real-ip']) {
      origin.on('/', { interim: [HINTS], headers: { 'cache-control': 'no-store' }, body: 'text' })
      checkAnswer(
        t,
        await askInterim(1, `${url}/`, { headers: { [name]: 'a' } }),
        { interim: [], status: 200, body: 'text' },
        name
      )
    }
  }
)

t.test('behind nginx, two instances respond as without interim responses', async (t) => {
  const [a, b] = await twoApps(t)
  const { url } = await startNginx(t, { catalog: [a.url, b.url] })
  for (const path of ['/api/products/1', '/api/products/2']) {
    a.origin.on(path, { interim: [HINTS, [102]], headers: FRESH, body: path })
    for (let i = 0; i < 2; i++) {
      checkAnswer(t, await askInterim(1, url + path), { interim: [], status: 200, body: path })
    }
  }
})
