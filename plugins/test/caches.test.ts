import { mock } from 'node:test'
import { type Cache, createCaches, type Store, valueType } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import { redisStore } from '@weir/cache/redis'
import { startRedis } from '@weir/internal/testing'
import { fastify, type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import caches from '../caches/index.js'
import redis from '../redis/index.js'

interface Product { readonly id: string, readonly price: number }

/** Caches as in an application: their types are derived from the function that creates them. */
const shopCaches = (store: Store) => createCaches({
  stores: { shared: store, memory: memoryStore() },
  caches: {
    products: { store: 'shared', ttl: '1m', value: valueType<Product>() },
    flags: { store: 'memory', ttl: '10s', value: valueType<boolean>() }
  }
})

declare module '../caches/index.js' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it takes on the members
  interface AppCaches extends ReturnType<typeof shopCaches> {}
}

declare module 'fastify' {
  interface FastifyInstance {
    otherCaches: { readonly texts: Cache<string, 'ttl'> }
  }
  interface FastifyRequest {
    otherCaches: { readonly texts: Cache<string, 'ttl'> }
  }
}

const load = async (id: string): Promise<Product> => ({ id, price: 5 })

/** Returns a store that counts its calls of close. */
function counted (): { readonly store: Store, closed: number } {
  const counts = { closed: 0, store: { ...memoryStore(), async close () { counts.closed++ } } }
  return counts
}

function newApp (t: Test): { app: FastifyInstance, lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = []
  const app = fastify({
    logger: {
      level: 'warn',
      stream: {
        write (line: string) {
          lines.push(JSON.parse(line) as Record<string, unknown>)
        }
      }
    }
  })
  t.teardown(() => app.close())
  return { app, lines }
}

const inline = (store: Store) => ({
  stores: { shared: store, memory: memoryStore() },
  caches: { products: { store: 'shared', ttl: '1m' }, flags: { store: 'memory', ttl: '10s' } }
} as const)

t.test('caches are on the application and on the request, typed', async (t) => {
  const { app } = newApp(t)
  await app.register(caches, { caches: shopCaches(memoryStore()) })
  app.get<{ Params: { id: string } }>('/products/:id', async ({ caches, params: { id } }) => {
    const product: Product = await caches.products.remember(id, () => load(id))
    return product
  })
  app.put<{ Params: { id: string } }>('/products/:id', async (request, reply) => {
    // @ts-expect-error not a product
    const isWrong = () => request.caches.products.set('42', true)
    t.type(isWrong, 'function')
    await request.caches.products.set(request.params.id, { id: request.params.id, price: 7 })
    reply.code(204)
  })
  t.strictSame((await app.inject('/products/42')).json(), { id: '42', price: 5 })
  t.strictSame(await app.caches.products.get('42'), { id: '42', price: 5 })
  t.equal((await app.inject({ method: 'PUT', url: '/products/42' })).statusCode, 204)
  t.strictSame((await app.inject('/products/42')).json(), { id: '42', price: 7 })
  t.throws(
    () => {
      // @ts-expect-error an unknown cache
      String(app.caches.prodcuts)
    },
    { code: 'WEIR_CACHE_INVALID_OPTION', message: 'caches.prodcuts does not exist: the caches are products, flags' }
  )
})

t.test(
  'stores given to the plugin are closed with the application, existing caches are not',
  async (t) => {
    const [own, yours] = [counted(), counted()]
    const [first, second] = [newApp(t).app, newApp(t).app]
    await first.register(caches, inline(own.store))
    await second.register(caches, { caches: shopCaches(yours.store) })
    await first.ready()
    await second.ready()
    await first.close()
    await second.close()
    t.strictSame([own.closed, yours.closed], [1, 0])
  }
)

t.test('requests in flight when the application closes can use their caches', async (t) => {
  const { app } = newApp(t)
  const own = counted()
  await app.register(caches, inline(own.store))
  app.get('/', async ({ caches }) => {
    t.equal(own.closed, 0)
    return caches.products.remember('42', () => load('42'))
  })
  const [answer] = await Promise.all([app.inject('/'), app.ready().then(() => {})])
  t.strictSame(answer.json(), { id: '42', price: 5 })
})

t.test(
  'a context may have its own caches, and an application others under another name',
  async (t) => {
    const { app } = newApp(t)
    await app.register(async (child) => {
      await child.register(caches, inline(memoryStore()))
      child.get('/child', async ({ caches }) => caches.flags.remember('a', () => true))
    })
    t.notOk(app.hasDecorator('caches'))
    await app.register(caches, inline(memoryStore()))
    await app.register(caches, {
      as: 'otherCaches',
      stores: { memory: memoryStore() },
      caches: { texts: { store: 'memory', ttl: '1m' } }
    })
    app.get('/texts', async ({ otherCaches }) => otherCaches.texts.remember('a', () => 'text'))
    t.equal((await app.inject('/child')).body, 'true')
    t.equal(await app.caches.flags.get('a'), undefined, 'another cache')
    t.equal((await app.inject('/texts')).body, 'text')
    t.equal(await app.otherCaches.texts.get('a'), 'text')
  }
)

t.test('mistakes stop the boot', async (t) => {
  const stores = { memory: memoryStore() }
  const table: [options: object, code: string, message: RegExp][] = [
    [
      { stores, caches: { a: { store: 'redis' } } },
      'WEIR_ERR_PLUGIN_OPTION',
      /^weir-caches: .* cannot be used: caches\.a\.store 'redis': the stores are memory/
    ],
    [
      { stores, caches: { a: { store: 'memory', ttl: 'soon' } } },
      'WEIR_ERR_PLUGIN_OPTION',
      /caches\.a: ttl: 'soon' is not a duration/
    ],
    [
      { caches: { a: { store: 'memory' } } },
      'WEIR_ERR_PLUGIN_OPTION',
      /stores \{\}: use an object of stores by name/
    ],
    [{ stores }, 'WEIR_ERR_PLUGIN_OPTION', /caches undefined: use an object of caches by name/],
    [
      { stores, caches: shopCaches(memoryStore()) },
      'WEIR_ERR_PLUGIN_OPTION',
      /option "caches" was made by createCaches\(\)/
    ],
    [
      { ...inline(memoryStore()), as: 'a b' },
      'WEIR_ERR_PLUGIN_OPTION',
      /option "as" must name a member/
    ],
    [
      { ...inline(memoryStore()), as: 'log' },
      'WEIR_ERR_REGISTERED_TWICE',
      /app\.log already exists/
    ]
  ]
  for (const [options, code, message] of table) {
    const { app } = newApp(t)
    await t.rejects(async () => { await app.register(caches, options as never) }, { code, message })
  }
  const { app } = newApp(t)
  await app.register(caches, inline(memoryStore()))
  await t.rejects(
    async () => {
      await app.register(caches, inline(memoryStore()))
    },
    {
      code: 'WEIR_ERR_REGISTERED_TWICE',
      message: /app\.caches already exists: give these caches another name with the option "as"/
    }
  )
})

t.test('errors without a caller are logged, once a minute for each kind', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: Date.UTC(2100, 0, 1) })
  t.teardown(() => { mock.timers.reset() })
  const { app, lines } = newApp(t)
  await app.register(caches, {
    stores: { memory: memoryStore() },
    caches: {
      products: { store: 'memory', ttl: '1m', maxValueBytes: 10 },
      flags: { store: 'memory', ttl: '1m', maxValueBytes: 10 }
    }
  })
  const others = createCaches({
    stores: { memory: memoryStore() },
    caches: { others: { store: 'memory', ttl: '1m', maxValueBytes: 10 } }
  })
  const large = { id: 'a'.repeat(20), price: 5 }
  for (let i = 0; i < 5; i++) {
    t.equal(await app.caches.products.remember(`${i}`, () => large), large)
  }
  await others.others.remember('1', () => large)
  t.match(lines, [
    {
      cache: 'products',
      operation: 'write',
      key: '0',
      err: { code: 'WEIR_CACHE_VALUE_TOO_LARGE' },
      msg: 'a value could not be stored in the cache'
    }
  ])
  t.equal(lines.length, 1)
  mock.timers.tick(60_000)
  await app.caches.products.remember('5', () => large)
  t.match(lines[1], { key: '5', unsaid: 4 })
  await app.close()
  await app.caches.products.remember('6', () => large)
  mock.timers.tick(60_000)
  await app.caches.products.remember('7', () => large)
  t.equal(lines.length, 2, 'none when it is closed')
})

t.test('with the Redis of the application, which outlives the caches', async (t) => {
  const server = await startRedis(t)
  const apps = await Promise.all([1, 2].map(async () => {
    const { app } = newApp(t)
    await app.register(redis, { url: server.url, commandTimeout: 5000 })
    await app.register(caches, inline(redisStore({ client: app.redis, commandTimeout: 5000 })))
    await app.ready()
    return app
  }))
  const [one, two] = apps
  if (one === undefined || two === undefined) throw new Error('two applications were expected')
  t.strictSame(await one.caches.products.remember('42', () => load('42')), { id: '42', price: 5 })
  t.strictSame(await two.caches.products.get('42'), { id: '42', price: 5 })
  await one.close()
  t.strictSame(await two.caches.products.get('42'), { id: '42', price: 5 })
})
