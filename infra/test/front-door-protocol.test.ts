import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { buildFrontDoor, type Upstream } from '../local/front-door.js'

const LIMITS = {
  headers: 300,
  request: 600,
  silence: 300,
  suspect: 1000,
  probe: 1000,
  body: 1024 * 1024
}
/** Limits that only a client that stops sending exceeds. */
const PATIENT = { ...LIMITS, headers: 10_000, request: 30_000 }
const HOST = 'Host: x\r\nConnection: close\r\n'
const POST = `POST /api/products HTTP/1.1\r\n${HOST}`

async function listening (t: Test, listener: RequestListener): Promise<Upstream> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP port')
  return { name: 'catalog-1', url: `http://127.0.0.1:${address.port}` }
}

const frontDoor = (t: Test, ...upstreams: Upstream[]): Promise<number> =>
  frontDoorWith(t, PATIENT, ...upstreams)

async function frontDoorWith (
  t: Test, limits: typeof LIMITS, ...upstreams: Upstream[]
): Promise<number> {
  const app = buildFrontDoor([{ name: 'catalog', prefixes: ['/api/products'], upstreams }], limits)
  t.teardown(() => app.close())
  return Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
}

/**
 * Sends bytes and returns everything received until the connection ends or the body is complete.
 */
function exchange (port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let received = ''
    const socket = connect(port, '127.0.0.1')
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      received += chunk
      const end = received.indexOf('\r\n\r\n')
      const length = /\r\ncontent-length: (\d+)/i.exec(received.slice(0, end))?.[1]
      if (length !== undefined && received.length >= end + 4 + Number(length)) socket.destroy()
    })
    socket.on('error', () => {}).once('close', () => { resolve(received) })
    socket.write(bytes, 'latin1')
  })
}

const echo: RequestListener = (request, response) => {
  text(request).then((body) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ url: request.url, headers: request.headers, body }))
  }, () => { response.destroy() })
}
const bodyOf = (response: string): unknown =>
  JSON.parse(response.slice(response.indexOf('\r\n\r\n') + 4))

t.test('fields named by Connection are not forwarded, in either direction', async (t) => {
  const port = await frontDoor(t, await listening(t, (request, response) => {
    response.setHeader('X-Seen', JSON.stringify(request.headers))
    response.setHeader('X-Inner', '1')
    response.setHeader('X-Outer', '2')
    response.setHeader('Connection', 'close, X-Inner')
    response.end('ok')
  }))
  const response = await exchange(
    port,
    'GET /api/products HTTP/1.1\r\nHost: x\r\nConnection: close, X-Hop, x-forwarded-for\r\nX-Hop: 1\r\nX-End: 2\r\n\r\n'
  )
  t.match(response, /^HTTP\/1\.1 200 /)
  t.match(response, /\r\nx-outer: 2\r\n/i)
  t.notMatch(response, /\r\nx-inner:/i)
  const seen: unknown = JSON.parse(/\r\nx-seen: (.*)\r\n/i.exec(response)?.[1] ?? '')
  t.match(seen, { 'x-hop': undefined, 'x-end': '2', 'x-forwarded-for': '127.0.0.1' })
})

t.test('absolute-form targets, and HTTP/1.0 without Host', async (t) => {
  const port = await frontDoor(t, await listening(t, echo))
  for (const [bytes, url, host] of [
    [
      `GET http://shop.example:81/api/products?a=1 HTTP/1.1\r\n${HOST}\r\n`,
      '/api/products?a=1',
      'shop.example:81'
    ],
    [
      `GET HTTP://shop.example/api/products HTTP/1.1\r\n${HOST}\r\n`,
      '/api/products',
      'shop.example'
    ],
    ['GET /api/products HTTP/1.0\r\n\r\n', '/api/products', `localhost:${port}`],
    [
      `GET /api/products?at=http://shop.example/ HTTP/1.1\r\n${HOST}\r\n`,
      '/api/products?at=http://shop.example/',
      'x'
    ]
  ] as const) {
    t.match(
      bodyOf(await exchange(port, bytes)),
      { url, headers: { host, 'x-forwarded-host': host } },
      bytes
    )
  }
  t.match(
    await exchange(port, `GET http://shop.example HTTP/1.1\r\n${HOST}\r\n`),
    /^HTTP\/1\.1 404 /
  )
})

t.test('every error of the front door is problem details', async (t) => {
  const port = await frontDoorWith(
    t,
    LIMITS,
    await listening(t, (request, response) => {
      if (request.method === 'GET') response.end()
    })
  )
  const table: Readonly<Record<string, readonly [status: number, code: string, bytes: string]>> = {
    'no HTTP': [400, 'WEIR_ERR_BAD_REQUEST', 'nonsense\r\n\r\n'],
    'no Host': [
      400,
      'WEIR_ERR_BAD_REQUEST',
      'GET /api/products HTTP/1.1\r\nConnection: close\r\n\r\n'
    ],
    'two Hosts': [
      400,
      'WEIR_ERR_BAD_REQUEST',
      `GET /api/products HTTP/1.1\r\nHost: y\r\n${HOST}\r\n`
    ],
    'no Host beside an authority': [
      400,
      'WEIR_ERR_BAD_REQUEST',
      'GET http://y/api/products HTTP/1.1\r\nConnection: close\r\n\r\n'
    ],
    'an authority with a password': [
      400,
      'WEIR_ERR_BAD_REQUEST',
      `GET http://u:p@y/api/products HTTP/1.1\r\n${HOST}\r\n`
    ],
    'two lengths': [
      400,
      'WEIR_ERR_BAD_REQUEST',
      `${POST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`
    ],
    'a path that cannot be decoded': [
      400,
      'FST_ERR_BAD_URL',
      `GET /api/products/%zz HTTP/1.1\r\n${HOST}\r\n`
    ],
    'no such path': [404, 'WEIR_ERR_NO_SUCH_PATH', `GET /x HTTP/1.1\r\n${HOST}\r\n`],
    TRACE: [405, 'WEIR_ERR_METHOD_NOT_ALLOWED', `TRACE /api/products HTTP/1.1\r\n${HOST}\r\n`],
    PROPFIND: [
      405,
      'WEIR_ERR_METHOD_NOT_ALLOWED',
      `PROPFIND /api/products/1 HTTP/1.1\r\n${HOST}\r\n`
    ],
    CONNECT: [405, 'WEIR_ERR_METHOD_NOT_ALLOWED', `CONNECT x:80 HTTP/1.1\r\n${HOST}\r\n`],
    'fields that stop coming': [
      408,
      'WEIR_ERR_REQUEST_TIMEOUT',
      'GET /api/products HTTP/1.1\r\nHost: x\r\nX-Slow: '
    ],
    'a body that stops coming': [
      408,
      'WEIR_ERR_REQUEST_TIMEOUT',
      `${POST}Content-Length: 5\r\n\r\n12`
    ],
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
      `GET /api/products?${'x'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`
    ],
    'an expectation': [
      417,
      'WEIR_ERR_EXPECTATION',
      `${POST}Expect: tea\r\nContent-Length: 0\r\n\r\n`
    ],
    'long fields': [
      431,
      'WEIR_ERR_HEADERS_TOO_LARGE',
      `GET /api/products HTTP/1.1\r\n${HOST}X: ${'x'.repeat(20_000)}\r\n\r\n`
    ],
    'an unknown method': [
      501,
      'WEIR_ERR_METHOD_NOT_IMPLEMENTED',
      `BREW /api/products HTTP/1.1\r\n${HOST}\r\n`
    ],
    'another coding': [
      501,
      'WEIR_ERR_CODING_NOT_IMPLEMENTED',
      `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`
    ],
    'an instance that does not answer': [
      504,
      'WEIR_ERR_INSTANCE_SILENT',
      `${POST}Content-Length: 2\r\n\r\n{}`
    ],
    'a version by its number': [
      505,
      'WEIR_ERR_HTTP_VERSION',
      `GET /api/products HTTP/2.0\r\n${HOST}\r\n`
    ],
    'an older one': [505, 'WEIR_ERR_HTTP_VERSION', `GET /api/products HTTP/0.9\r\n${HOST}\r\n`],
    'another version': [505, 'WEIR_ERR_HTTP_VERSION', `GET /api/products HTTP/3.1\r\n${HOST}\r\n`]
  }
  const hosts = ['a b', 'a/b', 'u:p@a', '[::1', 'a:b', 'a%zz', '\u00ff'].map(
    (host): [string, (typeof table)[string]] => [
      `Host: ${host}`,
      [
        400,
        'WEIR_ERR_BAD_REQUEST',
        `GET /api/products HTTP/1.1\r\nConnection: close\r\nHost: ${host}\r\n\r\n`
      ]
    ]
  )
  for (const [name, [status, code, bytes]] of [...hosts, ...Object.entries(table)]) {
    const response = await exchange(port, bytes)
    t.match(response, new RegExp(`^HTTP/1\\.1 ${status} `), name)
    t.match(response, /\r\ncontent-type: application\/problem\+json\r\n/i, name)
    t.equal(/\r\nallow: GET, /i.test(response), status === 405, name)
    t.match(bodyOf(response), { status, code, title: /\w/, detail: /\w/ }, name)
  }
})

t.test('413 reaches a client that is still sending, without a reset', async (t) => {
  const port = await frontDoor(t, await listening(t, echo))
  for (const [fields, chunk] of [
    ['Content-Length: 104857600', 'x'.repeat(65_536)],
    ['Transfer-Encoding: chunked', `10000\r\n${'x'.repeat(65_536)}\r\n`]
  ] as const) {
    const socket = connect(port, '127.0.0.1')
    let failure: Error | undefined
    socket.on('error', (error) => { failure = error })
    const status = once(socket.setEncoding('latin1'), 'data')
    socket.write(`POST /api/products HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n`)
    for (let i = 0; i < 64; i++) await new Promise((resolve) => { socket.write(chunk, resolve) })
    t.match(await status, [/^HTTP\/1\.1 413 /])
    // The server still reads bytes that are sent after the response.
    await new Promise((resolve) => { socket.write(chunk, resolve) })
    t.equal(failure, undefined, fields)
    socket.destroy()
  }
})

t.test('bodies of any type arrive unchanged', async (t) => {
  const port = await frontDoor(t, await listening(t, echo))
  for (const type of [
    'application/json; charset=utf-8',
    'application/merge-patch+json',
    'text/plain',
    'application/octet-stream',
    ''
  ]) {
    for (const body of ['{"a":1}', '']) {
      for (const length of [
        `Content-Length: ${body.length}\r\n\r\n${body}`,
        `Transfer-Encoding: chunked\r\n\r\n${body && `7\r\n${body}\r\n`}0\r\n\r\n`
      ]) {
        const fields = type === '' ? '' : `Content-Type: ${type}\r\n`
        const response = await exchange(
          port,
          `PATCH /api/products HTTP/1.1\r\n${HOST}${fields}${length}`
        )
        t.match(
          bodyOf(response),
          { body, headers: { 'content-type': type === '' ? undefined : type } },
          `${type} ${length}`
        )
      }
    }
  }
})

t.test('a write goes to another instance only if the first received nothing of it', async (t) => {
  const applied: string[] = []
  const dies = await listening(t, (request) => {
    applied.push(`${request.method} dies`)
    request.socket.destroy()
  })
  const lives = await listening(t, (request, response) => {
    applied.push(`${request.method} lives`)
    response.end('ok')
  })
  const gone = { name: 'catalog-0', url: 'http://127.0.0.1:1' }
  for (const method of ['PUT', 'DELETE', 'POST', 'PATCH']) {
    const write = `${method} /api/products/1 HTTP/1.1\r\n${HOST}If-Match: "1"\r\nContent-Length: 2\r\n\r\n{}`
    applied.length = 0
    const response = await exchange(await frontDoor(t, dies, lives), write)
    t.match(bodyOf(response), { status: 502, code: 'WEIR_ERR_INSTANCE_LOST' }, method)
    t.strictSame(applied, [`${method} dies`])
    applied.length = 0
    t.match(await exchange(await frontDoor(t, gone, lives), write), /^HTTP\/1\.1 200 /, method)
    t.strictSame(applied, [`${method} lives`])
  }
})
