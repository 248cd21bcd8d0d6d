import { createServer } from 'node:https'
import { once } from 'node:events'
import { METHODS } from 'node:http'
import { certificate } from '@weir/internal/testing'
import { gatewayOptions } from '@weir/fastify/gateway'
import Fastify from 'fastify'
import t from 'tap'
import { isHit, ours } from '../http/cache-status.js'
import { startOrigin } from '../http/origin.js'
import { tempDir } from '../support/temp-dir.js'
import { gatewayApp } from './gateway-app.js'

const NO_STORE = { headers: { 'cache-control': 'no-store' }, body: 'answer' }

t.test('every method except CONNECT and TRACE passes', async (t) => {
  const origin = await startOrigin(t)
  const { send } = await gatewayApp(t, origin.url)
  for (const method of METHODS.filter((method) => method !== 'CONNECT')) {
    const path = `/${method}`
    origin.always(path, NO_STORE)
    // Fastify refuses a QUERY without the required Content-Type.
    const sent =
      method === 'QUERY'
        ? { headers: { 'content-type': 'application/sql' }, body: 'select 1' }
        : {}
    const { status } = await send(method, path, sent)
    t.equal(status, method === 'TRACE' ? 404 : 200, method)
    t.equal(origin.requests(path).length, method === 'TRACE' ? 0 : 1, method)
  }
})

t.test(
  'bodies pass byte by byte, regardless of type and length',
  async (t) => {
    const origin = await startOrigin(t)
    const { send } = await gatewayApp(t, origin.url)
    origin.always('/', NO_STORE)
    const types = [
      'text/plain',
      'text/plain; charset=iso-8859-1',
      'application/json',
      'application/json; a=b',
      'application/xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      undefined
    ]
    // More than Fastify's own limit of 1 MiB, and no JSON.
    const body = '{ "é": '.repeat(200_000)
    for (const method of ['POST', 'PUT', 'DELETE', 'PROPFIND', 'PURGE', 'OPTIONS']) {
      for (const type of types) {
        const headers = type === undefined ? {} : { 'content-type': type }
        t.equal((await send(method, '/', { headers, body })).status, 200)
        const got = origin.requests('/').at(-1)
        t.equal(got?.body === body, true, `${method} ${type}: the same body`)
        t.equal(got?.headers['content-type'], type)
      }
    }
  }
)

t.test('header fields that undici refuses belong to one connection, and are removed', async (t) => {
  const origin = await startOrigin(t)
  const { send } = await gatewayApp(t, origin.url)
  origin.always('/', NO_STORE)
  const rows = {
    expect: '100-continue',
    'keep-alive': 'timeout=5',
    upgrade: 'h2c',
    te: 'trailers',
    'proxy-connection': 'keep-alive',
    'x-listed': 'a',
    'proxy-authorization': 'Basic YTpi'
  }
  for (const [name, value] of Object.entries(rows)) {
    const connection = name === 'x-listed' ? { connection: 'x-listed' } : {}
    const { status } = await send('POST', '/', {
      headers: { [name]: value, ...connection },
      body: 'text'
    })
    t.equal(status, 200, name)
    t.equal(origin.requests('/').at(-1)?.headers[name], undefined, name)
  }
})

t.test('the origin\'s connection is not the client\'s', async (t) => {
  const origin = await startOrigin(t)
  const { send } = await gatewayApp(t, origin.url)
  const hop = {
    connection: 'close, x-listed',
    'keep-alive': 'timeout=1',
    'x-listed': 'a',
    'x-other': 'b'
  }
  for (const method of ['GET', 'HEAD', 'POST']) {
    origin.always('/', { ...NO_STORE, headers: { ...NO_STORE.headers, ...hop } })
    const { headers } = await send(method, '/')
    t.match(headers, { 'x-other': 'b', 'x-listed': undefined }, method)
    t.not(headers['keep-alive'], 'timeout=1', method)
  }
})

t.test('X-Forwarded-*, Via and Host', async (t) => {
  const origin = await startOrigin(t)
  const given = {
    host: 'shop.example',
    'x-forwarded-for': '203.0.113.1',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    forwarded: 'for=203.0.113.1;host=evil.example',
    via: '1.0 other'
  }
  const rows = [
    {
      what: 'a client',
      trustProxy: false,
      expected: { for: '127.0.0.1', host: 'shop.example', proto: 'http' }
    },
    {
      what: 'a trusted proxy',
      trustProxy: '127.0.0.1',
      expected: { for: '203.0.113.1, 127.0.0.1', host: 'evil.example', proto: 'https' }
    }
  ]
  for (const { what, trustProxy, expected } of rows) {
    const { send } = await gatewayApp(t, origin.url, { trustProxy })
    origin.on('/', NO_STORE)
    await send('GET', '/', { headers: given })
    const got = origin.requests('/').at(-1)?.headers ?? {}
    t.strictSame(
      [got.host, got.via, got.forwarded],
      [new URL(origin.url).host, '1.0 other, 1.1 weir', undefined],
      what
    )
    t.strictSame({
      for: got['x-forwarded-for'], host: got['x-forwarded-host'], proto: got['x-forwarded-proto']
    }, expected, what)
  }
})

t.test(
  "the origin gets the client's address in any notation of a trusted proxy",
  async (t) => {
    const origin = await startOrigin(t)
    const { send } = await gatewayApp(t, origin.url, { trustProxy: '127.0.0.1' })
    const rows: [headers: Record<string, string>, told: string][] = [
      [{ 'x-forwarded-for': '[2001:db8::1]:4711' }, '2001:db8::1, 127.0.0.1'],
      [{ forwarded: 'for="203.0.113.1:4711"' }, '203.0.113.1, 127.0.0.1'],
      [{ forwarded: 'for=_hidden' }, 'unknown, 127.0.0.1']
    ]
    for (const [headers, told] of rows) {
      origin.on('/', NO_STORE)
      await send('GET', '/', { headers })
      t.equal(origin.requests('/').at(-1)?.headers['x-forwarded-for'], told)
    }
  }
)

t.test(
  'a response for one Host is not served for another, regardless of X-Forwarded-Host',
  async (t) => {
    const origin = await startOrigin(t)
    const { send } = await gatewayApp(t, origin.url)
    origin.always('/', ({ headers }) => ({
      headers: { 'cache-control': 'max-age=60' },
      body: String(headers['x-forwarded-host'])
    }))
    for (const host of ['a.example', 'b.example', 'a.example']) {
      const { body } = await send('GET', '/', {
        headers: { host, 'x-forwarded-host': 'evil.example' }
      })
      t.equal(body, host)
    }
    t.equal(origin.requests('/').length, 2)
  }
)

t.test('a failing origin: 502 or 504, without superfluous requests', async (t) => {
  const origin = await startOrigin(t)
  const { send } = await gatewayApp(t, origin.url, { timeout: 50 })
  const rows = [
    {
      what: 'closes a read twice',
      method: 'GET',
      answers: ['drop', 'drop'],
      status: 502,
      requests: 2
    },
    {
      what: 'closes a read once',
      method: 'GET',
      answers: ['drop', NO_STORE],
      status: 200,
      requests: 2
    },
    {
      what: 'closes a write',
      method: 'POST',
      answers: ['drop', NO_STORE],
      status: 502,
      requests: 1
    },
    { what: 'is silent', method: 'GET', answers: ['never'], status: 504, requests: 1 },
    {
      what: 'is overloaded',
      method: 'GET',
      answers: [{ ...NO_STORE, status: 503 }],
      status: 503,
      requests: 1
    }
  ] as const
  for (const [i, { what, method, answers, status, requests }] of rows.entries()) {
    const path = `/${i}`
    origin.on(path, ...answers)
    t.equal((await send(method, path)).status, status, what)
    t.equal(origin.requests(path).length, requests, what)
  }
  const { send: toNobody } = await gatewayApp(t, 'http://127.0.0.1:1')
  const { status, body } = await toNobody('GET', '/')
  t.match([status, body], [502, /WEIR_ERR_BAD_GATEWAY/])
  t.notMatch(body, /127\.0\.0\.1/, 'where the origin is stays here')
})

t.test('no request is sent to an origin with an invalid certificate', async (t) => {
  const asked: (string | undefined)[] = []
  const server = createServer(await certificate(await tempDir(t)), (request, response) => {
    asked.push(request.url)
    response.end()
  }).listen(0, '127.0.0.1')
  t.teardown(() => { server.close() })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') {
    throw new Error('a TCP server without a port')
  }
  const { send } = await gatewayApp(t, `https://127.0.0.1:${address.port}`)
  t.equal((await send('GET', '/')).status, 502)
  t.strictSame(asked, [])
})

t.test('paths reach the origin unchanged, except for refused ones', async (t) => {
  const origin = await startOrigin(t)
  const { send } = await gatewayApp(t, origin.url)
  const rows: readonly (readonly [sent: string, got: string | 400])[] = [
    ['/a%2Fb?x=%2f', '/a%2Fb?x=%2f'],
    ['/A/b/', '/A/b/'],
    ['/a//b', '/a//b'],
    ['/a;x=1?y', '/a;x=1?y'],
    ['/a?', '/a?'],
    ['/a%3Fb', '/a%3Fb'],
    ['/a?%ZZ', '/a?%ZZ'],
    [`/${'a'.repeat(5000)}`, `/${'a'.repeat(5000)}`],
    ['/x/./a', '/x/a'],
    ['/a\\b', '/a/b'],
    ['//a/b', 400],
    ['/x/../a', 400],
    ['/x/%2e%2e/a', 400],
    ['/a../b', 400],
    ['/%ZZ', 400],
    ['/%E9', 400]
  ]
  for (const [sent, got] of rows) {
    const path = got === 400 ? sent : got
    origin.on(path, NO_STORE)
    const { status } = await send('GET', sent)
    t.equal(status, got === 400 ? 400 : 200, sent)
    t.equal(origin.requests(path).length > 0, got !== 400, sent)
  }
})

t.test('hits, and writes that invalidate them', async (t) => {
  const origin = await startOrigin(t)
  const { send } = await gatewayApp(t, origin.url)
  origin.always('/', { headers: { 'cache-control': 'max-age=60' }, body: 'text' })
  for (const method of ['POST', 'PURGE', 'MKCOL']) {
    t.equal(isHit(await send('GET', '/')), false)
    t.equal(isHit(await send('GET', '/')), true)
    t.match(ours(await send(method, '/')), { fwd: 'method' })
  }
})

t.test('an invalid origin or timeout', (t) => {
  const app = Fastify()
  for (const origin of [
    '',
    'shop',
    'ftp://shop.example',
    'http://shop.example/',
    'http://shop.example/path',
    'http://u:p@a',
    'http://a:99999'
  ]) {
    t.throws(
      () => gatewayOptions(app, { origin }),
      { code: 'WEIR_ERR_PLUGIN_OPTION', message: /"origin" must be scheme and host/ },
      origin
    )
  }
  for (const timeout of [0, -1, 1.5, NaN]) {
    t.throws(() => gatewayOptions(app, { origin: 'http://a', timeout }), {
      code: 'WEIR_ERR_PLUGIN_OPTION',
      message: /"timeout"/
    })
  }
  t.end()
})
