import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyServerOptions, RouteHandlerMethod } from 'fastify'
import t, { type Test } from 'tap'
import { askBy, askToLeave } from './support/ask.js'
import { arrivals, cachedApp, gate } from './support/cached-app.js'

/*
 * A client that leaves is hidden from the handler while others wait for its response; and no
 * request waits in vain.
 */

// Waiting requests would wait ten seconds if the fill was not abandoned.
const SOON = 5000

/**
 * Returns an application whose first request is from a client that leaves: `left` opens when the
 * application could know.
 */
async function leavingApp (t: Test, transport: 'http1' | 'http2') {
  const options: FastifyServerOptions =
    transport === 'http2' ? ({ http2: true } as FastifyServerOptions) : {}
  const app = await cachedApp(t, { origin: 'http://shop.test' }, options)
  const { open, opened: left } = gate()
  app.addHook('onRequest', async (_request, reply) => { reply.raw.once('close', open) })
  return { app, left }
}

const cached = { config: { cache: { ttl: '1m' } } } as const
const after = (opened: Promise<void>, act: () => void) => {
  opened.then(act).catch((error: unknown) => {
    t.error(error)
  })
}
const listen = (app: FastifyInstance) => app.listen({ host: '127.0.0.1', port: 0 })

for (const transport of ['http1', 'http2'] as const) {
  /**
   * Runs a handler whose client leaves once another waits; the second run answers the other one.
   */
  async function leave (t: Test, handler: (left: Promise<void>) => RouteHandlerMethod) {
    const { app, left } = await leavingApp(t, transport)
    const { open, opened: begun } = gate()
    const waiting = arrivals(app, 1)
    let runs = 0
    app.get('/', cached, function (request, reply) {
      if (++runs > 1) return 'own'
      open()
      return handler(left).call(this, request, reply)
    })
    await listen(app)
    const client = askToLeave(transport, app, '/')
    await begun
    const asked = performance.now()
    const other = askBy(transport, app, '/', { headers: { 'x-counted': '1' } })
    await waiting
    client.leave()
    const { body, headers } = await other
    return { body, runs, headers, isSoon: performance.now() - asked < SOON }
  }

  t.test(
    `${transport}: a handler that gives up because its client has left delays no other client`,
    async (t) => {
      const givingUp: Record<string, (left: Promise<void>) => RouteHandlerMethod> = {
        'async, by its socket': (left) => async (request) => {
          await left
          return request.raw.socket.destroyed ? undefined : 'never'
        },
        'async, without an answer': (left) => async () => {
          await left
        },
        'by destroying the response': (left) => (_request, reply) => {
          after(left, () => {
            reply.raw.destroy()
          })
        },
        'a stream that fails': (left) => async (_request, reply) =>
          reply.send(
            Readable.from(
              (async function * () {
                yield 'first'
                await left
                throw new Error('expected')
              })()
            )
          )
      }
      for (const [name, handler] of Object.entries(givingUp)) {
        t.match(await leave(t, handler), { body: 'own', runs: 2, isSoon: true }, name)
      }
    }
  )

  t.test(`${transport}: a handler that continues answers the waiting requests`, async (t) => {
    const goingOn: Record<string, (left: Promise<void>) => RouteHandlerMethod> = {
      'by the request': (left) => async (request) => {
        await left
        return request.raw.aborted ? undefined : 'shared'
      },
      'by events that come later': (left) => (request, reply) => {
        for (const event of ['close', 'aborted']) {
          request.raw.on(event, () => {
            reply.raw.destroy()
          })
        }
        after(left, () => {
          setImmediate(() => {
            reply.send('shared')
          })
        })
      },
      'a stream that has begun': (left) => async (request, reply) =>
        reply.type('text/plain').send(
          Readable.from(
            (async function * () {
              yield 'sha'
              await left
              if (!request.raw.aborted) yield 'red'
            })()
          )
        )
    }
    for (const [name, handler] of Object.entries(goingOn)) {
      t.match(await leave(t, handler), { body: 'shared', runs: 1, isSoon: true }, name)
    }
  })

  t.test(
    `${transport}: hooks of the request are notified at once, the handler when the fill has ended`,
    async (t) => {
      const { app, left } = await leavingApp(t, transport)
      const [begun, told, closed] = [gate(), gate(), gate()]
      const seen: unknown[] = []
      app.get(
        '/',
        {
          ...cached,
          onRequestAbort (request, done) {
            seen.push(['hook', request.raw.aborted])
            told.open()
            done()
          }
        },
        async (request) => {
          request.raw.on('close', () => {
            seen.push(['handler', request.raw.aborted])
            closed.open()
          })
          begun.open()
          await left
          await told.opened
          seen.push(['meanwhile', request.raw.aborted])
          return 'text'
        }
      )
      await listen(app)
      const client = askToLeave(transport, app, '/')
      await begun.opened
      client.leave()
      await closed.opened
      t.strictSame(seen, [
        ['hook', true],
        ['meanwhile', false],
        ['handler', true]
      ])
      t.match((await askBy(transport, app, '/')).headers['cache-status'], /hit/, 'it is stored')
    }
  )

  t.test(
    `${transport}: an event source that checks for its client ends`,
    async (t) => {
      for (const when of ['before the first byte', 'after it']) {
        const { app, left } = await leavingApp(t, transport)
        const [begun, ended] = [gate(), gate()]
        app.get('/', cached, async (request, reply) => {
          reply.raw.once('close', ended.open)
          return reply.type('text/event-stream').send(
            Readable.from(
              (async function * () {
                if (when === 'before the first byte') {
                  begun.open()
                  await left
                }
                while (!request.raw.aborted) {
                  yield 'data: tick\n\n'
                  begun.open()
                  await new Promise(setImmediate)
                }
              })()
            )
          )
        })
        await listen(app)
        const client = askToLeave(transport, app, '/')
        await begun.opened
        client.leave()
        await ended.opened
        t.pass(when)
      }
    }
  )

  t.test(`${transport}: a client that left before the end of the lookup`, async (t) => {
    const ways: Record<string, RouteHandlerMethod> = {
      'a stream that fails': async (_request, reply) =>
        reply.send(
          Readable.from(
            (async function * () {
              yield 'first'
              throw new Error('expected')
            })()
          )
        ),
      'a handler that gives up': async () => undefined,
      'a response that is destroyed': (_request, reply) => {
        reply.raw.destroy()
      },
      'a handler that goes on': async () => 'shared'
    }
    for (const [name, handler] of Object.entries(ways)) {
      const { app, left } = await leavingApp(t, transport)
      const [arrived, asked, waits] = [gate(), gate(), arrivals(app, 1)]
      app.addHook('preHandler', async (request) => {
        if (request.headers['x-counted'] !== undefined) return
        arrived.open()
        await left
      })
      let runs = 0
      app.get('/', cached, async function (request, reply) {
        if (++runs > 1) return 'own'
        asked.open()
        await waits
        return handler.call(this, request, reply)
      })
      await listen(app)
      const client = askToLeave(transport, app, '/')
      await arrived.opened
      client.leave()
      await asked.opened
      const begun = performance.now()
      const { body } = await askBy(transport, app, '/', { headers: { 'x-counted': '1' } })
      t.match(
        [body, performance.now() - begun < SOON],
        [name === 'a handler that goes on' ? 'shared' : 'own', true],
        name
      )
    }
  })

  t.test(
    `${transport}: responses with trailers are not stored, whether declared or not`,
    async (t) => {
      const { app } = await leavingApp(t, transport)
      let runs = 0
      app.get('/', cached, (_request, reply) => {
        reply.hijack()
        reply.raw.write(`${++runs}`)
        setImmediate(() => {
          reply.raw.addTrailers({ 'x-trailer': '1' })
          reply.raw.end()
        })
      })
      app.get('/before', cached, (_request, reply) => {
        reply.hijack()
        reply.raw.addTrailers({ 'x-trailer': '1' })
        reply.raw.write(`${++runs}`)
        reply.raw.end()
      })
      await listen(app)
      for (const [path, body] of [
        ['/', '1'],
        ['/', '2'],
        ['/before', '3'],
        ['/before', '4']
      ] as const) {
        t.match(await askBy(transport, app, path), { body, trailers: { 'x-trailer': '1' } })
      }
      t.match((await askBy(transport, app, '/before')).headers['cache-status'], /TRAILERS/)
    }
  )
}
