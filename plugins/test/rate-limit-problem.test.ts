import {
  fastify,
  type FastifyInstance,
  type FastifyReply,
  type FastifyServerOptions,
  type InjectOptions
} from 'fastify'
import t, { type Test } from 'tap'
import { type LimitStore, memoryStore } from '@weir/limiter'
import rateLimit, { type RateLimitOptions } from '../rate-limit/index.js'

const ONE = { limit: 1, window: '1h' } as const

interface Stranger {
  readonly first?: (app: FastifyInstance) => unknown
  readonly then?: (app: FastifyInstance) => unknown
  readonly server?: FastifyServerOptions
  readonly limits?: Partial<RateLimitOptions>
  readonly request?: InjectOptions
}

/**
 * Returns the response of an application without the service plugin to the second of two requests.
 */
async function second (
  t: Test,
  { first, then, server, limits, request = { url: '/x' } }: Stranger
) {
  const app = fastify(server)
  t.teardown(() => app.close())
  await first?.(app)
  await app.register(rateLimit, { store: memoryStore(), ...ONE, ...limits })
  app.route({ method: ['GET', 'POST'], url: '/x', handler: async () => 'hello' })
  await then?.(app)
  await app.inject(request)
  return app.inject(request)
}

const failing: LimitStore = { ...memoryStore(), take: async () => { throw new Error('gone') } }
const log = { logger: { level: 'info', stream: { write () {} } } }

const ANSWERED: Record<string, Stranger> = {
  'an app with nothing': {},
  'a POST': { request: { method: 'POST', url: '/x', payload: { a: 1 } } },
  'a log': { server: log },
  'an onError hook': {
    first: (app) => {
      app.addHook('onError', async () => {})
    }
  },
  'an onSend hook': {
    first: (app) => {
      app.addHook('onSend', async (_request, _reply, payload) => payload)
    }
  },
  'a 404': { request: { url: '/nowhere' } },
  'a 404 handler': {
    then: (app) => {
      app.setNotFoundHandler(async () => 'nothing')
    },
    request: { url: '/nowhere' }
  },
  'a route with a limit': {
    then: (app) => {
      app.get('/own', { config: { rateLimit: ONE } }, async () => 'hello')
    },
    request: { url: '/own' }
  },
  'a handler that limits': {
    then: (app) => {
      app.get(
        '/by-hand',
        { config: { rateLimit: false }, preHandler: app.rateLimit() },
        async () => 'hello'
      )
    },
    request: { url: '/by-hand' }
  }
}

for (const [what, stranger] of Object.entries(ANSWERED)) {
  t.test(`a 429 is a problem without the service plugin: ${what}`, async (t) => {
    const { url = '/' } = stranger.request ?? { url: '/x' }
    const answer = await second(t, { ...stranger })
    t.equal(answer.statusCode, 429)
    t.equal(answer.headers['content-type'], 'application/problem+json')
    t.equal(answer.headers['retry-after'], '3600')
    t.match(answer.json(), {
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      status: 429,
      code: 'WEIR_ERR_RATE_LIMITED',
      detail: /Too many requests/,
      instance: url,
      requestId: /^req-/,
      'violated-policies': ['default']
    })
  })
}

t.test('the same applies to a refused address, and to limits that cannot be read', async (t) => {
  const denied = await second(t, { limits: { deny: ['127.0.0.1'] } })
  t.match(denied.json(), {
    type: 'about:blank',
    title: 'Forbidden',
    status: 403,
    code: 'WEIR_ERR_ADDRESS_DENIED',
    instance: '/x'
  })
  const closed = await second(t, { limits: { store: failing, onFailure: 'closed' } })
  t.match(closed.json(), { type: 'about:blank', status: 503, code: 'WEIR_ERR_LIMITS_UNAVAILABLE' })
  for (const { headers } of [denied, closed]) {
    t.equal(headers['content-type'], 'application/problem+json')
  }
})

t.test('HEAD has the fields, and no body', async (t) => {
  const { statusCode, headers, body } = await second(t, { request: { method: 'HEAD', url: '/x' } })
  t.same([statusCode, headers['content-type'], body], [429, 'application/problem+json', ''])
})

/** Error handler of another application. */
const theirs = (error: Error & { code?: string }, _request: unknown, reply: FastifyReply) => {
  reply.code(420).send({ mine: error.code })
}

const THEIRS: Record<string, Stranger> = {
  'before the plugin': {
    first: (app) => {
      app.setErrorHandler(theirs)
    }
  },
  'after it': {
    then: (app) => {
      app.setErrorHandler(theirs)
    },
    request: { url: '/late' }
  },
  'in a context': {
    then: (app) =>
      app.register(async (child) => {
        child.setErrorHandler(theirs)
        child.get('/child', async () => 'hello')
      }),
    request: { url: '/child' }
  },
  'of a route': {
    then: (app) => {
      app.get('/route', { errorHandler: theirs }, async () => 'hello')
    },
    request: { url: '/route' }
  },
  'for 404s': {
    first: (app) => {
      app.setErrorHandler(theirs)
    },
    request: { url: '/nowhere' }
  }
}

for (const [where, stranger] of Object.entries(THEIRS)) {
  t.test(`an error handler of the application takes precedence: ${where}`, async (t) => {
    const answer = await second(t, {
      ...stranger,
      then: async (app) => {
        await stranger.then?.(app)
        if (where === 'after it') app.get('/late', async () => 'hello')
      }
    })
    t.equal(answer.statusCode, 420)
    t.same(answer.json(), { mine: 'WEIR_ERR_RATE_LIMITED' })
  })
}

t.test('onError hooks receive it, and the log has a line without a stack', async (t) => {
  const [heard, lines]: [string[], string[]] = [[], []]
  await second(t, {
    server: {
      logger: {
        level: 'info',
        stream: {
          write: (line: string) => {
            lines.push(line)
          }
        }
      }
    },
    first: (app) => {
      app.addHook('onError', async (_request, _reply, error) => {
        heard.push(error.code)
      })
    }
  })
  t.same(heard, ['WEIR_ERR_RATE_LIMITED'])
  const refused = lines.filter((line) => line.includes('WEIR_ERR_RATE_LIMITED'))
  t.equal(refused.length, 1)
  t.notMatch(refused.join(), /\n\s+at |\\n\s+at /)
})

const THROWN: Record<string, () => unknown> = {
  'an error': () => {
    throw new Error('mine')
  },
  'an error with a status': () => {
    throw Object.assign(new Error('mine'), { statusCode: 418, headers: { 'x-a': '1' } })
  },
  'a rejection': () => Promise.reject(new Error('mine')),
  'text that is thrown': async () => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- what applications do
    throw 'mine'
  },
  'an object that is thrown': async () => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- what applications do
    throw { statusCode: 409, message: 'mine' }
  }
}

t.test('other errors are the same as without the plugin', async (t) => {
  for (const handler of [undefined, theirs]) {
    const answers = await Promise.all([false, true].map(async (isLimited) => {
      const app = fastify()
      t.teardown(() => app.close())
      if (isLimited) {
        await app.register(rateLimit, { store: memoryStore(), limit: 100, window: '1h' })
      }
      if (handler !== undefined) app.setErrorHandler(handler)
      const found = []
      for (const [i, run] of Object.values(THROWN).entries()) app.get(`/${i}`, { handler: run })
      app.post(
        '/body',
        { schema: { body: { type: 'object', required: ['a'] } } },
        async () => 'hello'
      )
      for (const i of Object.keys(THROWN).keys()) found.push(await app.inject(`/${i}`))
      for (const payload of ['{}', '{']) {
        found.push(
          await app.inject({
            method: 'POST',
            url: '/body',
            payload,
            headers: { 'content-type': 'application/json' }
          })
        )
      }
      return found.map(({ statusCode, headers, body }) => [
        statusCode,
        headers['content-type'],
        headers['x-a'],
        body
      ])
    }))
    t.strictSame(answers[1], answers[0])
    if (handler === undefined) {
      t.same(
        answers[1]?.map(([status]) => status),
        [500, 418, 500, 500, 409, 400, 400]
      )
    }
  }
})
