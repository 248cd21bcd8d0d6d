import { AsyncLocalStorage } from 'node:async_hooks'
import { mock } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { Store } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import invalidation, {
  type InvalidationOutbox,
  type InvalidationTicket
} from '../invalidation/index.js'
import responseCache from '../response-cache/index.js'
import { cachedApp } from './support/cached-app.js'
import { refusingStore } from './support/stores.js'

/** Outbox without a table. */
class Outbox implements InvalidationOutbox {
  readonly delivered: (readonly string[])[] = []
  readonly #context = new AsyncLocalStorage<() => readonly string[]>()

  withTags (tags: () => readonly string[], work: () => void): void {
    this.#context.run(tags, work)
  }

  async add (tags: readonly string[]): Promise<InvalidationTicket> {
    return { id: 'added', tags: [...new Set([...tags, ...this.#context.getStore()?.() ?? []])] }
  }

  async queue (tags: readonly string[]): Promise<InvalidationTicket> {
    return { id: 'queued', tags }
  }

  async deliver ({ tags }: InvalidationTicket): Promise<void> {
    this.delivered.push(tags)
  }
}

/**
 * Returns an application with an outbox; `invalidated` lists the direct invalidations of the store.
 */
async function outboxApp (t: Test, outbox: InvalidationOutbox, store: Store = memoryStore()) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(responseCache, { store, origin: 'http://shop.test' })
  const invalidate = app.responseCache.invalidate.bind(app.responseCache)
  const invalidated: (readonly string[])[] = []
  mock.method(app.responseCache, 'invalidate', async (...args: Parameters<typeof invalidate>) => {
    invalidated.push(args[0])
    return invalidate(...args)
  })
  await app.register(invalidation, { outbox })
  return { app, invalidated }
}

/** Tags of a URI alone, and of its path with any query. */
const uri = (path: string) => [
  `\u0001http://shop.test${path}`,
  ...(path.includes('?') ? [] : [`\u0001http://shop.test${path}#`, marker(path)])
]
const marker = (path: string) => `\u0001POST http://shop.test${path}`
const put = (app: FastifyInstance, url: string) => app.inject({ method: 'PUT', url })

t.test('a ticket is delivered, and invalidations that the store did not receive are queued', async (t) => {
  const outbox = new Outbox()
  const { app } = await outboxApp(t, outbox, refusingStore())
  app.post('/x', { config: { invalidates: ['x', 'y'] } }, async (_request, reply) =>
    reply.invalidate({ id: '1', tags: ['x'] }).send('done'))
  const response = await app.inject({ method: 'POST', url: '/x' })
  t.equal(response.statusCode, 200)
  t.equal(response.headers['cache-group-invalidation'], '"x", "y"')
  t.strictSame(outbox.delivered, [['x'], ['y', ...uri('/x')]], 'each tag once')
})

t.test(
  'a ticket has everything known of a write before its commit, and nothing else is delivered',
  async (t) => {
    const outbox = new Outbox()
    const { app, invalidated } = await outboxApp(t, outbox)
    app.put(
      '/x/:id',
      { config: { invalidates: (request) => [`of ${request.url}`] } },
      async (_request, reply) => {
        reply.header('content-location', '/x/2')
        return reply.invalidate(await outbox.add(['x', 'käse', 'x'])).send('done')
      }
    )
    app.post('/x', async (_request, reply) => {
      reply.invalidate(await outbox.add([]))
      return reply.code(201).header('location', '/x/3').send('made')
    })
    app.patch('/x', async (_request, reply) =>
      reply
        .invalidate(await outbox.add(['x']))
        .code(409)
        .send('half done')
    )

    const { headers } = await put(app, '/x/1?a=b')
    t.strictSame(outbox.delivered, [
      [
        'x',
        'käse',
        'of /x/1?a=b',
        '\u0001http://shop.test/x/1?a=b',
        '\u0001http://shop.test/x/1#',
        marker('/x/1'),
        '\u0001http://shop.test/x/1',
        ...uri('/x/2')
      ]
    ])
    t.strictSame(invalidated, [], 'nothing a second time')
    t.equal(
      headers['cache-group-invalidation'],
      '"of /x/1?a=b", "x", "k%C3%A4se"',
      'without the tags of URIs'
    )

    await app.inject({ method: 'POST', url: '/x' })
    t.strictSame(outbox.delivered.at(-1), [...uri('/x')])
    t.strictSame(invalidated, [[...uri('/x/3')]], 'what is known only after the commit')

    await app.inject({ method: 'PATCH', url: '/x' })
    t.strictSame(
      outbox.delivered.at(-1),
      ['x', ...uri('/x')],
      'a ticket is of what is committed, whatever the answer'
    )
    t.equal(invalidated.length, 1)
  }
)

t.test('a ticket has the tags that the handler named earlier in other ways', async (t) => {
  const outbox = new Outbox()
  const { app, invalidated } = await outboxApp(t, outbox)
  app.put('/x', async (_request, reply) => {
    reply.invalidate(['y']).header('cache-group-invalidation', '"z"')
    return reply.invalidate(await outbox.add(['x'])).send('done')
  })
  t.equal((await put(app, '/x')).headers['cache-group-invalidation'], '"y", "x", "z"')
  t.strictSame(outbox.delivered, [['x', 'y', 'z', ...uri('/x')]])
  t.strictSame(invalidated, [])
})

t.test(
  'config.invalidates that depends on the handler\'s result is invalidated with the response',
  async (t) => {
    const outbox = new Outbox()
    const { app, invalidated } = await outboxApp(t, outbox)
    const created = new Map<string, string>()
    app.put(
      '/throws',
      {
        config: {
          invalidates ({ id }) {
            const tag = created.get(id)
            if (tag === undefined) throw new Error('too early')
            return [tag]
          }
        }
      },
      async ({ id }, reply) => {
        const ticket = await outbox.add(['x'])
        created.set(id, 'created')
        return reply.invalidate(ticket).send('done')
      }
    )
    app.put(
      '/empty',
      { config: { invalidates: ({ id }) => [created.get(id) ?? ''] } },
      async ({ id }, reply) => {
        const ticket = await outbox.add(['x'])
        created.set(id, 'created')
        return reply.invalidate(ticket).send('done')
      }
    )
    for (const url of ['/throws', '/empty']) {
      t.equal((await put(app, url)).statusCode, 200)
      t.strictSame(outbox.delivered.at(-1), ['x', ...uri(url)], url)
      t.strictSame(invalidated.at(-1), ['created'], url)
    }
  }
)

t.test('a safe request of a route with several methods has no tags', async (t) => {
  const outbox = new Outbox()
  const { app } = await outboxApp(t, outbox)
  app.route({
    method: ['GET', 'PUT'],
    url: '/x',
    handler: async () => (await outbox.add(['x'])).tags
  })
  t.strictSame((await app.inject('/x')).json(), ['x'])
  t.strictSame((await put(app, '/x')).json(), ['x', ...uri('/x')])
})

t.test('an outbox without withTags has tickets with the given tags only', async (t) => {
  const delivered: (readonly string[])[] = []
  const { app, invalidated } = await outboxApp(t, {
    queue: async (tags) => ({ id: 'queued', tags }),
    deliver: async ({ tags }) => { delivered.push(tags) }
  })
  app.put('/x', async (_request, reply) => reply.invalidate({ id: '1', tags: ['x'] }).send('done'))
  t.equal((await put(app, '/x')).statusCode, 200)
  t.strictSame(delivered, [['x']])
  t.strictSame(invalidated, [[...uri('/x')]])
})

t.test('invalid tickets and invalid tags of tickets are ignored on their own', async (t) => {
  const rows: Readonly<Record<string, unknown>> = {
    'a row': { id: 7, name: 'a product' },
    'a row of text': { id: '7' },
    'a row with text for tags': { id: '7', tags: 'x' },
    'a row with a number and tags': { id: 7, tags: ['x'] },
    'a ticket without tags': { id: '7', tags: [] },
    'a ticket of malformed tags': { id: '7', tags: [5, '', null, 'a\ud800'] },
    'a ticket of some': { id: '7', tags: [5, 'x', ''] }
  }
  for (const [what, row] of Object.entries(rows)) {
    const outbox = new Outbox()
    const { app, invalidated } = await outboxApp(t, outbox)
    app.put('/x', async (_request, reply) =>
      reply.invalidate(row as InvalidationTicket).send('saved')
    )
    t.equal((await put(app, '/x')).statusCode, 200, what)
    const delivered =
      what === 'a ticket of some' ? [['x']] : what.startsWith('a ticket') ? [[]] : []
    t.strictSame(outbox.delivered, delivered, `${what}: what is delivered`)
    t.strictSame(invalidated, [[...uri('/x')]], `${what}: the target`)
  }
})

t.test('an outbox that fails leaves the write saved, and reports the failure', async (t) => {
  const fail = async () => { throw new Error('no database') }
  const outboxes: Readonly<Record<string, InvalidationOutbox>> = {
    'no queue': { queue: fail, deliver: async () => {} },
    'no delivery': { queue: async (tags) => ({ id: 'queued', tags }), deliver: fail }
  }
  for (const [what, outbox] of Object.entries(outboxes)) {
    const { app } = await outboxApp(t, outbox, refusingStore())
    app.put('/x', async (_request, reply) =>
      reply.invalidate({ id: '1', tags: ['x'] }).send('saved')
    )
    t.match(await put(app, '/x'), { statusCode: 503, body: /WEIR_ERR_NOT_INVALIDATED/ }, what)
  }
})

t.test('a ticket without an outbox is a mistake', async (t) => {
  const app = await cachedApp(t)
  app.post('/x', async (_request, reply) => reply.invalidate({ id: '1', tags: ['x'] }).send('done'))
  t.match((await app.inject({ method: 'POST', url: '/x' })).json(),
    { code: 'WEIR_ERR_PLUGIN_OPTION', message: /option "outbox" is missing/ })
})
