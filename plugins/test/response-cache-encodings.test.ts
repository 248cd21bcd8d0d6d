import { gunzipSync } from 'node:zlib'
import compress from '@fastify/compress'
import t from 'tap'
import { cachedApp } from './support/cached-app.js'

const TEXT = 'text that can be compressed '.repeat(50)

t.test(
  'RFC 9110 8.8.1, 8.8.3.3: each encoding of a response has its own strong entity tag',
  async (t) => {
    const app = await cachedApp(t)
    await app.register(compress, { threshold: 10, encodings: ['gzip', 'br', 'identity'] })
    app.get('/', { config: { cache: { ttl: '1m' } } }, async (_request, reply) =>
      reply.type('text/plain').send(TEXT)
    )
    const get = (encoding: string, headers: Record<string, string> = {}) =>
      app.inject({ url: '/', headers: { 'accept-encoding': encoding, ...headers } })

    const tags: string[] = []
    for (const encoding of ['identity', 'gzip', 'br']) {
      const {
        headers: { etag }
      } = await get(encoding)
      const hit = await get(encoding)
      t.match(hit.headers, { etag, 'cache-status': /; hit/ }, encoding)
      t.equal(hit.headers['content-encoding'], encoding === 'identity' ? undefined : encoding)
      t.match(etag, /^"[^"]+"$/, `${encoding}: strong`)
      tags.push(String(etag))
    }
    t.equal(new Set(tags).size, 3, 'all different')
    t.equal(String(gunzipSync((await get('gzip')).rawPayload)), TEXT)

    const [identity = '', gzip = ''] = tags
    t.equal((await get('gzip', { 'if-none-match': gzip })).statusCode, 304)
    t.equal(
      (await get('gzip', { 'if-none-match': identity })).statusCode,
      200,
      'the client has other bytes'
    )
  }
)
