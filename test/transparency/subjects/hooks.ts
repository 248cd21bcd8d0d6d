import { whoOf } from '../shop.js'
import type { Subject } from '../subject.js'

/** An application's own hooks: some change the response, some declare its audience. */
export const hooks: Subject = {
  name: 'hooks',
  async plugins (app) {
    let count = 0
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('x-count', ++count)
    })
    app.addHook('preHandler', async (request, reply) => {
      reply.header('x-who', whoOf(request))
      if (request.headers.range === 'bytes=0-0') reply.header('cache-control', 'no-transform')
    })
    app.addHook('preSerialization', async (_request, _reply, payload) => ({ data: payload }))
    app.addHook('onSend', async (request, reply, payload) => {
      reply.header('x-frame-options', 'DENY')
      if (request.url.startsWith('/items') && whoOf(request) === 'anna') {
        reply.header('set-cookie', 'seen=items; Path=/')
      }
      if (request.method !== 'HEAD' && typeof payload === 'string' && reply.statusCode < 400) {
        return `${payload}\n`
      }
      return payload
    })
    app.setErrorHandler(async (error, _request, reply) =>
      reply.code(422).send({ problem: error instanceof Error ? error.message : 'unknown' })
    )
    app.setNotFoundHandler(async (_request, reply) =>
      reply.code(404).type('text/plain').send('nothing here')
    )
  },
  guard: () => ({
    preHandler: async (request, reply) => {
      if (whoOf(request) !== 'emil' && whoOf(request) !== 'anna') {
        return reply.code(403).send({ error: 'not for you' })
      }
    }
  }),
  routes (app, { state }) {
    const cache = { ttl: '1m', public: true, tags: ['item:1'] } as const
    app.get('/thrown', { config: { cache } }, async () => {
      throw new Error(`version ${state.version('1')}`)
    })
    app.get('/called', { config: { cache } }, (_request, reply) => {
      setImmediate(() => {
        reply.send({ version: state.version('1') })
      })
    })
    app.get('/raw', { config: { cache } }, (_request, reply) => {
      reply.hijack()
      reply.raw.writeHead(200, { 'content-type': 'text/plain', 'x-raw': 'yes' })
      reply.raw.write('in two ')
      reply.raw.end(`parts, version ${state.version('1')}`)
    })
    app.get('/empty', { config: { cache } }, async (_request, reply) => reply.code(204).send())
    app.get('/moved', { config: { cache } }, async (_request, reply) =>
      reply.redirect(`/items/${state.version('1')}`, 301)
    )
    app.get(
      '/response',
      { config: { cache } },
      async () =>
        new Response(`version ${state.version('1')}`, { headers: { 'x-made-of': 'Response' } })
    )
  },
  targets: [
    ...['/thrown', '/called', '/raw', '/empty', '/moved'].map((path) => ({
      path,
      isCached: true,
      isShared: true
    })),
    // Fastify answers HEAD with an error.
    { path: '/response', isCached: true, isShared: true, hasHead: false }
  ]
}
