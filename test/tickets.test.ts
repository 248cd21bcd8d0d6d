import { EventEmitter, once } from 'node:events'
import { connect as openSocket } from 'node:net'
import { join } from 'node:path'
import { mock } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { memoryStore } from '@weir/cache/memory'
import invalidation from '@weir/fastify/invalidation'
import responseCache from '@weir/fastify/response-cache'
import { createOutbox } from '@weir/outbox'
import { fastify, type FastifyReply, type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { connect, makeDatabase } from './coherence/database.js'
import { tempDir } from './support/temp-dir.js'

const ORIGIN = 'http://shop.test'
/** Tags of exactly the URI, and of its path with any query. */
const uri = (path: string) => [
  `\u0001${ORIGIN}${path}`,
  `\u0001${ORIGIN}${path}#`,
  `\u0001POST ${ORIGIN}${path}`
]

/**
 * An application whose handlers write with plain tickets. `invalidated` has all invalidations of
 * its cache, with tickets or without; `listen` opens a port.
 */
async function ticketsApp (t: Test) {
  const folder = await tempDir(t)
  await makeDatabase(join(folder, 'versions.db'), 1)
  const db = connect(join(folder, 'versions.db'), 5000)
  const app = fastify({ forceCloseConnections: true })
  t.teardown(async () => {
    await app.close()
    await db.destroy()
  })
  const outbox = createOutbox({ db, invalidate: (tags) => app.responseCache.invalidate(tags) })
  await app.register(responseCache, { store: memoryStore(), origin: ORIGIN, outbox })
  const invalidated: (readonly string[])[] = []
  const invalidate = app.responseCache.invalidate.bind(app.responseCache)
  mock.method(app.responseCache, 'invalidate', async (...args: Parameters<typeof invalidate>) => {
    invalidated.push(args[0])
    return invalidate(...args)
  })
  await app.register(invalidation, { outbox })

  /** A service's own function, which knows nothing about requests. */
  const write = (tag: string) => db.transaction().execute(async (trx) => {
    await turn()
    await trx.updateTable('versions').set({ version: 2 }).where('id', '=', 0).execute()
    return outbox.add(trx, [tag])
  })
  const writes = async (_request: FastifyRequest, reply: FastifyReply) => {
    reply.invalidate(await write('x'))
    return 'done'
  }
  const listen = async () => new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  return { app, outbox, invalidated, write, writes, listen }
}

t.test(
  'a plain ticket contains the URI in any application, over a socket and injected: one write is one delivery',
  async (t) => {
    const { app, outbox, invalidated, write, writes, listen } = await ticketsApp(t)
    // Created outside of any request: its listeners run in that context.
    const bus = new EventEmitter()
    const pulse = setInterval(() => {
      bus.emit('pulse')
    }, 1)
    t.teardown(() => {
      clearInterval(pulse)
    })
    const emitted = (_request: FastifyRequest, _reply: FastifyReply, done: () => void) => {
      bus.once('pulse', done)
    }

    await app.register(
      async (scope) => {
        scope.addHook('onRequest', async () => {
          await turn()
        })
        scope.addHook('preHandler', emitted)
        scope.put(
          '/hooks',
          {
            preValidation: async () => {
              await turn()
            },
            preHandler: [
              emitted,
              async () => {
                await turn()
              }
            ]
          },
          writes
        )
      },
      { prefix: '/scoped' }
    )
    app.put(
      '/body',
      { schema: { body: { type: 'object', properties: { size: { type: 'string' } } } } },
      writes
    )
    app.addContentTypeParser('text/x-stream', (_request, body, done) => {
      done(null, body)
    })
    app.put('/stream', async (request, reply) => {
      if (request.headers['content-type'] === 'text/x-stream') {
        await once(request.raw.resume(), 'end')
      }
      return writes(request, reply)
    })
    app.put('/callback', (_request, reply) => {
      write('x').then(
        (ticket) => {
          reply.invalidate(ticket).send('done')
        },
        (error: unknown) => {
          reply.send(error)
        }
      )
    })
    app.put('/timer', (_request, reply) => {
      setTimeout(() => {
        write('x').then(
          (ticket) => {
            reply.invalidate(ticket).send('done')
          },
          (error: unknown) => {
            reply.send(error)
          }
        )
      }, 0)
    })
    app.all('/all', writes)
    const base = await listen()

    const json = { 'content-type': 'application/json' }
    const table: [path: string, headers?: Record<string, string>, body?: string][] = [
      ['/scoped/hooks'],
      ['/body', json, JSON.stringify({ size: 'x'.repeat(500_000) })],
      ['/stream', { 'content-type': 'text/x-stream' }, 'x'.repeat(500_000)],
      ['/callback'],
      ['/timer'],
      ['/all']
    ]
    for (const [path, headers = {}, body] of table) {
      for (const way of ['socket', 'inject']) {
        invalidated.length = 0
        const status =
          way === 'socket'
            ? (
                await fetch(new URL(path, base), {
                  method: 'PUT',
                  headers,
                  ...(body === undefined ? {} : { body })
                })
              ).status
            : (
                await app.inject({
                  method: 'PUT',
                  url: path,
                  headers,
                  ...(body === undefined ? {} : { body })
                })
              ).statusCode
        t.equal(status, 200, path)
        t.strictSame(invalidated, [['x', ...uri(path)]], `${path} by ${way}`)
      }
    }
    t.equal(await outbox.pending(), 0)
    t.strictSame((await write('y')).tags, ['y'], 'outside of a request')
  }
)

t.test(
  'consecutive and concurrent requests on one connection do not mix',
  async (t) => {
    const { app, invalidated, write, writes, listen } = await ticketsApp(t)
    let open = () => {}
    const added = new Promise<void>((resolve) => {
      open = resolve
    })
    app.put('/first', async (_request, reply) => {
      await added
      return reply.invalidate(await write('1')).send('done')
    })
    app.put('/second', async (_request, reply) => {
      const ticket = await write('2')
      open()
      return reply.invalidate(ticket).send('done')
    })
    app.get('/read', async () => (await write('3')).tags)
    app.put('/third', writes)
    const { hostname, port } = await listen()

    const socket = openSocket(Number(port), hostname)
    t.teardown(() => socket.destroy())
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    const answers = async (count: number) => {
      while (text.split('HTTP/1.1 200').length <= count) await once(socket, 'data')
    }
    const head = (method: string, path: string) =>
      `${method} ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`
    socket.write(head('PUT', '/first') + head('PUT', '/second'))
    await answers(2)
    t.strictSame(invalidated, [
      ['2', ...uri('/second')],
      ['1', ...uri('/first')]
    ])

    socket.write(head('GET', '/read'))
    await answers(3)
    t.match(text, /\r\n\r\n\["3"\]$/)

    socket.write(head('PUT', '/third'))
    await answers(4)
    t.strictSame(invalidated.at(-1), ['x', ...uri('/third')])
    t.equal(invalidated.length, 3)
  }
)

t.test('a write through another route invalidates both URIs', async (t) => {
  const { app, invalidated, writes } = await ticketsApp(t)
  app.put('/part', writes)
  app.put('/whole', async () => (await app.inject({ method: 'PUT', url: '/part' })).body)
  t.equal((await app.inject({ method: 'PUT', url: '/whole' })).statusCode, 200)
  t.strictSame(invalidated, [['x', ...uri('/whole'), ...uri('/part')], [...uri('/whole')]])
})
