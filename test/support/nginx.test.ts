import { once } from 'node:events'
import { type IncomingMessage, type RequestListener, createServer, get } from 'node:http'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { startNginx, testConfig } from './nginx.js'

const DATE = 'Fri, 01 Jan 2021 00:00:00 GMT'

/** Answers with the request body. */
const echo: RequestListener = (request, response) => {
  text(request).then((body) => {
    response.setHeaders(
      new Headers({
        date: DATE,
        etag: '"1"',
        'cache-status': 'catalog-1; hit',
        'content-type': 'application/json'
      })
    )
    response.end(
      JSON.stringify({ url: request.url, headers: request.headers, length: body.length })
    )
  }, () => { response.destroy() })
}

/** A server in place of an instance. */
async function instance (
  t: Test,
  listener: RequestListener
): Promise<{ url: string; end(): void }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  const end = (): void => {
    server.close()
    server.closeAllConnections()
  }
  t.teardown(end)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') {
    throw new Error('a TCP server without a port')
  }
  return { url: `http://127.0.0.1:${address.port}`, end }
}

t.test(
  "weir.conf forwards requests and responses unchanged, with the client's address as seen",
  async (t) => {
    const { url } = await startNginx(t, { catalog: [(await instance(t, echo)).url] })
    const response = await fetch(`${url}/api/products/a%20b?q=%2F`, {
      headers: {
        'x-forwarded-for': '203.0.113.9',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'evil.example',
        forwarded: 'for=203.0.113.9',
        'x-request-id': 'r-1',
        'accept-encoding': 'gzip'
      }
    })
    t.match(Object.fromEntries(response.headers), {
      date: DATE,
      etag: '"1"',
      'cache-status': 'catalog-1; hit'
    })
    t.equal(response.headers.get('content-encoding'), null)
    const host = new URL(url).host
    t.match(await response.json(), {
      url: '/api/products/a%20b?q=%2F',
      headers: {
        host,
        connection: undefined,
        forwarded: undefined,
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': host,
        'x-request-id': 'r-1'
      }
    })
    const forged = await fetch(`${url}/api/products`, { headers: { 'x-request-id': 'a b' } })
    t.match(await forged.json(), { headers: { 'x-request-id': /^[0-9a-f]{32}$/ } })
  }
)

t.test("weir.conf sends nginx's own errors as problem details", async (t) => {
  const upstream = await instance(t, echo)
  const { url } = await startNginx(t, { catalog: [upstream.url] })
  const post = (length: number): Promise<Response> =>
    fetch(`${url}/api/products`, { method: 'POST', body: 'x'.repeat(length) })

  t.match(await (await post(1024 * 1024)).json(), { length: 1024 * 1024 })
  const tooLarge = await post(1024 * 1024 + 1)
  t.equal(tooLarge.status, 413)
  t.match(await tooLarge.json(), { status: 413, code: 'WEIR_ERR_BODY_TOO_LARGE' })
  const notFound = await fetch(`${url}/api/productsx`)
  t.equal(notFound.status, 404)
  t.equal(notFound.headers.get('content-type'), 'application/problem+json')
  t.match(await notFound.json(), { status: 404, code: 'WEIR_ERR_NO_SUCH_PATH' })

  upstream.end()
  const unavailable = await fetch(`${url}/api/products`)
  t.equal(unavailable.status, 503)
  t.equal(unavailable.headers.get('retry-after'), '1')
  t.match(await unavailable.json(), { status: 503, code: 'WEIR_ERR_NO_INSTANCE' })
})

for (const file of ['weir.conf', 'compose.conf'] as const) {
  t.test(`${file} is accepted without a warning`, async (t) => {
    const { code, output } = await testConfig(t, file)
    t.equal(code, 0, output)
    t.notMatch(output, /\[(warn|error|emerg)\]/)
  })
}

/** Answers with its name. */
const named = (name: string): RequestListener => (_request, response) => { response.end(name) }

t.test(
  'each path is forwarded to its service, and no other path is',
  async (t) => {
    const { url } = await startNginx(t, {
      catalog: [(await instance(t, named('catalog'))).url],
      weather: [(await instance(t, named('weather'))).url],
      storefront: [(await instance(t, named('storefront'))).url],
      stats: [(await instance(t, named('stats'))).url]
    })
    const table: Record<string, readonly string[]> = {
      catalog: [
        '/api/products',
        '/api/products/1?x=1',
        '/api/categories/',
        '/api/catalog/compare',
        '/api/catalog/cache/invalidations',
        '/docs/catalog/',
        '/docs/catalog/json?x'
      ],
      weather: [
        '/api/weather',
        '/api/weather/current?city=Oslo',
        '/api/weather/cache/invalidations',
        '/docs/weather/static/index.css'
      ],
      storefront: [
        '/shop',
        '/shop?page=2',
        '/shop/',
        '/shop/products/1/edit',
        '/shop/assets/shop-1f3c9a2b7d.css',
        '/shop/cache/invalidations',
        '/docs/storefront/'
      ],
      stats: [
        '/',
        '/?tab=1',
        '/main.js',
        '/index.html',
        '/favicon.svg',
        '/api/stats',
        '/api/stats/summary',
        '/api/stats/live',
        '/docs/stats/'
      ],
      nobody: [
        '/metrics',
        '/metrics/',
        '//metrics',
        '/%6detrics',
        '/a/../metrics',
        '/health/live',
        '/health/ready',
        '/docs/json',
        '/docs/upstream/',
        '/docs/catalogx/',
        '/api/catalog/cache/entries',
        '/api/catalog/cache/stats?x',
        '/api/weather/cache/entries',
        '/api/weather/cache%2Fstats',
        '/api/weather/cache/',
        '/api/catalog/cache/invalidations/',
        '/shop/cache/entries',
        '/shop/cache%2Fstats',
        '/shopx',
        '/api',
        '/api/',
        '/api/productsx',
        '/api/other',
        '/x',
        '/.env',
        '/a/b.js'
      ]
    }
    for (const [owner, paths] of Object.entries(table)) {
      for (const path of paths) {
        const [status, body] = await statusAndBody(url, path)
        if (owner === 'nobody') t.match([status, body], [404, /WEIR_ERR_NO_SUCH_PATH/], path)
        else t.same([status, body], [200, owner], path)
      }
    }
  }
)

/** Sends the path verbatim; fetch would normalize it. */
async function statusAndBody (
  url: string,
  path: string
): Promise<[status: number | undefined, body: string]> {
  const { hostname, port } = new URL(url)
  const [response] = (await once(get({ hostname, port, path }), 'response')) as [IncomingMessage]
  return [response.statusCode, await text(response)]
}

t.test('events are forwarded at once', async (t) => {
  let more = (): void => {}
  const { url } = await startNginx(t, {
    stats: [(await instance(t, (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
      more = () => { response.end('data: 2\n\n') }
    })).url]
  })
  const response = await fetch(`${url}/api/stats/live`, { headers: { 'accept-encoding': 'gzip' } })
  t.equal(response.headers.get('content-encoding'), null)
  const seen: string[] = []
  for await (const chunk of response.body ?? []) {
    // The second part is sent only after the first has arrived.
    seen.push(Buffer.from(chunk).toString())
    if (seen.length === 1) more()
  }
  t.same(seen, ['data: 1\n\n', 'data: 2\n\n'])
})

t.test('responses whose ETag clients send back are not compressed', async (t) => {
  const large = await instance(t, (_request, response) => {
    response
      .writeHead(200, { etag: '"1"', 'content-type': 'application/json' })
      .end(JSON.stringify('x'.repeat(5000)))
  })
  const { url } = await startNginx(t, {
    catalog: [large.url],
    weather: [large.url],
    storefront: [large.url],
    stats: [large.url]
  })
  const encoding = async (path: string): Promise<(string | null)[]> => {
    const { headers } = await fetch(url + path, { headers: { 'accept-encoding': 'gzip' } })
    return ['etag', 'content-encoding', 'vary'].map((name) => headers.get(name))
  }
  t.same(await encoding('/api/products'), ['"1"', null, null])
  for (const path of ['/api/weather', '/shop', '/api/stats/history', '/main.js']) {
    t.same(await encoding(path), ['W/"1"', 'gzip', 'Accept-Encoding'], path)
  }
})

t.test('header fields and targets are bounded, with an error beyond', async (t) => {
  const { url, accessLog, stop } = await startNginx(t, { catalog: [(await instance(t, echo)).url] })
  const long = 'x'.repeat(9000)
  const target = await fetch(`${url}/api/products?q=${long}`)
  t.equal(target.status, 414)
  t.match(await target.json(), { status: 414, code: 'WEIR_ERR_TARGET_TOO_LONG' })
  const fields = await fetch(`${url}/api/products`, { headers: { 'x-long': long } })
  t.equal(fields.status, 431)
  t.match(await fields.json(), { status: 431, code: 'WEIR_ERR_HEADERS_TOO_LARGE' })

  const response = await fetch(`${url}/elsewhere`, { headers: { 'x-request-id': 'r-1' } })
  await response.text()
  t.match(Object.fromEntries(response.headers), {
    'x-request-id': 'r-1',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': /default-src 'none'/
  })
  await (await fetch(`${url}/api/products?q=secret`, { headers: { 'x-request-id': 'r-2' } })).text()
  await stop()
  const lines = (await accessLog()).map((line): unknown => JSON.parse(line))
  t.match(lines.slice(-2), [
    { requestId: 'r-1', status: '404', path: '/elsewhere', upstream: '' },
    {
      requestId: 'r-2',
      status: '200',
      path: '/api/products',
      cacheStatus: 'catalog-1; hit',
      upstream: /^127\.0\.0\.1:\d+$/,
      upstreamStatus: '200'
    }
  ])
  t.notMatch(lines, /secret/)
})

/** Checks the response of the shield to clients that exceed the rate. */
async function shielded (t: Test, response: Response): Promise<void> {
  t.equal(response.status, 429)
  t.equal(response.headers.get('retry-after'), '1')
  t.equal(response.headers.get('content-type'), 'application/problem+json')
  t.match(await response.json(), {
    title: 'Too Many Requests',
    status: 429,
    code: 'WEIR_ERR_TOO_MANY_REQUESTS'
  })
}

t.test('weir.conf: nginx answers only the clients that flood', async (t) => {
  let arrived = 0
  const { url, output } = await startNginx(t, {
    catalog: [
      (
        await instance(t, (request, response) => {
          arrived++
          echo(request, response)
        })
      ).url
    ],
    shield: { rate: '1r/m', burst: 2 },
    addressFrom: 'x-test-address'
  })
  const from = (address: string, path = '/api/products'): Promise<Response> =>
    fetch(`${url}${path}`, { headers: { 'x-test-address': address } })

  // One request of the rate, two of the burst.
  for (const address of ['192.0.2.1', '2001:db8::1', '192.0.2.2', '2001:db8:0:1::1']) {
    for (let i = 0; i < 3; i++) {
      t.equal((await from(address)).status, 200, `${address} for the ${i + 1}. time`)
    }
  }
  t.equal(arrived, 12)
  await shielded(t, await from('192.0.2.1'))
  await shielded(t, await from('192.0.2.1', '/api/categories'))
  await shielded(t, await from('::ffff:192.0.2.1'))
  await shielded(t, await from('2001:db8::ffff:1:2:3'))
  t.equal(
    (await from('::ffff:192.0.2.3')).status,
    200,
    'an IPv4 address written as IPv6 is a client of its own'
  )
  t.equal((await from('2001:db8:0:2::1')).status, 200, 'and so is the next /64')
  t.equal(arrived, 14, 'what is shielded does not reach an instance')
  t.equal(
    (await from('192.0.2.1', '/health/live')).status,
    404,
    'what is not passed on is answered as ever'
  )
  t.notMatch(output(), /limiting/, 'a flood writes no log')
})

t.test('weir.conf: a client has at most 200 concurrent requests', async (t) => {
  const held: (() => void)[] = []
  let isHolding = true
  let onFull = (): void => {}
  const full = new Promise<void>((resolve) => { onFull = resolve })
  const { url } = await startNginx(t, {
    catalog: [(await instance(t, (request, response) => {
      if (!isHolding) echo(request, response)
      else if (held.push(() => { echo(request, response) }) === 200) onFull()
    })).url]
  })
  const ask = (): Promise<Response> => fetch(`${url}/api/products`)

  const asked = Array.from({ length: 200 }, ask)
  await full
  await shielded(t, await ask())
  t.equal(held.length, 200)
  isHolding = false
  for (const release of held) release()
  for (const response of await Promise.all(asked)) {
    t.equal(response.status, 200)
    await response.text()
  }
  t.equal((await ask()).status, 200, 'when they are over there may be others')
})

t.test("weir.conf: an instance's own 429 passes unchanged", async (t) => {
  const { url } = await startNginx(t, {
    catalog: [(await instance(t, (_request, response) => {
      response.writeHead(429, { 'retry-after': '7', ratelimit: '"default";r=0;t=7' }).end('denied')
    })).url]
  })
  const response = await fetch(`${url}/api/products`)
  t.equal(response.status, 429)
  t.match(Object.fromEntries(response.headers), {
    'retry-after': '7',
    ratelimit: '"default";r=0;t=7'
  })
  t.equal(await response.text(), 'denied')
})

t.test('weir.conf: readers do not notice a dead instance', async (t) => {
  const gone = await instance(t, echo)
  const { url } = await startNginx(t, { catalog: [gone.url, (await instance(t, echo)).url] })
  gone.end()
  for (let i = 0; i < 4; i++) {
    const response = await fetch(`${url}/api/categories`)
    t.equal(response.status, 200)
    await response.text()
  }
})
