import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import {
  fastify,
  type FastifyInstance,
  type FastifyServerOptions,
  type RouteHandlerMethod
} from 'fastify'
import t, { type Test } from 'tap'
import type { Head } from '../response-cache/head.js'
import { type Tap, tapResponse } from '../response-cache/wire.js'
import { askBy, askHttp, type Got, portOf, TRANSPORTS, type Transport } from './support/ask.js'
import { gate } from './support/cached-app.js'

/*
 * The tap sees the final head and every byte, regardless of their source; and a client gets the
 * same response as without it.
 */

const LONG = 'long '.repeat(20_000)

/** Every way in which an application may answer. */
const ANSWERS: Readonly<Record<string, RouteHandlerMethod>> = {
  'a string': async () => 'text',
  'a Buffer': async () => Buffer.from('bytes'),
  'a long Buffer': async () => Buffer.from(LONG),
  'an object': async () => ({ a: 1 }),
  'an empty body': async (_request, reply) => reply.code(204).send(),
  'a status without a body': async (_request, reply) => reply.code(404).send(),
  'an error': async () => {
    throw new Error('expected')
  },
  'a callback': (_request, reply) => {
    setImmediate(() => {
      reply.header('x-late', '1').send('late')
    })
  },
  'a stream': async () => Readable.from([Buffer.from('a'), Buffer.from('b')]),
  'a long stream': async () =>
    Readable.from(Array.from({ length: 100 }, () => Buffer.from(LONG.slice(0, 5000)))),
  'a stream with a length': async (_request, reply) =>
    reply.header('content-length', 2).send(Readable.from([Buffer.from('a'), Buffer.from('b')])),
  'an empty stream': async () => Readable.from([]),
  'a web stream': async (_request, reply) =>
    reply.send(
      new ReadableStream({
        start (controller) {
          controller.enqueue(Buffer.from('web '))
          controller.enqueue(Buffer.from('stream'))
          controller.close()
        }
      })
    ),
  'a Response': async () =>
    new Response('of fetch', { status: 201, headers: { 'x-of': 'fetch' } }),
  cookies: async (_request, reply) => reply.header('set-cookie', ['a=1', 'b=2']).send('cookies'),
  'a head by name': (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(202, { 'X-Of': 'raw', 'Set-Cookie': ['a=1', 'b=2'] })
    reply.raw.write('one ')
    reply.raw.end('two')
  },
  'a head as a list': (_request, reply) => {
    reply.hijack()
    reply.raw.setHeader('x-before', '1')
    reply.raw.writeHead(200, ['X-Of', 'raw', 'x-before', '2'])
    reply.raw.end('list')
  },
  'a head by setHeader': (_request, reply) => {
    reply.hijack()
    reply.raw.statusCode = 203
    reply.raw.setHeader('X-Of', 'raw')
    reply.raw.end('set')
  },
  'a head that is flushed': (_request, reply) => {
    reply.hijack()
    reply.raw.setHeader('x-of', 'raw')
    reply.raw.flushHeaders()
    setImmediate(() => {
      reply.raw.end('flushed')
    })
  },
  'bytes with callbacks': (_request, reply) => {
    reply.hijack()
    reply.raw.write('one ', () => {
      reply.raw.write('two ', 'utf8', () => {
        reply.raw.end(() => {})
      })
    })
  },
  'no bytes at all': (_request, reply) => {
    reply.hijack()
    reply.raw.end()
  },
  'text of another encoding': (_request, reply) => {
    reply.hijack()
    reply.raw.write('6869', 'hex')
    reply.raw.end('4869', 'hex')
  }
}

interface Seen {
  head?: Head
  whole?: string | undefined
  recorded?: string | undefined
}

type Deciding = Pick<Tap, 'head'>

async function listening (t: Test, transport: Transport, tap?: (seen: Seen) => Deciding) {
  const seen = new Map<string, Seen>()
  // Fastify's type depends on the server's protocol, which is the transport's here.
  const options: FastifyServerOptions =
    transport === 'http2' ? ({ http2: true } as FastifyServerOptions) : {}
  const app: FastifyInstance = fastify(options)
  t.teardown(() => app.close())
  app.addHook('preHandler', async (request, reply) => {
    if (tap === undefined) return
    const one: Seen = {}
    seen.set(`${request.method} ${request.url}`, one)
    tapResponse(reply.raw, { ...tap(one), closed () {}, lingers: () => false })
  })
  app.addHook('onSend', async (_request, reply) => { reply.header('x-sent', '1') })
  for (const [name, handler] of Object.entries(ANSWERS)) app.get(pathOf(name), handler)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, seen }
}

const pathOf = (name: string) => `/${name.replaceAll(' ', '-')}`

/**
 * Removes fields that depend on time or connection, or frame the body: a length may be known in one
 * case only.
 */
function comparable ({ status, headers, body }: Got) {
  const {
    date: _,
    connection: __,
    'keep-alive': ___,
    'transfer-encoding': ____,
    'content-length': length,
    ...rest
  } = headers
  return {
    status,
    headers: { ...rest },
    body,
    isLengthRight: length === undefined || body === '' || Number(length) === body.length
  }
}

for (const transport of TRANSPORTS) {
  t.test(`${transport}: a passed response is sent as without the tap, and is seen`, async (t) => {
    const bare = await listening(t, transport)
    const tapped = await listening(t, transport, (seen) => ({
      async head (head, body) {
        seen.head = head
        seen.whole = body?.toString('latin1')
        // Simulates a slow store.
        await new Promise(setImmediate)
        return {
          kind: 'pass',
          head,
          record: {
            limit: 1e6,
            end: async (body) => {
              seen.recorded = body?.toString('latin1')
            }
          }
        }
      }
    }))
    for (const name of Object.keys(ANSWERS)) {
      for (const method of ['GET', 'HEAD']) {
        const [without, withTap] = await Promise.all(
          [bare, tapped].map(({ app }) => askBy(transport, app, pathOf(name), { method }))
        )
        if (without === undefined || withTap === undefined) throw new Error('two answers')
        t.strictSame(comparable(withTap), comparable(without), `${method} ${name}`)
        const { head, recorded } = tapped.seen.get(`${method} ${pathOf(name)}`) ?? {}
        t.equal(head?.status, without.status, 'its status is seen')
        for (const field of ['x-sent', 'x-of', 'set-cookie', 'content-type']) {
          if (method === 'GET') {
            t.strictSame(
              head?.fields[field] && [head.fields[field]].flat(),
              without.headers[field] && [without.headers[field]].flat(),
              field
            )
          }
        }
        if (method === 'GET') t.equal(recorded, without.body, 'so are its bytes')
      }
    }
  })

  t.test(`${transport}: another response replaces it`, async (t) => {
    const { app } = await listening(t, transport, () => ({
      async head () {
        await new Promise(setImmediate)
        return {
          kind: 'replace',
          head: { status: 203, fields: { 'x-in-its': 'place', 'content-length': '5' } },
          body: Buffer.from('other')
        }
      }
    }))
    for (const name of Object.keys(ANSWERS)) {
      const { status, headers, body } = await askBy(transport, app, pathOf(name))
      t.strictSame(
        [status, headers['x-in-its'], headers['x-sent'], body],
        [203, 'place', undefined, 'other'],
        name
      )
    }
  })

  t.test(`${transport}: a response that is collected first`, async (t) => {
    const bare = await listening(t, transport)
    const { app } = await listening(t, transport, (seen) => ({
      head: (head) => ({
        kind: 'collect',
        limit: 10_000,
        async done (body) {
          seen.recorded = body?.toString('latin1')
          await new Promise(setImmediate)
          return { kind: 'pass', head }
        }
      })
    }))
    for (const name of Object.keys(ANSWERS)) {
      const [without, collected] = await Promise.all(
        [bare.app, app].map((app) => askBy(transport, app, pathOf(name)))
      )
      t.strictSame(collected && comparable(collected), without && comparable(without), name)
    }
  })
}

t.test('a client that leaves ends an endless source, and the tap is notified', async (t) => {
  let [isEnded, closed] = [false, 0]
  const app = fastify()
  t.teardown(() => app.close())
  app.addHook('preHandler', async (_request, reply) => {
    tapResponse(reply.raw, {
      head: (head) => ({ kind: 'pass', head, record: { limit: 1e6, end: async () => {} } }),
      closed () {
        closed++
      },
      lingers: () => false
    })
  })
  const ended = new Promise<void>((resolve) => {
    app.get('/events', async () => {
      const source = new Readable({ read () {} })
      source.push('tick')
      source.on('close', () => {
        isEnded = true
        resolve()
      })
      return source
    })
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { get } = await import('node:http')
  await new Promise<void>((resolve) => {
    const request = get(
      { host: '127.0.0.1', port: portOf(app), path: '/events', agent: false },
      (response) => {
        response.on('error', () => {})
        response.once('data', () => {
          request.destroy()
          resolve()
        })
      }
    )
    request.on('error', () => {})
  })
  await ended
  t.ok(isEnded)
  t.equal(closed, 1)
})

t.test('to the application a response looks sent as soon as it has ended', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  let looks: unknown[] = []
  app.get('/', (_request, reply) => {
    tapResponse(reply.raw, {
      async head (head) {
        await new Promise(setImmediate)
        return { kind: 'pass', head }
      },
      closed () {},
      lingers: () => false
    })
    const before = [reply.raw.headersSent, reply.raw.writableEnded, reply.sent]
    reply.send('sent')
    looks = [...before, reply.raw.headersSent, reply.raw.writableEnded, reply.sent]
    t.throws(() => reply.raw.writeHead(500), { code: 'ERR_HTTP_HEADERS_SENT' })
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.equal((await askHttp(app, '/')).body, 'sent')
  t.strictSame(looks, [false, false, false, true, true, true])
})

/** Returns an application with one route, under a tap. */
async function tappedApp (
  t: Test,
  transport: Transport,
  tap: Partial<Tap>,
  handler: RouteHandlerMethod
): Promise<FastifyInstance> {
  const options: FastifyServerOptions =
    transport === 'http2' ? ({ http2: true } as FastifyServerOptions) : {}
  const app: FastifyInstance = fastify(options)
  t.teardown(() => app.close())
  app.addHook('preHandler', async (_request, reply) => {
    tapResponse(reply.raw, {
      head: (head) => ({ kind: 'pass', head }),
      closed () {},
      lingers: () => false,
      ...tap
    })
  })
  app.get('/', handler)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return app
}

type Note = (body: Buffer | undefined) => void

/** Decisions for which the tap gets a copy of the body. */
const COPYING = {
  recorded:
    (note: Note): Tap['head'] =>
      async (head) => ({
        kind: 'pass',
        head,
        record: {
          limit: 1e7,
          end: async (body) => {
            note(body)
          }
        }
      }),
  collected:
    (note: Note): Tap['head'] =>
      (head) => ({
        kind: 'collect',
        limit: 1e7,
        async done (body) {
          note(body)
          return { kind: 'pass', head }
        }
      })
}

t.test('a late refusal by Node aborts the response, and nothing else', async (t) => {
  const bodies: unknown[] = []
  let closed = 0
  const app = await tappedApp(t, 'http1', {
    head: COPYING.recorded((body) => { bodies.push(body?.toString()) }),
    closed () { closed++ }
  }, (_request, reply) => {
    reply.hijack()
    reply.raw.strictContentLength = true
    reply.raw.writeHead(200, { 'content-length': 10 })
    reply.raw.write('four')
    t.doesNotThrow(() => reply.raw.end(), 'it is not known, yet')
  })
  await t.rejects(askHttp(app, '/'))
  t.strictSame([bodies, closed], [['four'], 0], 'the tap was notified of its end')
})

t.test('the same applies to a passed response without a recording', async (t) => {
  const { open, opened } = gate()
  const app = await tappedApp(
    t,
    'http1',
    { head: async (head) => ({ kind: 'pass', head }), closed: open },
    (_request, reply) => {
      reply.hijack()
      reply.raw.strictContentLength = true
      reply.raw.writeHead(200, { 'content-length': 10 })
      reply.raw.end('four')
    }
  )
  await t.rejects(askHttp(app, '/'))
  await opened
})

t.test('an immediate refusal by Node throws its exception', async (t) => {
  const app = await tappedApp(t, 'http1', {}, (_request, reply) => {
    reply.hijack()
    reply.raw.strictContentLength = true
    reply.raw.writeHead(200, { 'content-length': 8 })
    reply.raw.write('four')
    t.throws(() => reply.raw.end(), { code: 'ERR_HTTP_CONTENT_LENGTH_MISMATCH' })
    reply.raw.end('more')
  })
  t.equal((await askHttp(app, '/')).body, 'fourmore')
})

for (const transport of ['http1', 'http2'] as const) {
  t.test(`${transport}: a decision that fails closes the response`, async (t) => {
    let closed = 0
    const failing: Partial<Tap> = {
      head: async () => {
        throw new Error('expected')
      },
      closed () {
        closed++
      }
    }
    const app = await tappedApp(t, transport, failing, async () => 'text')
    await t.rejects(askBy(transport, app, '/'))
    t.equal(closed, 1)
  })

  t.test(`${transport}: a second end is answered as by Node`, async (t) => {
    const answers: Record<string, unknown[]> = {}
    const handler = (name: string): RouteHandlerMethod => (_request, reply) => {
      const told = answers[name] = [] as unknown[]
      const codeOf = (error?: Error | null) =>
        error instanceof Error && 'code' in error ? error.code : error
      const note = (call: string) => (error?: Error | null) => { told.push([call, codeOf(error)]) }
      reply.hijack()
      reply.raw.end('text', note('first'))
      reply.raw.end(note('second'))
      reply.raw.once('close', () => { reply.raw.end(note('late')) })
    }
    const bare: FastifyInstance = fastify(
      transport === 'http2' ? ({ http2: true } as FastifyServerOptions) : {}
    )
    t.teardown(() => bare.close())
    bare.get('/', handler('without'))
    await bare.listen({ host: '127.0.0.1', port: 0 })
    const app = await tappedApp(t, transport, { head: COPYING.recorded(() => {}) }, handler('with'))
    for (const one of [bare, app]) {
      t.equal((await askBy(transport, one, '/')).body, 'text')
      await one.close()
    }
    const named = (list: unknown[] | undefined) => [...list ?? []].map(String).sort()
    t.equal(answers['with']?.length, 3)
    t.strictSame(named(answers['with']), named(answers['without']))
  })

  for (const [kind, copying] of Object.entries(COPYING)) {
    t.test(
      `${transport}: a body of the declared length is complete before its end: ${kind}`,
      async (t) => {
        const { open, opened } = gate()
        const bodies: unknown[] = []
        const app = await tappedApp(
          t,
          transport,
          {
            head: copying((body) => {
              bodies.push(body?.toString())
            })
          },
          async (_request, reply) => {
            reply.hijack()
            reply.raw.writeHead(200, { 'content-length': 10 })
            reply.raw.write('first')
            await new Promise((resolve) => {
              reply.raw.write('other', resolve)
            })
            // Callers that wait for the end get it.
            await opened
            reply.raw.end()
          }
        )
        const { status, body } = await atLeast(transport, app, 10)
        t.strictSame([status, body, bodies], [200, 'firstother', ['firstother']])
        open()
      }
    )

    t.test(`${transport}: an application may reuse its buffer: ${kind}`, async (t) => {
      const bodies: unknown[] = []
      const parts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(100_000))
      const app = await tappedApp(
        t,
        transport,
        {
          head: copying((body) => {
            bodies.push(body?.toString())
          })
        },
        async (_request, reply) => {
          reply.hijack()
          const buffer = Buffer.alloc(100_000)
          for (const [i, part] of parts.entries()) {
            buffer.write(part)
            if (i % 2 === 0) {
              await new Promise((resolve) => {
                reply.raw.write(buffer, resolve)
              })
            } else if (!reply.raw.write(buffer)) {
              await new Promise((resolve) => {
                reply.raw.once('drain', resolve)
              })
            }
          }
          buffer.fill('x')
          reply.raw.end()
        }
      )
      const whole = parts.join('')
      t.equal((await askBy(transport, app, '/')).body === whole, true)
      t.equal(bodies[0] === whole, true)
    })
  }

  t.test(`${transport}: more than was declared arrives in order`, async (t) => {
    const bodies: unknown[] = []
    const head = COPYING.recorded((body) => { bodies.push(body?.toString()) })
    const app = await tappedApp(t, transport, { head }, (_request, reply) => {
      reply.hijack()
      reply.raw.writeHead(200, { 'content-length': 5 })
      reply.raw.write('first')
      reply.raw.write('other')
      reply.raw.end()
    })
    await askBy(transport, app, '/').catch(() => {})
    t.strictSame(bodies, ['firstother'], 'the tap can tell')
  })

  t.test(`${transport}: names of Object.prototype are ordinary names`, async (t) => {
    const names = ['constructor', 'valueof']
    const app = await tappedApp(t, transport, {}, (_request, reply) => {
      reply.hijack()
      reply.raw.writeHead(200, names.flatMap((name) => [name, 'x']))
      reply.raw.end()
    })
    const { headers } = await askBy(transport, app, '/')
    for (const name of names) {
      t.equal(Object.entries(headers).find(([key]) => key === name)?.[1], 'x', name)
    }
  })
}

t.test('a slow client gets what was written, even if the buffer was reused', async (t) => {
  const { open, opened } = gate()
  const app = await tappedApp(
    t,
    'http1',
    { head: COPYING.recorded(() => {}) },
    async (_request, reply) => {
      reply.hijack()
      const buffer = Buffer.alloc(100_000)
      for (let i = 0; i < 50; i++) {
        buffer.fill(97 + (i % 26))
        if (!reply.raw.write(buffer)) {
          await new Promise((resolve) => {
            reply.raw.once('drain', resolve)
          })
        }
      }
      buffer.fill('!')
      reply.raw.end()
      open()
    }
  )
  const { get } = await import('node:http')
  const body = await new Promise<string>((resolve) => {
    get({ host: '127.0.0.1', port: portOf(app), agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('end', () => { resolve(Buffer.concat(chunks).toString()) })
      // The client reads nothing before everything is written.
      const read = () => { response.on('data', (chunk: Buffer) => { chunks.push(chunk) }) }
      opened.then(read).catch((error: unknown) => { t.error(error) })
    })
  })
  t.equal(
    body ===
      Array.from({ length: 50 }, (_, i) =>
        String.fromCharCode(97 + (i % 26)).repeat(100_000)
      ).join(''),
    true
  )
})

for (const transport of TRANSPORTS) {
  t.test(`${transport}: trailers are seen, and passed on`, async (t) => {
    for (const when of ['before the head', 'after the first byte']) {
      let head: Head | undefined
      const bodies: unknown[] = []
      const app = await tappedApp(t, transport, {
        head: async (given) => {
          head = given
          return {
            kind: 'pass',
            head: given,
            record: {
              limit: 1e6,
              end: async (body) => {
                bodies.push(body)
              }
            }
          }
        }
      }, (_request, reply) => {
        reply.hijack()
        if (when === 'before the head') reply.raw.addTrailers({ 'x-trailer': '1' })
        reply.raw.write('text')
        setImmediate(() => {
          if (when !== 'before the head') reply.raw.addTrailers({ 'x-trailer': '1' })
          reply.raw.end()
        })
      })
      const { body, trailers } = await askBy(transport, app, '/')
      t.strictSame([body, trailers['x-trailer']], ['text', '1'], when)
      t.strictSame(
        [head?.hasTrailers, bodies],
        [when === 'before the head' ? true : undefined, [undefined]],
        when
      )
    }
  })
}

/** Returns the first bytes of a response that may not have ended. */
async function atLeast (
  transport: Transport,
  app: FastifyInstance,
  length: number
): Promise<{ status: number; body: string }> {
  if (transport === 'http2') {
    const { connect } = await import('node:http2')
    const session = connect(`http://127.0.0.1:${portOf(app)}`)
    const stream = session.request({ ':path': '/' })
    const status = await new Promise<number>((resolve) => {
      stream.once('response', (headers) => {
        resolve(headers[':status'] ?? 0)
      })
    })
    return {
      status,
      body: await bytesOf(stream, length).finally(() => {
        session.close()
      })
    }
  }
  const { get } = await import('node:http')
  const response = await new Promise<IncomingMessage>((resolve) => {
    get({ host: '127.0.0.1', port: portOf(app), agent: false }, resolve)
  })
  return { status: response.statusCode ?? 0, body: await bytesOf(response, length) }
}

function bytesOf (stream: Readable, length: number): Promise<string> {
  return new Promise((resolve) => {
    let body = ''
    stream.on('data', (chunk: Buffer) => {
      body += chunk.toString()
      if (body.length >= length) resolve(body)
    })
  })
}
