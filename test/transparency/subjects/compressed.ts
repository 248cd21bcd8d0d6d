import compress from '@fastify/compress'
import { Readable } from 'node:stream'
import type { Subject } from '../subject.js'

/** `@fastify/compress`: bodies of all kinds, encoded as the client accepts. */
export const compressed: Subject = {
  name: 'compress',
  async plugins (app) {
    await app.register(compress, { threshold: 64 })
  },
  routes (app, { state }) {
    const text = (kind: string) =>
      `${kind} ${state.version('1')} ${'is compressed, and sent as it is accepted. '.repeat(40)}`
    const cache = { ttl: '1m', public: true, tags: ['item:1'] } as const
    app.get('/streamed', { config: { cache } }, async (_request, reply) =>
      reply.type('text/plain').send(Readable.from([text('a'), text('stream')]))
    )
    app.get('/buffer', { config: { cache } }, async (_request, reply) =>
      reply.type('text/html').send(Buffer.from(text('a buffer')))
    )
    app.get('/binary', { config: { cache } }, async (_request, reply) =>
      reply.type('image/png').send(Buffer.from(text('no text')))
    )
    app.get('/uncompressed', { compress: false, config: { cache } }, async (_request, reply) =>
      reply.type('text/plain').send(text('plain'))
    )
  },
  targets: ['/streamed', '/buffer', '/binary', '/uncompressed'].map((path) => ({
    path,
    isCached: true,
    isShared: true
  }))
}
