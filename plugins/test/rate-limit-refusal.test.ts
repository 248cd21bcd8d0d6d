import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mock } from 'node:test'
import {
  fastify,
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyServerOptions,
  type InjectOptions
} from 'fastify'
import t, { type Test } from 'tap'
import { type LimitStore, memoryStore } from '@weir/limiter'
import { memoryStore as cacheStore } from '@weir/cache/memory'
import rateLimit from '../rate-limit/index.js'
import responseCache from '../response-cache/index.js'

/**
 * Returns an application with a limit of one an hour, after the hooks added by `first`; it closes
 * with the test.
 */
async function limited (
  t: Test,
  first: (app: FastifyInstance) => unknown,
  options: FastifyServerOptions = {},
  store: LimitStore = memoryStore()
): Promise<FastifyInstance> {
  const app = fastify(options)
  t.teardown(() => app.close())
  await first(app)
  await app.register(rateLimit, { store, limit: 1, window: '1h' })
  app.route({ method: ['GET', 'POST'], url: '/x', handler: async () => 'hello' })
  app.get(
    '/schema',
    {
      schema: { response: { 429: { type: 'object', properties: { code: { type: 'string' } } } } }
    },
    async () => 'hello'
  )
  return app
}

/** Counts how often a reply is hijacked. */
function hijacks (app: FastifyInstance): { count: number } {
  const taken = { count: 0 }
  app.addHook('onRequest', (_request, reply, done) => {
    const hijack = reply.hijack.bind(reply)
    reply.hijack = () => { taken.count++; return hijack() }
    done()
  })
  return taken
}

/** Hook that sees a refusal and changes nothing: with it the error is handled as usual. */
const watch = (app: FastifyInstance) => {
  app.addHook('onError', (_request, _reply, _error, done) => {
    done()
  })
}

async function denied (app: FastifyInstance, request: InjectOptions = { url: '/x' }) {
  await app.inject(request)
  const { statusCode, headers, body } = await app.inject(request)
  return { statusCode, headers: { ...headers, date: '' }, body }
}

const hooksBefore: Record<string, (app: FastifyInstance) => unknown> = {
  none: () => {},
  headers: (app) => {
    app.addHook('onRequest', (_request, reply, done) => {
      reply.headers({
        'content-security-policy': "default-src 'self'",
        vary: 'origin',
        'set-cookie': ['a=1', 'b=2']
      })
      done()
    })
  },
  'a type and a length': (app) => {
    app.addHook('onRequest', (_request, reply, done) => {
      reply.type('text/html').header('content-length', '3').code(202)
      done()
    })
  },
  'raw headers': (app) => {
    app.addHook('onRequest', (_request, reply, done) => {
      reply.raw.setHeader('x-raw', 'yes')
      done()
    })
  },
  'what the limits say': (app) => {
    app.addHook('onRequest', (_request, reply, done) => {
      reply.header('retry-after', '7').header('ratelimit', 'old')
      done()
    })
  }
}

t.before(() => {
  const now = performance.now()
  mock.method(performance, 'now', () => now)
})

for (const [what, hooks] of Object.entries(hooksBefore)) {
  t.test(`the quick refusal equals the one through an error: ${what}`, async (t) => {
    const taken = { quick: { count: 0 }, slow: { count: 0 } }
    const quick = await limited(t, (app) => { taken.quick = hijacks(app); hooks(app) })
    const slow = await limited(t, (app) => { taken.slow = hijacks(app); hooks(app); watch(app) })
    const [one, other] = [await denied(quick), await denied(slow)]
    t.strictSame(one, other)
    t.strictSame(Object.keys(one.headers), Object.keys(other.headers), 'in the same order')
    t.equal(one.statusCode, 429)
    t.same([taken.quick.count, taken.slow.count], [1, 0])
  })
}

t.test('a response schema removes nothing', async (t) => {
  for (const first of [() => {}, watch]) {
    const { body } = await denied(await limited(t, first), { url: '/schema' })
    t.match(JSON.parse(body), { code: 'WEIR_ERR_RATE_LIMITED', 'violated-policies': ['default'] })
  }
})

t.test('onResponse hooks follow', async (t) => {
  const seen: [number, unknown][] = []
  const app = await limited(t, (app) => {
    app.addHook('onResponse', (_request, reply, done) => {
      seen.push([reply.statusCode, reply.getHeader('retry-after')])
      done()
    })
  })
  await denied(app)
  t.same(seen, [[200, undefined], [429, '3600']])
})

interface Slow {
  readonly first?: (app: FastifyInstance) => unknown
  readonly options?: FastifyServerOptions
  readonly request?: InjectOptions
  readonly says?: RegExp
}

class Controller extends LogController {}

const slow: Record<string, Slow> = {
  'an error handler of the application': {
    first: (app) => {
      app.setErrorHandler((error: Error, _request, reply) =>
        reply.code(429).send(`handled ${error.message}`)
      )
    },
    says: /^handled Too many requests: the limit "default"/
  },
  'an onSend hook': {
    first: (app) => {
      app.addHook('onSend', async (_request, _reply, payload) => `${String(payload)}!`)
    },
    says: /!$/
  },
  'an onError hook': { first: watch },
  'a log that has errors of clients': {
    options: { logger: { level: 'info', stream: { write () {} } } }
  },
  'a log with one function for all levels': { options: { loggerInstance: oneFunction(() => {}) } },
  'a log controller of the application': { options: { logController: new Controller() } },
  'a POST': { request: { method: 'POST', url: '/x', payload: { a: 1 } } },
  'a HEAD': { request: { method: 'HEAD', url: '/x' }, says: /^$/ },
  'a GET with a body': {
    request: { method: 'GET', url: '/x', payload: 'a', headers: { 'content-type': 'text/plain' } }
  },
  trailers: {
    first: (app) => {
      app.addHook('onRequest', (_request, reply, done) => {
        reply.trailer('x-sum', async () => '1')
        done()
      })
    }
  }
}

/** Logger with one function for all levels, without `isLevelEnabled`. */
function oneFunction (log: (...line: unknown[]) => void): FastifyBaseLogger {
  const logger: FastifyBaseLogger = {
    level: 'info',
    child: () => logger,
    fatal: log,
    error: log,
    warn: log,
    info: log,
    debug: log,
    trace: log,
    silent: log
  }
  return logger
}

for (const [
  what,
  { first = () => {}, options, request, says = /WEIR_ERR_RATE_LIMITED/ }
] of Object.entries(slow)) {
  t.test(`the error is handled as usual with ${what}`, async (t) => {
    let taken = { count: 0 }
    const app = await limited(
      t,
      (app) => {
        taken = hijacks(app)
        return first(app)
      },
      options
    )
    const { statusCode, body } = await denied(app, request)
    t.equal(statusCode, 429)
    t.match(body, says)
    t.equal(taken.count, 0)
  })
}

t.test('a log without client errors makes no difference', async (t) => {
  let taken = { count: 0 }
  const app = await limited(
    t,
    (app) => {
      taken = hijacks(app)
    },
    { logger: { level: 'warn', stream: { write () {} } } }
  )
  await denied(app)
  t.equal(taken.count, 1)
})

t.test('the cache, whose onSend hook is for entity tags, makes no difference', async (t) => {
  let taken = { count: 0 }
  const app = await limited(t, (app) => { taken = hijacks(app) })
  await app.register(responseCache, { store: cacheStore() })
  app.get('/cached', { config: { cache: { ttl: '1h' } } }, async () => 'hello')
  t.equal((await denied(app, { url: '/cached' })).statusCode, 429)
  t.equal(taken.count, 1)
})

t.test('the cache sees an entity tag set by a hook', async (t) => {
  let taken = { count: 0 }
  const app = await limited(t, (app) => {
    taken = hijacks(app)
    app.addHook('onRequest', (_request, reply, done) => { reply.etag('"a"', 1000); done() })
  })
  await app.register(responseCache, { store: cacheStore() })
  app.get('/cached', async () => 'hello')
  t.equal((await denied(app, { url: '/cached' })).statusCode, 429)
  t.equal(taken.count, 0)
})

t.test('a header that Node refuses is an error, as everywhere in Fastify', async (t) => {
  const app = await limited(t, (app) => {
    app.addHook('onRequest', (_request, reply, done) => {
      reply.header('x-name', '\u0100')
      done()
    })
  })
  const { statusCode, body } = await denied(app)
  t.equal(statusCode, 429)
  t.match(body, /ERR_INVALID_CHAR/)
})

t.test('a response sent while the store was asked stays unchanged', async (t) => {
  const memory = memoryStore()
  let open = () => {}
  const gate = new Promise<void>((resolve) => { open = resolve })
  const store: LimitStore = {
    ...memory,
    async take (...question) {
      const verdicts = await memory.take(...question)
      if (verdicts.some(({ wait }) => wait > 0)) await gate
      return verdicts
    }
  }
  const app = await limited(t, (app) => {
    app.addHook('onRequest', (request, reply, done) => {
      done()
      if (request.headers['x-late'] !== undefined) reply.code(503).send('late')
    })
  }, {}, store)
  const { statusCode, body } = await denied(app, { url: '/x', headers: { 'x-late': '1' } })
  t.same([statusCode, body], [503, 'late'])
  // A second response would be an unhandled rejection, which ends the process.
  open()
  t.equal((await app.inject('/x')).statusCode, 429)
})

t.test('the connection remains usable afterwards', async (t) => {
  const app = await limited(t, () => {}, { serverFactory: (handler) => createServer(handler) })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const answers = []
  for (let i = 0; i < 4; i++) {
    const response = await fetch(`http://127.0.0.1:${port}/x`)
    answers.push([
      response.status,
      response.headers.get('connection'),
      (await response.text()).length > 0
    ])
  }
  t.same(answers, [
    [200, 'keep-alive', true],
    [429, 'keep-alive', true],
    [429, 'keep-alive', true],
    [429, 'keep-alive', true]
  ])
})
