import { createHash } from 'node:crypto'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { mock } from 'node:test'
import { fastify, type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import conditional, { type ConditionalOptions } from '../conditional/index.js'

const body = 'hello'
const tag = `"${createHash('sha1').update(body).digest('base64')}"`
const date = 'Sun, 06 Nov 1994 08:49:37 GMT'

async function build (t: Test, options: ConditionalOptions = {}): Promise<FastifyInstance> {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(conditional, options)
  app.get('/hashed', async (_request, reply) =>
    reply
      .headers({ 'cache-control': 'max-age=1', vary: 'accept', 'content-location': '/x' })
      .send(body)
  )
  app.get('/tagged', async (_request, reply) =>
    reply.headers({ etag: '"mine"', 'last-modified': date }).send(body)
  )
  app.get('/dated', async (_request, reply) => reply.header('last-modified', date).send(body))
  app.post('/hashed', async (_request, reply) => reply.send(body))
  app.post('/tagged', async (_request, reply) => reply.header('etag', '"mine"').send(body))
  app.get('/error', async () => { throw new Error('no') })
  app.get('/gone', async (_request, reply) => reply.code(410).header('etag', '"mine"').send(body))
  app.get('/part', async (_request, reply) =>
    reply.code(206).header('content-range', 'bytes 0-4/9').send(body)
  )
  app.get('/nothing', async (_request, reply) => reply.code(204).send(''))
  return app
}

t.test('2xx responses to GET and HEAD get an ETag, and no others', async (t) => {
  const app = await build(t)
  const table: [
    method: 'GET' | 'HEAD' | 'POST',
    url: string,
    status: number,
    etag: string | undefined
  ][] = [
    ['GET', '/hashed', 200, tag],
    ['HEAD', '/hashed', 200, tag],
    ['GET', '/tagged', 200, '"mine"'],
    ['HEAD', '/tagged', 200, '"mine"'],
    ['POST', '/hashed', 200, undefined],
    ['POST', '/tagged', 200, '"mine"'],
    ['GET', '/error', 500, undefined],
    ['GET', '/gone', 410, '"mine"'],
    ['GET', '/part', 206, undefined],
    ['GET', '/nothing', 204, undefined],
    ['GET', '/missing', 404, undefined]
  ]
  for (const [method, url, status, etag] of table) {
    for (const headers of [{}, { 'if-none-match': '"other"' }]) {
      const response = await app.inject({ method, url, headers })
      t.equal(response.statusCode, status, `${method} ${url}`)
      t.equal(response.headers.etag, etag, `${method} ${url}`)
    }
  }
})

t.test('weak: true makes generated tags weak and leaves the others alone', async (t) => {
  const app = await build(t, { weak: true })
  t.equal((await app.inject('/hashed')).headers.etag, `W/${tag}`)
  t.equal((await app.inject('/tagged')).headers.etag, '"mine"')
  t.equal((await app.inject({ url: '/hashed', headers: { 'if-none-match': tag } })).statusCode, 304)
})

t.test(
  '304: lists, weak tags, `*`, dates, for hashed and for set tags (RFC 9110 13.1.2, 13.1.3)',
  async (t) => {
    const app = await build(t)
    const table: [url: string, headers: Record<string, string>, status: number][] = [
      ['/hashed', { 'if-none-match': tag }, 304],
      ['/hashed', { 'if-none-match': `W/${tag}` }, 304],
      ['/hashed', { 'if-none-match': `"a", ${tag}` }, 304],
      ['/hashed', { 'if-none-match': '*' }, 304],
      ['/hashed', { 'if-none-match': '"a"' }, 200],
      ['/hashed', { 'if-modified-since': date }, 200],
      ['/tagged', { 'if-none-match': '"a", W/"mine"' }, 304],
      ['/tagged', { 'if-none-match': '*' }, 304],
      ['/tagged', { 'if-none-match': '"a"' }, 200],
      ['/tagged', { 'if-modified-since': date }, 304],
      ['/tagged', { 'if-modified-since': 'Sun, 06 Nov 1994 08:49:36 GMT' }, 200],
      ['/tagged', { 'if-none-match': '"a"', 'if-modified-since': date }, 200],
      ['/tagged', { 'if-modified-since': 'today' }, 200],
      ['/dated', { 'if-modified-since': date }, 304],
      ['/tagged', { 'if-match': '"a"' }, 412],
      ['/tagged', { 'if-match': '"mine"' }, 200],
      ['/tagged', { 'if-unmodified-since': 'Sun, 06 Nov 1994 08:49:36 GMT' }, 412],
      ['/part', { 'if-none-match': '*' }, 304]
    ]
    for (const [url, headers, status] of table) {
      for (const method of ['GET', 'HEAD'] as const) {
        const response = await app.inject({ method, url, headers })
        t.equal(response.statusCode, status, `${method} ${url} ${JSON.stringify(headers)}`)
        if (status === 200) t.equal(response.body, method === 'GET' ? body : '')
      }
    }
  }
)

t.test('errors and unsafe methods are never answered 304', async (t) => {
  const app = await build(t)
  for (const value of ['*', '"mine"', tag]) {
    const headers = { 'if-none-match': value, 'if-modified-since': date }
    t.equal((await app.inject({ method: 'POST', url: '/hashed', headers })).statusCode, 200)
    t.equal((await app.inject({ method: 'POST', url: '/tagged', headers })).statusCode, 200)
    t.equal((await app.inject({ url: '/error', headers })).statusCode, 500)
    t.equal((await app.inject({ url: '/gone', headers })).statusCode, 410)
    t.equal((await app.inject({ url: '/missing', headers })).statusCode, 404)
  }
})

t.test(
  'a 304 on the wire keeps what describes the response and drops what describes the body (RFC 9110 15.4.5)',
  async (t) => {
    const app = await build(t)
    await app.listen({ port: 0, host: '127.0.0.1' })
    for (const method of ['GET', 'HEAD']) {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        httpRequest(
          `${app.listeningOrigin}/hashed`,
          { method, headers: { 'if-none-match': tag } },
          resolve
        )
          .on('error', reject)
          .end()
      })
      const { date, connection, 'keep-alive': keepAlive, ...headers } = response.headers
      t.equal(response.statusCode, 304)
      t.ok(date)
      t.strictSame(
        headers,
        { etag: tag, 'cache-control': 'max-age=1', vary: 'accept', 'content-location': '/x' },
        method
      )
      t.equal(await text(response), '')
    }
  }
)

t.test('a streamed payload is not hashed, gets its 304 and is closed', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(conditional)
  let stream = new PassThrough()
  let web = new ReadableStream()
  let cancelled = 0
  app.get('/stream', async (_request, reply) => {
    stream = new PassThrough()
    return reply.header('etag', '"s"').send(stream)
  })
  app.get('/web', async (_request, reply) => {
    web = new ReadableStream({ cancel: () => { cancelled++ } })
    return reply.header('etag', '"s"').send(web)
  })
  app.get('/response', async (_request, reply) => {
    web = new ReadableStream({ cancel: () => { cancelled++ } })
    return reply.header('etag', '"s"').send(new Response(web))
  })
  app.get('/untagged', async () => Readable.from(['a', 'b']))

  for (const method of ['GET', 'HEAD'] as const) {
    t.equal(
      (await app.inject({ method, url: '/stream', headers: { 'if-none-match': '"s"' } }))
        .statusCode,
      304
    )
    t.ok(stream.destroyed)
    t.doesNotThrow(
      () => stream.emit('error', new Error('late')),
      'a later error affects no request'
    )
    t.equal(
      (await app.inject({ method, url: '/web', headers: { 'if-none-match': '"s"' } })).statusCode,
      304
    )
    t.equal(
      (await app.inject({ method, url: '/response', headers: { 'if-none-match': '"s"' } }))
        .statusCode,
      304
    )
  }
  t.equal(cancelled, 4)
  const response = await app.inject('/untagged')
  t.equal(response.body, 'ab')
  t.equal(response.headers.etag, undefined)
})

t.test(
  'RFC 9110 13.2.2: If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, in this order',
  async (t) => {
    const app = await build(t)
    const [earlier, later] = ['Sun, 06 Nov 1994 08:49:36 GMT', 'Sun, 06 Nov 1994 08:49:38 GMT']
    const table: [headers: Record<string, string>, status: number][] = [
      [{ 'if-match': '"mine"', 'if-unmodified-since': earlier }, 200],
      [{ 'if-match': '"a"', 'if-unmodified-since': later }, 412],
      [{ 'if-match': '"mine"', 'if-none-match': '"mine"' }, 304],
      [{ 'if-match': '"a"', 'if-none-match': '"mine"' }, 412],
      [{ 'if-unmodified-since': earlier, 'if-none-match': '"mine"' }, 412],
      [{ 'if-unmodified-since': date, 'if-modified-since': date }, 304],
      [{ 'if-none-match': '"a"', 'if-modified-since': later }, 200],
      [{ 'if-none-match': '"mine"', 'if-modified-since': earlier }, 304],
      [{ 'if-match': 'W/"mine"' }, 412],
      [{ 'if-match': '*' }, 200]
    ]
    for (const [headers, status] of table) {
      for (const method of ['GET', 'HEAD'] as const) {
        t.equal(
          (await app.inject({ method, url: '/tagged', headers })).statusCode,
          status,
          `${method} ${JSON.stringify(headers)}`
        )
      }
    }
  }
)

t.test(
  'RFC 9110 8.8.2.2: Last-Modified is sent once its second has passed, when it distinguishes versions',
  async (t) => {
    const second = Date.UTC(2026, 0, 1)
    const modified = new Date(second).toUTCString()
    mock.timers.enable({ apis: ['Date'], now: second + 999 })
    t.teardown(() => {
      mock.timers.reset()
    })
    const app = fastify()
    t.teardown(() => app.close())
    await app.register(conditional)
    let version = 1
    app.get('/it', async (_request, reply) =>
      reply.headers({ 'last-modified': modified, etag: `"${version}"` }).send(body)
    )
    app.put('/it', async (request, reply) => {
      request.checkPreconditions({ lastModified: modified })
      return reply.headers({ 'last-modified': modified, etag: `"${++version}"` }).send(body)
    })
    const since = { 'if-modified-since': modified }
    for (const method of ['GET', 'HEAD', 'PUT'] as const) {
      const response = await app.inject({ method, url: '/it', headers: since })
      t.equal(response.statusCode, 200, `${method} within the second`)
      t.equal(
        response.headers['last-modified'],
        undefined,
        'no client gets the date of one of several versions'
      )
      t.ok(response.headers.etag)
    }
    t.equal(
      (
        await app.inject({
          method: 'PUT',
          url: '/it',
          headers: { 'if-unmodified-since': modified }
        })
      ).statusCode,
      412
    )
    t.equal(
      (await app.inject({ url: '/it', headers: { ...since, 'if-none-match': '"2"' } })).statusCode,
      304
    )

    mock.timers.setTime(second + 1000)
    t.equal((await app.inject('/it')).headers['last-modified'], modified)
    t.equal((await app.inject({ url: '/it', headers: since })).statusCode, 304)
    t.equal(
      (
        await app.inject({
          method: 'PUT',
          url: '/it',
          headers: { 'if-unmodified-since': modified }
        })
      ).statusCode,
      200
    )
  }
)

t.test(
  'RFC 9110 13.2.1: conditions count only where the status would be 2xx without them',
  async (t) => {
    const app = await build(t)
    app.options('/tagged', async (_request, reply) => reply.header('etag', '"mine"').send(body))
    const conditions: Record<string, string>[] = [
      { 'if-match': '"a"' },
      { 'if-match': '*' },
      { 'if-unmodified-since': date },
      { 'if-none-match': '*' }
    ]
    for (const headers of conditions) {
      for (const [method, url, status] of [
        ['GET', '/error', 500],
        ['GET', '/gone', 410],
        ['GET', '/missing', 404],
        ['OPTIONS', '/tagged', 200]
      ] as const) {
        t.equal(
          (await app.inject({ method, url, headers })).statusCode,
          status,
          `${method} ${url} ${JSON.stringify(headers)}`
        )
      }
    }
  }
)

t.test(
  'checkPreconditions throws 412 when the state does not meet the condition (RFC 9110 13.1)',
  async (t) => {
    const app = fastify()
    t.teardown(() => app.close())
    await app.register(conditional)
    let current: { etag: string } | null = { etag: '"1"' }
    app.put('/it', async (request, reply) => {
      request.checkPreconditions(current)
      current = { etag: '"2"' }
      return reply.header('etag', current.etag).send('done')
    })
    const put = async (headers: Record<string, string>) =>
      app.inject({ method: 'PUT', url: '/it', headers })

    const failed = await put({ 'if-match': '"0"' })
    t.equal(failed.statusCode, 412)
    t.equal(failed.json<{ code: string }>().code, 'WEIR_ERR_PRECONDITION_FAILED')
    t.equal((await put({ 'if-none-match': '*' })).statusCode, 412)

    const [first, second] = await Promise.all([
      put({ 'if-match': '"1"' }),
      put({ 'if-match': '"1"' })
    ])
    t.strictSame(
      [first.statusCode, second.statusCode].sort(),
      [200, 412],
      'one of two writers wins'
    )
    t.equal((await put({})).statusCode, 200)

    current = null
    t.equal((await put({ 'if-match': '*' })).statusCode, 412)
    t.equal((await put({ 'if-none-match': '*' })).statusCode, 200)
  }
)

t.test('a wrong option is an error at boot that names it', async (t) => {
  const app = fastify()
  await t.rejects(
    async () => {
      // @ts-expect-error: possible in plain JavaScript
      await app.register(conditional, { weak: 'yes' })
    },
    { code: 'WEIR_ERR_CONDITIONAL_OPTION', message: /"weak" must be true or false/ }
  )
})
