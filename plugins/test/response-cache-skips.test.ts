import { once } from 'node:events'
import { connect } from 'node:net'
import compress from '@fastify/compress'
import { fastify } from 'fastify'
import t from 'tap'
import { memoryStore } from '@weir/cache/memory'
import conditional from '../conditional/index.js'
import responseCache from '../response-cache/index.js'

/*
 * Checks the table "What a hit skips" of plugins/README.md over a connection: skipped steps do not
 * run, and their results are sent.
 */

t.test(
  'a hit skips serialization, onSend hooks, compression and hashing, and sends their results',
  async (t) => {
    const app = fastify()
    t.teardown(() => app.close())
    const runs: string[] = []
    app.setSerializerCompiler(() => (data) => {
      runs.push('serializer')
      return JSON.stringify(data)
    })
    app.addHook('preSerialization', async (_request, _reply, payload) => {
      runs.push('preSerialization')
      return payload
    })
    app.addHook('onSend', async (_request, reply, payload) => {
      runs.push(`onSend, ETag ${String(reply.getHeader('etag'))}`)
      reply.header('x-of-on-send', 'yes')
      return payload
    })
    app.addHook('onResponse', async () => {
      runs.push('onResponse')
    })
    await app.register(compress, { threshold: 0 })
    await app.register(conditional)
    await app.register(responseCache, { store: memoryStore(), origin: 'http://shop.example' })
    const schema = {
      response: { 200: { type: 'object', properties: { text: { type: 'string' } } } }
    }
    app.get('/x', { schema, config: { cache: { ttl: '1h' } } }, async () => {
      runs.push('handler')
      return { text: 'x'.repeat(500) }
    })
    await app.listen({ host: '127.0.0.1', port: 0 })

    /**
     * Returns the steps run for a request, and its response without the fields that change over
     * time.
     */
    const ask = async () => {
      runs.length = 0
      const address = app.server.address()
      const socket = connect(
        typeof address === 'object' && address !== null ? address.port : 0,
        '127.0.0.1'
      )
      const chunks: Buffer[] = []
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
      })
      socket.write(
        'GET /x HTTP/1.1\r\nhost: shop.example\r\naccept-encoding: gzip\r\nconnection: close\r\n\r\n'
      )
      await once(socket, 'end')
      const [head = '', ...body] = Buffer.concat(chunks).toString('latin1').split('\r\n\r\n')
      const [status, ...lines] = head.split('\r\n')
      const fields = lines
        .filter((line) => !/^(?:age|cache-status|transfer-encoding|content-length):/i.test(line))
        .sort()
      return {
        runs: [...runs],
        cacheStatus: /^cache-status: (.*)$/m.exec(head)?.[1],
        status,
        fields,
        body: body.join('\r\n\r\n')
      }
    }

    const miss = await ask()
    t.match(miss.runs, ['handler', 'preSerialization', 'serializer', /^onSend/, 'onResponse'])
    for (const hit of [await ask(), await ask(), await ask()]) {
      t.match(hit.cacheStatus, /hit/)
      t.strictSame(hit.runs, ['onResponse'])
      t.strictSame([hit.status, hit.fields, hit.body], [miss.status, miss.fields, miss.body])
      for (const field of ['content-encoding: gzip', 'x-of-on-send: yes']) {
        t.ok(hit.fields.includes(field), field)
      }
      t.ok(
        hit.fields.some((field) => /^etag: "[^"]+-gzip"$/.test(field)),
        'the tag made once'
      )
    }
  }
)
