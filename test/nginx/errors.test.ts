import { setTimeout } from 'node:timers/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import t from 'tap'
import { startNginx } from '../support/nginx.js'
import { everything, exchange } from './raw.js'

const HOST = 'Host: x\r\nConnection: close\r\n'
const POST = `POST /api/products HTTP/1.1\r\n${HOST}`

// Requests that nginx itself answers: the status, the code, and the bytes sent.
const ERRORS: Readonly<Record<string, readonly [status: number, code: string, bytes: string]>> = {
  'no HTTP': [400, 'WEIR_ERR_BAD_REQUEST', 'nonsense\r\n\r\n'],
  'no Host': [400, 'WEIR_ERR_BAD_REQUEST', 'GET /api/products HTTP/1.1\r\n\r\n'],
  'two Hosts': [
    400,
    'WEIR_ERR_BAD_REQUEST',
    `GET /api/products HTTP/1.1\r\nHost: y\r\n${HOST}\r\n`
  ],
  'a Host that is none': [
    400,
    'WEIR_ERR_BAD_REQUEST',
    'GET /api/products HTTP/1.1\r\nHost: a b\r\n\r\n'
  ],
  'a target that cannot be decoded': [
    400,
    'WEIR_ERR_BAD_REQUEST',
    `GET /api/%zz HTTP/1.1\r\n${HOST}\r\n`
  ],
  'a path above the root': [400, 'WEIR_ERR_BAD_REQUEST', `GET /../../x HTTP/1.1\r\n${HOST}\r\n`],
  'a length that is none': [400, 'WEIR_ERR_BAD_REQUEST', `${POST}Content-Length: x\r\n\r\n`],
  'two lengths': [
    400,
    'WEIR_ERR_BAD_REQUEST',
    `${POST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`
  ],
  'a chunk that is none': [
    400,
    'WEIR_ERR_BAD_REQUEST',
    `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`
  ],
  TLS: [400, 'WEIR_ERR_BAD_REQUEST', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
  'HTTP/2': [400, 'WEIR_ERR_BAD_REQUEST', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  CONNECT: [400, 'WEIR_ERR_BAD_REQUEST', `CONNECT x:80 HTTP/1.1\r\n${HOST}\r\n`],
  'no such path that ends as a page does': [
    404,
    'WEIR_ERR_NO_SUCH_PATH',
    `GET /x/index.html HTTP/1.1\r\n${HOST}\r\n`
  ],
  'no instance for a page': [
    503,
    'WEIR_ERR_NO_INSTANCE',
    `GET /index.html HTTP/1.1\r\n${HOST}\r\n`
  ],
  'TRACE of an image': [
    405,
    'WEIR_ERR_METHOD_NOT_ALLOWED',
    `TRACE /favicon.gif HTTP/1.1\r\n${HOST}\r\n`
  ],
  'no such path': [
    404,
    'WEIR_ERR_NO_SUCH_PATH',
    `POST /x HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`
  ],
  TRACE: [405, 'WEIR_ERR_METHOD_NOT_ALLOWED', `TRACE /api/products HTTP/1.1\r\n${HOST}\r\n`],
  'a body that says it is too large': [
    413,
    'WEIR_ERR_BODY_TOO_LARGE',
    `${POST}Content-Length: 1048577\r\n\r\n`
  ],
  'a body that turns out to be': [
    413,
    'WEIR_ERR_BODY_TOO_LARGE',
    `${POST}Transfer-Encoding: chunked\r\n\r\n100001\r\n${'x'.repeat(1_048_577)}`
  ],
  'a long target': [
    414,
    'WEIR_ERR_TARGET_TOO_LONG',
    `GET /api/products?${'x'.repeat(9000)} HTTP/1.1\r\n${HOST}\r\n`
  ],
  'a long field': [
    431,
    'WEIR_ERR_HEADERS_TOO_LARGE',
    `GET /api/products HTTP/1.1\r\n${HOST}X: ${'x'.repeat(9000)}\r\n\r\n`
  ],
  'many fields': [
    431,
    'WEIR_ERR_HEADERS_TOO_LARGE',
    `GET /api/products HTTP/1.1\r\n${HOST}${`X: ${'x'.repeat(4000)}\r\n`.repeat(8)}\r\n`
  ],
  'another coding': [
    501,
    'WEIR_ERR_CODING_NOT_IMPLEMENTED',
    `${POST}Transfer-Encoding: gzip\r\n\r\n`
  ],
  'no instance, a read': [
    503,
    'WEIR_ERR_NO_INSTANCE',
    `GET /api/products HTTP/1.1\r\n${HOST}\r\n`
  ],
  'no instance, a write': [503, 'WEIR_ERR_NO_INSTANCE', `${POST}Content-Length: 2\r\n\r\n{}`],
  'no instance of a service with one': [
    503,
    'WEIR_ERR_NO_INSTANCE',
    `POST /api/stats/x HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\n{}`
  ],
  'another version': [505, 'WEIR_ERR_HTTP_VERSION', `GET /api/products HTTP/3.0\r\n${HOST}\r\n`]
}

t.test('every error of nginx is problem details', async (t) => {
  const { url } = await startNginx(t, {})
  for (const [name, [status, code, bytes]] of Object.entries(ERRORS)) {
    const response = await exchange(url, bytes)
    t.equal(response.status, status, name)
    t.equal(response.headers.get('content-type'), 'application/problem+json', name)
    t.equal(response.headers.get('cache-control'), 'no-store', name)
    t.equal(response.headers.get('retry-after'), status === 503 ? '1' : undefined, name)
    t.equal(response.headers.has('allow'), status === 405, name)
    t.match(JSON.parse(response.body), { status, code, title: /\w/, detail: /\w/ }, name)
  }
})

t.test(
  'HTTP/1.0 needs no Host, and an absolute-form target overrides it',
  async (t) => {
    const server = createServer((request, response) => {
      response.end(
        [request.url, request.headers.host, request.headers['x-forwarded-host']].join(' ')
      )
    }).listen(0, '127.0.0.1')
    t.teardown(() => {
      server.close()
    })
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') {
      throw new Error('a TCP server without a port')
    }
    const { url } = await startNginx(t, { catalog: [`http://127.0.0.1:${address.port}`] })
    const { port } = new URL(url)
    for (const [bytes, seen] of [
      [
        'GET /api/products?a=1 HTTP/1.0\r\n\r\n',
        `/api/products?a=1 localhost:${port} localhost:${port}`
      ],
      [
        'GET /api/products HTTP/1.0\r\nHost: shop.example:81\r\n\r\n',
        '/api/products shop.example:81 shop.example:81'
      ],
      [
        `GET http://shop.example:82/api/products?a=1 HTTP/1.1\r\n${HOST}\r\n`,
        '/api/products?a=1 shop.example:82 shop.example:82'
      ],
      [
        `GET HTTPS://shop.example/api/products HTTP/1.1\r\n${HOST}\r\n`,
        '/api/products shop.example shop.example'
      ]
    ] as const) {
      const { status, body } = await exchange(url, bytes)
      t.equal(status, 200, bytes)
      t.match(body, seen, bytes)
    }
  }
)

t.test('nginx logs no queries', async (t) => {
  const { url, accessLog, stop } = await startNginx(t, {})
  for (const target of [
    '/x?token=hunter2',
    '/api/products?token=hunter2',
    'http://shop.example/api/products?token=hunter2',
    '/%zz?token=hunter2'
  ]) {
    await everything(url, `GET ${target} HTTP/1.1\r\n${HOST}\r\n`)
    await everything(url, `PUT ${target} HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`)
  }
  // A request is logged when nginx has noticed that its client is gone.
  while ((await accessLog()).length < 8) await setTimeout(10)
  await stop()
  const lines = await accessLog()
  t.equal(lines.length, 8)
  t.notMatch(lines.join('\n'), /hunter2/)
  t.match(JSON.parse(lines[1] ?? ''), { method: 'PUT', path: '/x', status: '404' })
})
