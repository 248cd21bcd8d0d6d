import { once } from 'node:events'
import { METHODS } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { buildService } from './support/service-app.js'

async function build (t: Test) {
  const { app } = await buildService(t)
  app.get('/items', async () => [])
  app.post('/items', { bodyLimit: 100 }, async ({ body }) => body)
  app.get('/stream', (_request, reply) => {
    reply.raw.writeHead(200, { 'content-length': '100' })
    reply.raw.write('begun')
    reply.hijack()
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    app,
    /** Returns everything that a server answers to these bytes. */
    raw: async (...parts: string[]): Promise<string> => {
      const socket = connect(Number(new URL(app.listeningOrigin).port), '127.0.0.1')
      t.teardown(() => socket.destroy())
      await once(socket, 'connect')
      const answer = text(socket)
      for (const part of parts) socket.write(part)
      return answer
    }
  }
}

const head = (...lines: string[]) => `${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`

t.test('malformed and unsupported requests are a problem as well', async (t) => {
  const { raw } = await build(t)
  const host = 'Host: x'
  const table: [what: string, request: string, status: number, code?: string][] = [
    ['nonsense', 'nonsense\r\n\r\n', 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00', 400],
    ['HTTP/0.9', 'GET /items\r\n\r\n', 505],
    ['another protocol', 'GET /items ICE/1.0\r\n\r\n', 400],
    ['a space in a name', 'GET /items HTTP/1.1\r\nHost : x\r\n\r\n', 400],
    [
      'two lengths',
      'POST /items HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400
    ],
    [
      'length and coding',
      'POST /items HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400
    ],
    [
      'a chunk that is none',
      'POST /items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      400
    ],
    ['no Host', head('GET /items HTTP/1.1'), 400, 'WEIR_ERR_HOST'],
    ['two', head('GET /items HTTP/1.1', host, 'HOST: y'), 400, 'WEIR_ERR_HOST'],
    ...['a b', 'a/b', 'a?b', 'u:p@a', '[::1', '::1', 'a:b', 'a%zz', 'a#', '\u00ff'].map(
      (name): [string, string, number, string] => [
        `Host: ${name}`,
        head('GET /items HTTP/1.1', `Host: ${name}`),
        400,
        'WEIR_ERR_HOST'
      ]
    ),
    ['a bad address', head('GET /%zz HTTP/1.1', host), 400, 'FST_ERR_BAD_URL'],
    ['no path', head('GET /nowhere HTTP/1.1', host), 404, 'WEIR_ERR_ROUTE_NOT_FOUND'],
    [
      'no method of the path',
      head('PUT /items HTTP/1.1', host),
      405,
      'WEIR_ERR_METHOD_NOT_ALLOWED'
    ],
    [
      'too large',
      head('POST /items HTTP/1.1', host, 'Content-Type: application/json', 'Content-Length: 101'),
      413,
      'FST_ERR_CTP_BODY_TOO_LARGE'
    ],
    ['too long', head(`GET /${'x'.repeat(20_000)} HTTP/1.1`, host), 414],
    [
      'too many chunk extensions',
      `POST /items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2;${'a'.repeat(20_000)}\r\n{}\r\n`,
      413
    ],
    [
      'an expectation',
      head('GET /items HTTP/1.1', host, 'Expect: a miracle'),
      417,
      'WEIR_ERR_EXPECTATION'
    ],
    ['fields too large', head('GET /items HTTP/1.1', host, `x: ${'x'.repeat(20_000)}`), 431],
    [
      'a method that nothing has',
      head('PROPFIND /items HTTP/1.1', host),
      501,
      'WEIR_ERR_METHOD_NOT_IMPLEMENTED'
    ],
    ['an unknown method', head('BREW /items HTTP/1.1', host), 501],
    ['a method in small letters', head('get /items HTTP/1.1', host), 501],
    [
      'CONNECT',
      head('CONNECT example.com:443 HTTP/1.1', host),
      501,
      'WEIR_ERR_METHOD_NOT_IMPLEMENTED'
    ],
    [
      'another coding',
      'POST /items HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
      501,
      'WEIR_ERR_CODING_NOT_IMPLEMENTED'
    ],
    ['HTTP/2 by its number', head('GET /items HTTP/2.0', host), 505],
    ['HTTP/0.9 by its number', head('GET /items HTTP/0.9', host), 505],
    ['a version to come', head('GET /items HTTP/4.2', host), 505]
  ]
  for (const [what, request, status, code = /^[A-Z0-9_]+$/] of table) {
    const [answer = '', body = ''] = (await raw(request)).split('\r\n\r\n')
    t.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), what)
    t.match(answer, /\r\ncontent-type: application\/problem\+json(\r\n|$)/i, what)
    t.match(answer, /\r\ndate: /i)
    t.match(
      JSON.parse(body),
      { type: 'about:blank', title: /\w/, status, detail: /\w/, code },
      what
    )
  }
})

t.test('requests of old clients are answered', async (t) => {
  const { raw } = await build(t)
  for (const name of [
    '',
    'a',
    'a.example:80',
    'a:',
    '127.0.0.1:1',
    '[::1]',
    '[2001:db8::1]:8080',
    'a_b-c.',
    'a%20b',
    'XN--A'
  ]) {
    t.match(
      await raw(head('GET /items HTTP/1.1', `Host: ${name}`)),
      /^HTTP\/1\.1 200 /,
      `Host: ${name}`
    )
  }
  t.match(await raw('GET /items HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /, 'HTTP/1.0 has no Host')
  t.match(
    await raw(head('GET http://shop.example/items HTTP/1.1', 'Host: x')),
    /^HTTP\/1\.1 (200|404) /,
    'an absolute address'
  )
  t.match(
    await raw(head('OPTIONS * HTTP/1.1', 'Host: x')),
    /^HTTP\/1\.1 204 [^]*\r\nallow: GET, HEAD, POST, OPTIONS\r\n/,
    'the whole service'
  )
  const continued = await raw(
    head(
      'POST /items HTTP/1.1',
      'Host: x',
      'Content-Type: application/json',
      'Content-Length: 2',
      'Expect: 100-Continue'
    ),
    '{}'
  )
  t.match(continued, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
})

t.test('no error is written into a response that has started', async (t) => {
  const { raw } = await build(t)
  const answer = await raw('GET /stream HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n')
  t.match(answer, /^(HTTP\/1\.1 200 [^]*begun$|$)/)
  t.notMatch(answer, 'problem+json')
})

t.test('every method of Node\'s parser has an answer', async (t) => {
  const { raw } = await build(t)
  const allowed = ['GET', 'HEAD', 'POST', 'OPTIONS']
  for (const method of METHODS) {
    const answer = await raw(head(`${method} /items HTTP/1.1`, 'Host: x', 'Content-Length: 0'))
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
    if (allowed.includes(method)) t.ok([200, 204, 400].includes(status), `${method}: ${status}`)
    // QUERY has no meaning without a Content-Type (RFC 10008), which Fastify checks first.
    else if (method === 'QUERY') t.equal(status, 400)
    else t.equal(status, ['PUT', 'PATCH', 'DELETE'].includes(method) ? 405 : 501, method)
  }
})
