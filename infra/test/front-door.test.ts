import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import {
  type IncomingMessage,
  type RequestListener,
  createServer,
  request as httpRequest
} from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { docsPage } from '../local/docs-page.js'
import { type Upstream, buildFrontDoor } from '../local/front-door.js'
import { suite } from '../local/suite.js'

/** Starts a real HTTP server on a free port, as one instance. */
async function instance (
  t: Test,
  name: string,
  listener: RequestListener
): Promise<Upstream & { end(): Promise<void> }> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP port')
  const end = async (): Promise<void> => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  t.teardown(end)
  return { name, url: `http://127.0.0.1:${address.port}`, end }
}

const LIMITS = {
  headers: 10_000,
  request: 30_000,
  silence: 30_000,
  suspect: 1000,
  probe: 1000,
  body: 1024 * 1024
}

async function frontDoor (
  t: Test,
  upstreams: readonly Upstream[],
  limits: Partial<typeof LIMITS> = {}
): Promise<string> {
  const app = buildFrontDoor(
    [{ name: 'catalog', prefixes: ['/api/products', '/api/categories'], upstreams }],
    { ...LIMITS, ...limits }
  )
  t.teardown(() => app.close())
  return app.listen({ port: 0, host: '127.0.0.1' })
}

/** Sends a request. fetch() would add headers, resolve the path, and hide connection headers. */
async function ask (
  base: string,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {}
): Promise<IncomingMessage & { body: string }> {
  const { port } = new URL(base)
  const request = httpRequest({
    host: '127.0.0.1',
    port,
    path,
    method: options.method,
    headers: options.headers,
    agent: false
  })
  request.end(options.body)
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    request.once('response', resolve).once('error', reject)
  )
  return Object.assign(response, { body: await text(response) })
}

const echo: RequestListener = (request, response) => {
  text(request).then((body) => {
    response.end(
      JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body })
    )
  }, () => { response.destroy() })
}

const down: Upstream = { name: 'catalog-0', url: undefined }

/** The common shape of the front door's own responses. */
const problemOf = (response: IncomingMessage & { body: string }): unknown => {
  const details: unknown = JSON.parse(response.body)
  return typeof details === 'object'
    ? { ...details, contentType: response.headers['content-type'] }
    : details
}

t.test('requests go to the live instances in turn', async (t) => {
  const names = ['catalog-1', 'catalog-2']
  const up = await Promise.all(
    names.map((name) => instance(t, name, (_request, response) => response.end(name)))
  )
  const base = await frontDoor(t, [down, ...up])
  const served: string[] = []
  for (let i = 0; i < 6; i++) served.push((await ask(base, '/api/products')).body)
  t.equal(served.filter((name) => name === 'catalog-1').length, 3)
  t.equal(served.filter((name) => name === 'catalog-2').length, 3)
})

t.test("requests are forwarded unchanged, with the client's address as seen", async (t) => {
  const base = await frontDoor(t, [await instance(t, 'catalog-1', echo)])
  const sent = {
    method: 'PATCH',
    headers: {
      host: 'shop.example',
      'content-type': 'application/merge-patch+json',
      'if-match': '"1"',
      'x-request-id': 'r-1',
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      forwarded: 'for=203.0.113.9',
      connection: 'keep-alive, x-hop',
      'keep-alive': 'timeout=5',
      'x-hop': '1',
      te: 'trailers',
      expect: '100-continue'
    },
    body: '{"price":1}'
  }
  const got: unknown = JSON.parse(
    (await ask(base, '/api/products/a%20b?q=%2F&q=2&x=1?y', sent)).body
  )
  t.match(got, {
    method: 'PATCH',
    url: '/api/products/a%20b?q=%2F&q=2&x=1?y',
    body: '{"price":1}',
    headers: {
      host: 'shop.example',
      'content-type': 'application/merge-patch+json',
      'if-match': '"1"',
      'x-request-id': 'r-1',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'shop.example',
      'x-forwarded-proto': 'http',
      forwarded: undefined,
      'x-hop': undefined,
      te: undefined,
      expect: undefined
    }
  })
})

t.test('responses are forwarded unchanged', async (t) => {
  const date = 'Fri, 01 Jan 2021 00:00:00 GMT'
  const base = await frontDoor(t, [await instance(t, 'catalog-1', (request, response) => {
    response.setHeaders(
      new Headers({
        date,
        etag: '"1"',
        age: '3',
        'cache-status': 'catalog-1; hit; ttl=57',
        'keep-alive': 'timeout=9'
      })
    )
    response.setHeader('set-cookie', ['a=1', 'b=2'])
    if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end()
    else response.writeHead(200, { 'content-length': 5 }).end('hello')
  })])
  const headers = {
    date,
    etag: '"1"',
    age: '3',
    'cache-status': 'catalog-1; hit; ttl=57',
    'set-cookie': ['a=1', 'b=2']
  }
  const get = await ask(base, '/api/products/1')
  t.match(get, { statusCode: 200, body: 'hello', headers: { ...headers, 'content-length': '5' } })
  t.not(get.headers['keep-alive'], 'timeout=9')
  t.match(await ask(base, '/api/products/1', { method: 'HEAD' }), {
    statusCode: 200,
    body: '',
    headers: { ...headers, 'content-length': '5' }
  })
  t.match(await ask(base, '/api/products/1', { headers: { 'if-none-match': '"1"' } }), {
    statusCode: 304,
    body: '',
    headers
  })
})

t.test('streams: the first bytes arrive while the instance is still writing', async (t) => {
  let finish = (): void => {}
  const base = await frontDoor(t, [await instance(t, 'catalog-1', (_request, response) => {
    response.write('first')
    finish = () => { response.end(' last') }
  })])
  const response = await fetch(`${base}/api/products`)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  t.match(await reader?.read(), { value: 'first' })
  finish()
  t.match(await reader?.read(), { value: ' last' })
})

t.test('the instance notices when the client disconnects', async (t) => {
  let told: (value: unknown) => void = () => {}
  const left = new Promise((resolve) => { told = resolve })
  const base = await frontDoor(t, [await instance(t, 'catalog-1', (_request, response) => {
    response.write('first')
    response.once('close', told)
  })])
  const socket = connect(Number(new URL(base).port), '127.0.0.1')
  socket.write('GET /api/products HTTP/1.1\r\nHost: x\r\n\r\n')
  socket.once('data', () => socket.destroy())
  await t.resolves(left)
})

t.test('the body of a GET is dropped without side effects', async (t) => {
  const base = await frontDoor(t, [await instance(t, 'catalog-1', echo)])
  const response = await ask(base, '/api/products', {
    headers: { 'content-type': 'application/json', 'content-length': '2' },
    body: '{}'
  })
  t.match(JSON.parse(response.body), { body: '', headers: { 'content-length': undefined } })
})

t.test('a path without a service is a 404, a malformed one a 400', async (t) => {
  const base = await frontDoor(t, [await instance(t, 'catalog-1', echo)])
  for (const path of ['/', '/api', '/api/productsx', '/docs']) {
    const response = await ask(base, path)
    t.match(
      problemOf(response),
      {
        contentType: 'application/problem+json',
        status: 404,
        code: 'WEIR_ERR_NO_SUCH_PATH',
        detail: /\/api\/products, \/api\/categories/
      },
      path
    )
    t.equal(response.statusCode, 404)
  }
  for (const path of [
    '/api/products/%zz',
    '/api/products/..%2F..%2Fmetrics',
    '/api/products/%5c..%5cmetrics',
    '/api/products//x/../..'
  ]) {
    const response = await ask(base, path)
    t.match(problemOf(response), { contentType: 'application/problem+json', status: 400 }, path)
    t.equal(response.statusCode, 400)
  }
})

t.test('API descriptions of all services, each below its name', async (t) => {
  const up = [await instance(t, 'catalog-1', echo)]
  const app = buildFrontDoor([
    { name: 'catalog', prefixes: ['/api/products'], docs: 'products', upstreams: up },
    { name: 'weather', prefixes: ['/api/weather'], docs: 'weather', upstreams: [down] },
    { name: 'upstream', prefixes: [], upstreams: [down] }
  ])
  t.teardown(() => app.close())
  const base = await app.listen({ port: 0, host: '127.0.0.1' })
  for (const path of ['/docs', '/docs/']) {
    const { statusCode, headers, body } = await ask(base, path)
    t.equal(statusCode, 200)
    t.match(headers['content-security-policy'], /default-src 'none'/)
    t.same(
      [...body.matchAll(/href="(\/docs\/[^"]+)"/g)].map(([, href]) => href),
      ['/docs/catalog/', '/docs/catalog/json', '/docs/weather/', '/docs/weather/json']
    )
  }
  const redirect = await ask(base, '/docs/catalog')
  t.match([redirect.statusCode, redirect.headers.location], [308, '/docs/catalog/'])
  for (const [path, url] of [
    ['/docs/catalog/', '/docs/'],
    ['/docs/catalog/json?x=1', '/docs/json?x=1'],
    ['/docs/catalog/static/index.css', '/docs/static/index.css']
  ] as const) {
    t.match(JSON.parse((await ask(base, path)).body), { url }, path)
  }
  t.equal((await ask(base, '/docs/weather/')).statusCode, 503)
  for (const path of ['/docs/upstream/', '/docs/other/json', '/docs/json']) {
    t.equal((await ask(base, path)).statusCode, 404, path)
  }
})

t.test('nginx lists the same descriptions', async (t) => {
  const described = suite(new Promise(() => {})).flatMap(({ name, docs }) =>
    docs === undefined ? [] : [{ name, docs }]
  )
  const conf = await readFile(new URL('../../nginx/docs.conf', import.meta.url), 'utf8')
  const [, page] = /return 200 '(.*)';/s.exec(conf) ?? []
  t.equal(page, docsPage(described))
})

t.test('no instance up: 503 with Retry-After', async (t) => {
  const base = await frontDoor(t, [down])
  const response = await ask(base, '/api/products')
  t.match(response, { statusCode: 503, headers: { 'retry-after': '1' } })
  t.match(problemOf(response), {
    contentType: 'application/problem+json',
    status: 503,
    code: 'WEIR_ERR_NO_INSTANCE',
    title: 'Service Unavailable'
  })
})

t.test(
  'a dead instance: safe requests go to another one, writes are never sent twice',
  async (t) => {
    const gone = await instance(t, 'catalog-1', echo)
    const other = await instance(t, 'catalog-2', (_request, response) => response.end('catalog-2'))
    await gone.end()
    const base = await frontDoor(t, [gone, other])
    for (let i = 0; i < 4; i++) {
      t.match(await ask(base, '/api/products'), { statusCode: 200, body: 'catalog-2' })
      t.match(await ask(base, '/api/products', { method: 'HEAD' }), { statusCode: 200 })
    }
    const alone = await frontDoor(t, [gone])
    for (const method of ['GET', 'POST']) {
      const response = await ask(alone, '/api/products', { method })
      t.match(
        response,
        { statusCode: 503, headers: { 'retry-after': '1' } },
        'no instance received it'
      )
      t.match(problemOf(response), { code: 'WEIR_ERR_NO_INSTANCE' })
    }
  }
)

t.test('an instance dies while processing a request', async (t) => {
  let writes = 0
  const dies = await instance(t, 'catalog-1', (request) => {
    if (request.method === 'POST') writes++
    request.socket.destroy()
  })
  const lives = await instance(t, 'catalog-2', (request, response) => {
    if (request.method === 'POST') writes++
    response.end('catalog-2')
  })
  const base = await frontDoor(t, [dies, lives])
  t.match(await ask(base, '/api/products'), { statusCode: 200, body: 'catalog-2' })
  const response = await ask(base, '/api/products', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}'
  })
  t.equal(response.statusCode, 502)
  t.match(problemOf(response), {
    code: 'WEIR_ERR_INSTANCE_LOST',
    detail: /^catalog-1 ended before it answered/
  })
  t.equal(writes, 1)
})

t.test('a 503 is forwarded, not retried', async (t) => {
  let asked = 0
  const base = await frontDoor(t, [await instance(t, 'catalog-1', (_request, response) => {
    asked++
    response.writeHead(503, { 'retry-after': '7' }).end('busy')
  })])
  t.match(await ask(base, '/api/products'), {
    statusCode: 503,
    body: 'busy',
    headers: { 'retry-after': '7' }
  })
  t.equal(asked, 1)
})

/** An instance that a test freezes: connections are accepted, and nothing is answered. */
async function freezable (t: Test, name: string) {
  const seen: string[] = []
  const held: (() => void)[] = []
  const state = { isFrozen: false }
  const upstream = await instance(t, name, (request, response) => {
    seen.push(`${request.method} ${request.url}`)
    const answer = () => { response.end(name) }
    // A slow path belongs to an instance that answers probes.
    if (state.isFrozen || request.url === '/api/products/slow') held.push(answer)
    else answer()
  })
  const thaw = () => {
    state.isFrozen = false
    for (const answer of held.splice(0)) answer()
  }
  return { ...upstream, seen, freeze: () => { state.isFrozen = true }, thaw }
}

t.test('a frozen instance is set aside until it answers a probe', async (t) => {
  const frozen = await freezable(t, 'catalog-1')
  const other = await freezable(t, 'catalog-2')
  const base = await frontDoor(t, [frozen, other], { suspect: 100, probe: 500 })
  frozen.freeze()
  const write = ask(base, '/api/products/1', { method: 'PATCH', body: '{}' })
  const reads = Array.from({ length: 20 }, () => ask(base, '/api/products'))
  for (const { statusCode, body } of await Promise.all(reads)) {
    t.match([statusCode, body], [200, 'catalog-2'], 'safe requests go to another one')
  }
  const before = frozen.seen.length
  for (let i = 0; i < 20; i++) {
    const method = i % 2 === 0 ? 'GET' : 'POST'
    t.equal((await ask(base, '/api/products', { method })).body, 'catalog-2', method)
  }
  const isProbe = (line: string) => line === 'GET /health/live'
  t.ok(frozen.seen.slice(before).every(isProbe), 'it gets only probes')

  frozen.thaw()
  t.equal((await write).body, 'catalog-1', 'a write that was sent waits for it')
  t.equal(frozen.seen.filter((line) => line.startsWith('PATCH')).length, 1)
  t.equal(other.seen.filter((line) => line.startsWith('PATCH')).length, 0, 'and is not repeated')
  let body = ''
  const end = Date.now() + 20_000
  while (body !== 'catalog-1' && Date.now() < end) body = (await ask(base, '/api/products')).body
  t.equal(body, 'catalog-1', 'a probe brings it back')
})

t.test('a slow request does not set an instance aside', async (t) => {
  const slow = await freezable(t, 'catalog-1')
  const other = await freezable(t, 'catalog-2')
  // The probe has time, so that a busy machine is no frozen instance.
  const base = await frontDoor(t, [slow, other], { suspect: 20, probe: 10_000 })
  const answer = ask(base, '/api/products/slow')
  while (slow.seen.filter((line) => line === 'GET /health/live').length < 3) {
    await new Promise((resolve) => { setTimeout(resolve, 5) })
  }
  const served = [await ask(base, '/api/products'), await ask(base, '/api/products')]
  t.strictSame(served.map(({ body }) => body).sort(), ['catalog-1', 'catalog-2'])
  slow.thaw()
  t.equal((await answer).body, 'catalog-1')
  t.notOk(other.seen.includes('GET /api/products/slow'))
})

t.test('the only instance is frozen: requests wait for it', async (t) => {
  const only = await freezable(t, 'catalog-1')
  const base = await frontDoor(t, [down, only], { suspect: 20, probe: 20 })
  only.freeze()
  const first = ask(base, '/api/products')
  // More than one probe: it has been set aside.
  while (only.seen.filter((line) => line === 'GET /health/live').length < 2) {
    await new Promise((resolve) => { setTimeout(resolve, 5) })
  }
  const second = ask(base, '/api/products')
  while (only.seen.filter((line) => line === 'GET /api/products').length < 2) {
    await new Promise((resolve) => { setTimeout(resolve, 5) })
  }
  only.thaw()
  t.match([(await first).body, (await second).body], ['catalog-1', 'catalog-1'])
})

t.test('a safe request that is answered too late goes to another instance', async (t) => {
  const slow = await freezable(t, 'catalog-1')
  const other = await freezable(t, 'catalog-2')
  const base = await frontDoor(t, [slow, other], { silence: 300, suspect: 30_000 })
  slow.freeze()
  t.match(await ask(base, '/api/products'), { statusCode: 200, body: 'catalog-2' })
  t.match(await ask(base, '/api/products', { method: 'POST' }), {
    statusCode: 504,
    body: /WEIR_ERR_INSTANCE_SILENT/
  })
})
