import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import {
  fastify,
  type FastifyInstance,
  type FastifyReply,
  type RouteHandlerMethod,
  type RouteShorthandOptions
} from 'fastify'
import t, { type Test } from 'tap'
import { memoryStore } from '@weir/cache/memory'
import invalidation from '../invalidation/index.js'
import responseCache from '../response-cache/index.js'
import { gate } from './support/cached-app.js'

/*
 * Invalidation belongs to the write, not to its response: regardless of the response, changed data
 * is not served any more.
 */

/**
 * Returns a shop of one product, cached under its path and the tag `product:1`; `written` resolves
 * when the handler has saved.
 */
async function shop (t: Test, write: (app: FastifyInstance, save: () => void) => void) {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(responseCache, { store: memoryStore(), origin: 'http://shop.test' })
  await app.register(invalidation)
  let version = 1
  const cache = { ttl: '1h' } as const
  app.get('/products/1', { config: { cache } }, async () => `version ${version}`)
  app.get(
    '/list',
    { config: { cache: { ...cache, tags: ['product:1'] } } },
    async () => `version ${version}`
  )
  write(app, () => { version++ })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const read = async (url: string) => (await app.inject(url)).body
  for (const url of ['/products/1', '/list']) t.equal(await read(url), 'version 1')
  return { app, read }
}

/**
 * Waits some turns of the event loop: invalidation in memory takes a few, and no response waits for
 * a late one.
 */
async function turns (): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate)
}

interface Write {
  readonly options?: RouteShorthandOptions
  readonly handler: (save: () => void) => RouteHandlerMethod
}

const WRITES: Readonly<Record<string, Write>> = {
  'hijack, and the raw response': {
    handler: (save) => async (_request, reply) => {
      save()
      reply.invalidate(['product:1'])
      reply.hijack()
      reply.raw.end('written')
    }
  },
  'the raw response without hijack': {
    handler: (save) => async (_request, reply) => {
      save()
      reply.invalidate(['product:1'])
      reply.raw.end('written')
    }
  },
  'a 202, and the work after it': {
    handler: (save) => async (_request, reply) => {
      await reply.code(202).send('accepted')
      save()
      reply.invalidate(['product:1'])
    }
  },
  'a 202, and work in the background': {
    handler: (save) => async (_request, reply) => {
      setTimeout(() => {
        save()
        reply.invalidate(['product:1', 'other'])
      }, 1)
      return reply.code(202).send('accepted')
    }
  },
  'a body that cannot be serialized': {
    options: {
      schema: {
        response: {
          200: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] }
        }
      }
    },
    handler: (save) => async (_request, reply) => {
      save()
      reply.invalidate(['product:1'])
      return { no: 'id' }
    }
  },
  'an onSend hook that throws': {
    options: {
      onSend: async (request) => {
        if (request.headers['x-once'] !== undefined) throw new Error('expected')
      }
    },
    handler: (save) => async (request, reply) => {
      save()
      reply.invalidate(['product:1'])
      queueMicrotask(() => {
        delete request.raw.headers['x-once']
      })
      return 'written'
    }
  }
}

for (const [name, { options = {}, handler }] of Object.entries(WRITES)) {
  t.test(`${name}: tags and, if the write has succeeded, its target`, async (t) => {
    const { app, read } = await shop(t, (app, save) => {
      app.put('/products/1', options, handler(save))
    })
    await app.inject({ method: 'PUT', url: '/products/1', headers: { 'x-once': '1' } })
    await new Promise((resolve) => setTimeout(resolve, 20))
    await turns()
    t.equal(await read('/list'), 'version 2', 'the tag')
    if (!name.includes('in the background')) {
      t.equal(await read('/products/1'), 'version 2', 'the target')
    }
  })
}

t.test('a handler that continues after its timeout', async (t) => {
  const { open, opened } = gate()
  const { app, read } = await shop(t, (app, save) => {
    app.put(
      '/products/1',
      { handlerTimeout: 10, config: { invalidates: ['product:1'] } },
      async () => {
        await opened
        save()
        return 'written'
      }
    )
  })
  t.equal((await app.inject({ method: 'PUT', url: '/products/1' })).statusCode, 503)
  t.equal(await read('/list'), 'version 1')
  open()
  await turns()
  t.equal(await read('/list'), 'version 2')
  t.equal(await read('/products/1'), 'version 2')
})

t.test('a failed write invalidates only the tags it names', async (t) => {
  const { app, read } = await shop(t, (app, save) => {
    app.put('/products/1', { config: { invalidates: ['product:1'] } }, async (_request, reply) => {
      save()
      return reply.code(409).send('not written')
    })
  })
  await app.inject({ method: 'PUT', url: '/products/1' })
  await turns()
  t.equal(await read('/list'), 'version 1')
  t.equal(await read('/products/1'), 'version 1')
})

t.test('placeholders stand for parameters', async (t) => {
  const { app, read } = await shop(t, (app, save) => {
    app.put('/by-id/:id', { config: { invalidates: ['product:{id}'] } }, async () => {
      save()
      return 'written'
    })
  })
  await app.inject({ method: 'PUT', url: '/by-id/2' })
  t.equal(await read('/list'), 'version 1')
  await app.inject({ method: 'PUT', url: '/by-id/1' })
  t.equal(await read('/list'), 'version 3')
})

t.test('a write invalidates every entry of its path, regardless of query and spelling', async (t) => {
  const app = fastify({
    routerOptions: {
      caseSensitive: false,
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true
    }
  })
  t.teardown(() => app.close())
  await app.register(responseCache, { store: memoryStore(), origin: 'http://shop.test' })
  await app.register(invalidation)
  let version = 1
  const querystring = { type: 'object', properties: { lang: { type: 'string', default: 'en' } } }
  app.get(
    '/products/:id',
    { schema: { querystring }, config: { cache: { ttl: '1m' } } },
    async () => `${version}`
  )
  app.put('/products/:id', async () => `${++version}`)
  const urls = [
    '/products/1',
    '/products/1?lang=de',
    '/products/1?utm_source=x',
    '/products/1/',
    '/Products/1',
    '//products/1',
    '/products/%31'
  ]
  for (const target of ['/products/1', '/PRODUCTS/1?notify=true']) {
    for (const url of urls) await app.inject(url)
    await app.inject({ method: 'PUT', url: target })
    for (const url of urls) {
      t.equal((await app.inject(url)).body, String(version), `${url} after PUT ${target}`)
    }
  }
})

const BODY = { written: true }
const later = () => new Promise(setImmediate)

/** Ways in which a handler confirms a write. */
const ANSWERS: Readonly<Record<string, (save: () => void) => RouteHandlerMethod>> = {
  'a callback that sends': (save) => (_request, reply) => {
    save()
    reply.send(BODY)
  },
  'a callback that sends later': (save) => (_request, reply) => {
    setImmediate(() => {
      save()
      reply.send(BODY)
    })
  },
  'a callback that returns what it sends': (save) => (_request, reply) => {
    save()
    return reply.send(BODY)
  },
  'a callback that returns a value': (save) => () => {
    save()
    return BODY
  },
  'a promise of a value': (save) => async () => {
    save()
    return BODY
  },
  'a promise of a value, later': (save) => async () => {
    await later()
    save()
    return BODY
  },
  'a promise of the reply': (save) => async (_request, reply) => {
    save()
    reply.send(BODY)
    return reply
  },
  'a promise of the reply, which is sent later': (save) => async (_request, reply) => {
    setImmediate(() => {
      save()
      reply.send(BODY)
    })
    return reply
  },
  'a promise of nothing': (save) => async (_request, reply) => {
    save()
    reply.send(BODY)
  },
  'a promise of nothing, after the answer': (save) => async (_request, reply) => {
    save()
    await reply.send(BODY)
  },
  'a promise of nothing, later': (save) => async (_request, reply) => {
    await later()
    save()
    reply.send(BODY)
    await later()
  },
  'a thenable of another kind': (save) => () => {
    save()
    return {
      then: (done: (value: unknown) => void) => {
        done(BODY)
      }
    }
  },
  'a redirect': (save) => (_request, reply) => {
    save()
    reply.redirect('/elsewhere', 303)
  },
  'a stream': (save) => async (_request, reply) => {
    save()
    return reply.send(Readable.from(['writ', 'ten']))
  },
  'a Response': (save) => async () => {
    save()
    return new Response('written')
  },
  'a Response that is sent': (save) => (_request, reply) => {
    save()
    reply.send(new Response('written'))
  }
}

/** Failures of the response. */
const TROUBLES: Readonly<Record<string, RouteShorthandOptions>> = {
  nothing: {},
  'an onSend hook that rejects': {
    onSend: async (_request, reply) => {
      if (reply.statusCode < 400) throw new Error('expected')
    }
  },
  'an onSend hook that rejects late': {
    onSend: async (_request, reply) => {
      await later()
      if (reply.statusCode < 400) throw new Error('expected')
    }
  },
  'an onSend hook with a callback that throws': {
    onSend: (_request, reply, payload, done) => {
      if (reply.statusCode < 400) throw new Error('expected')
      done(null, payload)
    }
  },
  'an onSend hook that always rejects': {
    onSend: async () => {
      throw new Error('expected')
    }
  },
  'a preSerialization hook that rejects': {
    preSerialization: async () => {
      throw new Error('expected')
    }
  },
  'a serializer that throws': {
    preHandler: async (_request, reply) => {
      reply.serializer(() => {
        throw new Error('expected')
      })
    }
  },
  'a body that cannot be serialized': {
    schema: {
      response: {
        200: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] }
      }
    }
  },
  'an error handler that sends another error': {
    onSend: async (_request, reply) => {
      if (reply.statusCode < 400) throw new Error('expected')
    },
    errorHandler: (_error, _request, reply) => {
      reply.code(502).send('bad gateway')
    }
  }
}

/** Returns the response of bare Fastify to the write, and the number of errors on the way. */
async function bare (options: RouteShorthandOptions, handler: RouteHandlerMethod) {
  const app = fastify()
  let errors = 0
  app.put(
    '/products/1',
    {
      ...options,
      onError: (_request, _reply, _error, done) => {
        errors++
        done()
      }
    },
    handler
  )
  const { statusCode, body, headers } = await app.inject({ method: 'PUT', url: '/products/1' })
  await turns()
  await app.close()
  return { statusCode, body, type: headers['content-type'], errors }
}

for (const [answer, handler] of Object.entries(ANSWERS)) {
  for (const [trouble, options] of Object.entries(TROUBLES)) {
    t.test(
      `${answer}, and ${trouble}: the write counts, and the client gets the response of bare Fastify`,
      async (t) => {
        let errors = 0
        const own: RouteShorthandOptions = {
          config: { invalidates: ['product:1'] },
          onError: (_request, _reply, _error, done) => {
            errors++
            done()
          }
        }
        const { app, read } = await shop(t, (app, save) => {
          app.put('/products/1', { ...options, ...own }, handler(save))
        })
        const { statusCode, body, headers } = await app.inject({
          method: 'PUT',
          url: '/products/1'
        })
        await turns()
        t.equal(await read('/products/1'), 'version 2', 'the target')
        t.equal(await read('/list'), 'version 2', 'the tag')
        const { errors: bareErrors, ...expected } = await bare(
          options,
          handler(() => {})
        )
        t.same({ statusCode, body, type: headers['content-type'] }, expected)
        t.ok(errors <= bareErrors, 'without more errors')
      }
    )
  }
}

const text = (): never => { throw 'no error' } // eslint-disable-line @typescript-eslint/only-throw-error

/** Ways in which a handler reports that it has not written. */
const REFUSALS: Readonly<Record<string, RouteHandlerMethod>> = {
  'a callback that sends a 409': (_request, reply) => {
    reply.code(409).send(BODY)
  },
  'a callback that sends a 500, later': (_request, reply) => {
    setImmediate(() => {
      reply.code(500).send(BODY)
    })
  },
  'a promise of a 409': async (_request, reply) => reply.code(409).send(BODY),
  'a promise of a value, with a 409': async (_request, reply) => {
    reply.code(409)
    return BODY
  },
  'a promise of nothing, with a 409': async (_request, reply) => {
    reply.code(409).send(BODY)
  },
  'a stream, with a 500': async (_request, reply) => reply.code(500).send(Readable.from(['no'])),
  'a Response with a 404': async () => new Response('none', { status: 404 }),
  'an error that is sent': (_request, reply) => {
    reply.send(new Error('expected'))
  },
  'an error that is returned': async () => new Error('expected'),
  'an error that is thrown': () => {
    throw new Error('expected')
  },
  'a promise that is rejected': async () => {
    throw new Error('expected')
  },
  'text that is thrown': text,
  'a promise that is rejected with text': async () => text(),
  'a thenable that is rejected with text': () => ({
    then: (_done: unknown, fail: (error: unknown) => void) => {
      fail('no error')
    }
  }),
  'a 404 of the app': (_request, reply) => {
    reply.callNotFound()
  },
  'a raw response with a 409': (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(409).end()
  }
}

for (const [refusal, handler] of Object.entries(REFUSALS)) {
  // Fastify itself fails with an uncaught error if text is thrown and onSend always rejects.
  const always = refusal.includes('text') ? [] : ['an onSend hook that always rejects']
  for (const trouble of ['nothing', ...always, 'an error handler that sends another error']) {
    t.test(`${refusal}, and ${trouble}: nothing is invalidated`, async (t) => {
      const options = { ...TROUBLES[trouble], config: { invalidates: ['product:1'] } }
      const { app, read } = await shop(t, (app, save) => {
        app.put('/products/1', options, function (request, reply): unknown {
          save()
          return handler.call(this, request, reply)
        })
      })
      await app.inject({ method: 'PUT', url: '/products/1' })
      await turns()
      t.equal(await read('/products/1'), 'version 1')
      t.equal(await read('/list'), 'version 1')
    })
  }
}

t.test('a hook that answers in place of the handler does not count as a write', async (t) => {
  const { app, read } = await shop(t, (app, save) => {
    const options: RouteShorthandOptions = {
      ...TROUBLES['an onSend hook that rejects'],
      preHandler: async (_request, reply) => { save(); return reply.send('replayed') }
    }
    app.put(
      '/products/1',
      { ...options, config: { invalidates: ['product:1'] } },
      async () => 'written'
    )
  })
  t.equal((await app.inject({ method: 'PUT', url: '/products/1' })).statusCode, 500)
  await turns()
  t.equal(await read('/products/1'), 'version 1')
  t.equal(await read('/list'), 'version 1')
})

t.test('a stream that fails half-way does not undo the write', async (t) => {
  const { app, read } = await shop(t, (app, save) => {
    app.put('/products/1', async (_request, reply) => {
      save()
      return reply.send(
        Readable.from(
          (function * () {
            yield 'writ'
            throw new Error('expected')
          })()
        )
      )
    })
  })
  await app.inject({ method: 'PUT', url: '/products/1' }).catch(() => {})
  await turns()
  t.equal(await read('/products/1'), 'version 2')
})

interface AfterTimeout {
  readonly written: boolean
  readonly handler: (save: () => void, opened: Promise<void>) => RouteHandlerMethod
}

/** Actions of handlers after their timeout, and whether they count as a write. */
const AFTER_TIMEOUT: Readonly<Record<string, AfterTimeout>> = {
  'a callback that sends': {
    written: true,
    handler: (save, opened) => (_request, reply) => {
      opened.then(
        () => {
          save()
          reply.send('written')
        },
        () => {}
      )
    }
  },
  'a promise of the reply': {
    written: true,
    handler: (save, opened) => async (_request, reply) => {
      opened.then(
        () => {
          save()
          reply.send('written')
        },
        () => {}
      )
      return reply
    }
  },
  'a promise of a value': {
    written: true,
    handler: (save, opened) => async () => {
      await opened
      save()
      return 'written'
    }
  },
  'a promise of nothing': {
    written: true,
    handler: (save, opened) => async () => {
      await opened
      save()
    }
  },
  'a callback that sends a 409': {
    written: false,
    handler: (save, opened) => (_request, reply) => {
      opened.then(
        () => {
          save()
          reply.code(409).send('no')
        },
        () => {}
      )
    }
  },
  'a callback that sends an error': {
    written: false,
    handler: (save, opened) => (_request, reply) => {
      opened.then(
        () => {
          save()
          reply.send(new Error('expected'))
        },
        () => {}
      )
    }
  },
  'a promise that is rejected': {
    written: false,
    handler: (save, opened) => async () => {
      await opened
      save()
      throw new Error('expected')
    }
  }
}

const ERROR_HANDLERS: Readonly<Record<string, RouteShorthandOptions>> = {
  "Fastify's own error handler": {},
  'an error handler that sends an object': {
    errorHandler: (_error, _request, reply) => {
      reply.code(504).send({ error: 'late' })
    }
  },
  'an error handler that sends a 200': {
    errorHandler: (_error, _request, reply) => {
      reply.send({ error: 'late' })
    }
  },
  'an error handler that sends another error': {
    errorHandler: (_error, _request, reply) => {
      reply.code(504).send(new Error('late'))
    }
  },
  'an error handler that returns a promise': {
    errorHandler: (_error, _request, reply): unknown =>
      later().then(() => reply.code(504).send({ error: 'late' }))
  },
  'an onSend hook that takes its time': {
    onSend: async () => {
      await later()
    }
  },
  'an error handler that sends later': {
    errorHandler: (_error, _request, reply) => {
      setImmediate(() => {
        reply.code(504).send('late')
      })
    }
  }
}

for (const [after, { written, handler }] of Object.entries(AFTER_TIMEOUT)) {
  for (const [name, options] of Object.entries(ERROR_HANDLERS)) {
    t.test(
      `after a timeout and ${name}, ${after}: ${written ? 'the write counts' : 'nothing is invalidated'}`,
      async (t) => {
        const { open, opened } = gate()
        const { app, read } = await shop(t, (app, save) => {
          app.put(
            '/products/1',
            { ...options, handlerTimeout: 5, config: { invalidates: ['product:1'] } },
            handler(save, opened)
          )
        })
        const { statusCode } = await app.inject({ method: 'PUT', url: '/products/1' })
        t.equal(
          statusCode,
          name.includes('200')
            ? 200
            : name.startsWith('Fastify') || name.includes('hook')
              ? 503
              : 504
        )
        await turns()
        for (const url of ['/products/1', '/list']) await read(url)
        open()
        await turns()
        t.equal(await read('/products/1'), written ? 'version 2' : 'version 1')
        t.equal(await read('/list'), written ? 'version 2' : 'version 1')
      }
    )
  }
}

/**
 * Sends a write whose client leaves once its handler runs. The reply is wrapped in an object,
 * because it is a thenable itself.
 */
async function leave (
  app: FastifyInstance,
  begun: Promise<{ readonly reply: FastifyReply }>
): Promise<void> {
  const { port } = app.server.address() as AddressInfo
  const request = http
    .request({ port, method: 'PUT', path: '/products/1' })
    .on('error', () => {})
    .end()
  const {
    reply: { raw }
  } = await begun
  const closed = new Promise((resolve) => raw.once('close', resolve))
  request.destroy()
  await closed
}

for (const [after, { written, handler }] of Object.entries(AFTER_TIMEOUT)) {
  t.test(
    `after its client has left, ${after}: ${written ? 'the write counts' : 'nothing is invalidated'}`,
    async (t) => {
      const { open, opened } = gate()
      let begin: (begun: { reply: FastifyReply }) => void = () => {}
      const begun = new Promise<{ reply: FastifyReply }>((resolve) => {
        begin = resolve
      })
      const { app, read } = await shop(t, (app, save) => {
        app.put(
          '/products/1',
          { config: { invalidates: ['product:1'] } },
          function (request, reply): unknown {
            begin({ reply })
            return handler(save, opened).call(this, request, reply)
          }
        )
      })
      await leave(app, begun)
      await turns()
      for (const url of ['/products/1', '/list']) await read(url)
      open()
      await turns()
      t.equal(await read('/products/1'), written ? 'version 2' : 'version 1')
      t.equal(await read('/list'), written ? 'version 2' : 'version 1')
    }
  )
}

t.test('a hijacked reply invalidates after its client has left', async (t) => {
  let begin: (begun: { reply: FastifyReply }) => void = () => {}
  const begun = new Promise<{ reply: FastifyReply }>((resolve) => { begin = resolve })
  const { app, read } = await shop(t, (app, save) => {
    app.put('/products/1', (_request, reply) => {
      save()
      begin({ reply: reply.hijack() })
    })
  })
  await leave(app, begun)
  const { reply } = await begun
  reply.invalidate(['product:1'])
  await turns()
  t.equal(await read('/list'), 'version 2')
})
