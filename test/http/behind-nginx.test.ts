import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import { buildFrontDoor } from '#infra/local/front-door.js'
import { edgeFields, varnish } from '@weir/edge'
import t from 'tap'
import { startNginx } from '../support/nginx.js'
import { cacheStatus } from './cache-status.js'
import { type Answer, send, type Sent } from './client.js'
import { stopClock } from './clock.js'
import { type Answering, type Origin } from './origin.js'
import { proxiedApp } from './proxied-app.js'
import { twoApps } from './two-apps.js'

const FRESH = {
  'cache-control': 'max-age=600',
  etag: '"1"',
  'last-modified': 'Thu, 01 Jan 2015 00:00:00 GMT',
  'content-type': 'text/plain'
}
const TEXT = '0123456789'

// A path that nginx passes, the origin's responses to it, and the requests that clients send one
// after the other.
const EXCHANGES: Readonly<
  Record<string, readonly [answers: readonly Answering[], requests: readonly Sent[]]>
> = {
  '/api/products/hits': [[{ headers: FRESH, body: TEXT }], [{}, {}, {}, { method: 'HEAD' }]],
  '/api/products/conditions': [
    [{ headers: FRESH, body: TEXT }],
    [
      { headers: { 'if-none-match': '"1"' } },
      { headers: { 'if-none-match': '"2", W/"1"' } },
      { headers: { 'if-none-match': '"2"' } },
      { headers: { 'if-modified-since': FRESH['last-modified'] } },
      { method: 'HEAD', headers: { 'if-none-match': '"1"' } }
    ]
  ],
  '/api/products/ranges': [
    [{ headers: FRESH, body: TEXT }],
    [
      { headers: { range: 'bytes=0-3' } },
      { headers: { range: 'bytes=-3' } },
      { headers: { range: 'bytes=99-' } },
      { headers: { range: 'bytes=0-1,4-5' } },
      { headers: { range: 'bytes=0-3', 'if-range': '"1"' } },
      { headers: { range: 'bytes=0-3', 'if-range': '"2"' } }
    ]
  ],
  '/api/products/directives': [
    [
      { headers: FRESH, body: TEXT },
      { status: 304, headers: FRESH },
      { headers: FRESH, body: 'new' }
    ],
    [
      {},
      { headers: { 'cache-control': 'no-cache' } },
      { headers: { pragma: 'no-cache' } },
      { headers: { 'cache-control': 'only-if-cached' } }
    ]
  ],
  '/api/products/cold': [[], [{ headers: { 'cache-control': 'only-if-cached' } }]],
  '/api/products/variants': [
    [1, 2, 3].map(() => ({ headers }) => ({
      headers: { ...FRESH, etag: undefined, vary: 'Accept-Language' },
      body: String(headers['accept-language'])
    })),
    ['de', 'en', 'DE', 'en;q=1.0', 'fr', 'de'].map((language) => ({
      headers: { 'accept-language': language }
    }))
  ],
  '/api/products/not-stored': [
    [1, 2].map((n) => ({ headers: { 'cache-control': 'no-store' }, body: String(n) })),
    [{}, {}]
  ],
  '/api/products/errors': [
    [
      { status: 503, body: 'failed' },
      { status: 404, headers: FRESH, body: 'gone' }
    ],
    [{}, {}, {}]
  ],
  '/api/products/writes': [
    [
      { headers: FRESH, body: 'old' },
      { status: 201, headers: { location: '/api/products/writes' } },
      { headers: FRESH, body: 'new' }
    ],
    [{}, {}, { method: 'POST', body: 'x' }, {}, {}]
  ],
  '/api/products/groups': [
    [
      { headers: { ...FRESH, 'cache-groups': '"a"' }, body: 'old' },
      { status: 204, headers: { 'cache-group-invalidation': '"a"' } },
      { headers: FRESH, body: 'new' }
    ],
    [{}, {}, { method: 'DELETE' }, {}, {}]
  ],
  '/api/products/chunked': [[{ headers: FRESH, body: [TEXT, TEXT] }], [{}, {}, {}]],
  '/api/products/redirect': [
    [
      {
        status: 301,
        headers: { 'cache-control': 'max-age=60', location: '/api/products/hits' },
        body: ''
      }
    ],
    [{}, {}]
  ]
}

// Fields of the connection, and those in which two instances may differ: whose memory it was. nginx
// names itself; uncached responses have the real time.
const OF_THE_WAY = new Set([
  'connection',
  'date',
  'keep-alive',
  'transfer-encoding',
  'server',
  'cache-status',
  'content-length'
])

/** The client-visible part of a response. */
function told (answer: Answer): object {
  return {
    status: answer.status,
    body: answer.body,
    lines: answer.lines
      .filter(([name]) => !OF_THE_WAY.has(name))
      .map(([name, value]) => `${name}: ${value}`)
      .sort(),
    cacheStatus: cacheStatus(answer).map(({ cache: _, detail, ...member }) =>
      member['hit'] === true ? member : { ...member, detail }
    )
  }
}

async function exchange (url: string, origin: Origin): Promise<Record<string, object[]>> {
  const all: Record<string, object[]> = {}
  for (const [path, [answers, requests]] of Object.entries(EXCHANGES)) {
    origin.on(path, ...answers)
    const seen: object[] = []
    for (const sent of requests) seen.push(told(await send(url + path, sent)))
    all[path] = [...seen, { asked: origin.requests(path).length }]
  }
  return all
}

t.test('two instances behind nginx respond like one', async (t) => {
  stopClock(t)
  const one = await proxiedApp(t)
  const [a, b] = await twoApps(t)
  const { url } = await startNginx(t, { catalog: [a.url, b.url] })
  t.strictSame(await exchange(url, a.origin), await exchange(one.url, one.origin))
})

t.test('responses pass with as many tags as Weir gives to Varnish', async (t) => {
  const fields = edgeFields([varnish({ urls: ['http://127.0.0.1:1'], secret: 'x'.repeat(16) })])
  const stored = (count: number) =>
    fields.stored(Array.from({ length: count }, (_, i) => `product:${1_000_000 + i}`), 60)
  // A response with one more has none.
  let most = 1
  while (stored(most + 1)['xkey'] !== undefined) most++
  const server = createServer(({ url = '' }, response) => {
    for (const [name, value] of Object.entries(stored(Number(url.split('?')[1])))) {
      response.setHeader(name, typeof value === 'string' ? value : [...value])
    }
    response.setHeader('cache-groups', `"${'g'.repeat(2046)}"`)
    response.setHeader('content-security-policy', `default-src 'self' ${'x'.repeat(1000)}`)
    response.end('ok')
  }).listen(0, '127.0.0.1')
  t.teardown(() => new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  }))
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP port')
  const origin = `http://127.0.0.1:${address.port}`
  const door = buildFrontDoor([
    { name: 'catalog', prefixes: ['/api/products'], upstreams: [{ name: 'catalog-1', url: origin }] }
  ])
  t.teardown(() => door.close())
  const fronts = {
    nginx: (await startNginx(t, { catalog: [origin] })).url,
    'the front door': await door.listen({ port: 0, host: '127.0.0.1' })
  }
  for (const [name, url] of Object.entries(fronts)) {
    for (const count of [1, 50, 200, most >> 1, most - 1, most]) {
      // The default of Node's clients is 16 KiB.
      const asking = request(`${url}/api/products?${count}`, { maxHeaderSize: 64 * 1024 }).end()
      const [{ statusCode, headers }] = await once(asking, 'response') as [IncomingMessage]
      asking.destroy()
      t.equal(statusCode, 200, `${name}, ${count} tags`)
      t.equal(String(headers['xkey']).split(/,? /).length, count + 1, `${name}: all of them`)
    }
  }
})

t.test(
  'No-Vary-Search: queries that differ only in ignored parameters share one response',
  async (t) => {
    stopClock(t)
    const [a, b] = await twoApps(t)
    const { url } = await startNginx(t, { catalog: [a.url, b.url] })
    const paths = [1, 2, 3, 4].flatMap((n) => [
      `/api/products/7?a=1&utm=${n}`,
      `/api/products/7?utm=${n}&a=2`
    ])
    // The responses have no length, so the end reaches the client once the response is stored.
    for (const path of paths) {
      a.origin.always(path, {
        headers: { ...FRESH, 'no-vary-search': 'key-order, params=("utm")' },
        body: [path]
      })
    }
    const bodies = []
    for (const path of paths) bodies.push((await send(url + path)).body)
    t.strictSame(
      bodies,
      [1, 2, 3, 4].flatMap(() => paths.slice(0, 2))
    )
    t.equal(
      paths.reduce((sum, path) => sum + a.origin.requests(path).length, 0),
      2
    )
  }
)

t.test('both instances take part', async (t) => {
  const [a, b] = await twoApps(t)
  const { url } = await startNginx(t, { catalog: [a.url, b.url] })
  a.origin.on('/api/products/7', { headers: FRESH, body: TEXT })
  const names = new Set<string | undefined>()
  for (let i = 0; i < 4; i++) {
    names.add(cacheStatus(await send(`${url}/api/products/7`)).at(-1)?.cache)
  }
  t.same([...names].sort(), ['a', 'b'])
  t.equal(a.origin.requests('/api/products/7').length, 1)
})
