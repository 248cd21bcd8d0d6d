import fastifyRateLimit from '@fastify/rate-limit'
import { fastify, type FastifyInstance, type RouteOptions } from 'fastify'
import t, { type Test } from 'tap'
import { memoryStore as cacheStore } from '@weir/cache/memory'
import { memoryStore as limitStore } from '@weir/limiter'
import auth from '../auth/index.js'
import invalidation from '../invalidation/index.js'
import rateLimit from '../rate-limit/index.js'
import responseCache from '../response-cache/index.js'

/*
 * Declarations of a route are enforced, regardless of where their plugin is registered; otherwise
 * the boot fails, or at the latest each request of the route.
 */

const jwt = [{ algorithm: 'HS256', secret: 's'.repeat(32) }] as const

const PLUGINS: Readonly<Record<string, (app: FastifyInstance) => Promise<unknown>>> = {
  cache: async (app) => app.register(responseCache, { store: cacheStore() }),
  invalidates: async (app) => {
    await app.register(responseCache, { store: cacheStore() })
    await app.register(invalidation)
  },
  role: async (app) => app.register(auth, { jwt }),
  rateLimit: async (app) =>
    app.register(rateLimit, { store: limitStore(), limit: 100, window: '1m' })
}

const DECLARED: Readonly<
  Record<string, Pick<RouteOptions, 'method' | 'config'> & { readonly method: 'GET' | 'PUT' }>
> = {
  cache: { method: 'GET', config: { cache: { ttl: '1m' } } },
  invalidates: { method: 'PUT', config: { invalidates: ['x'] } },
  role: { method: 'GET', config: { role: 'admin' } },
  rateLimit: { method: 'GET', config: { rateLimit: { limit: 1, window: '1m' } } }
}

const newApp = (t: Test) => {
  const app = fastify()
  t.teardown(() => app.close())
  return app
}

for (const [name, register] of Object.entries(PLUGINS)) {
  const route = DECLARED[name]
  if (route === undefined) throw new Error(name)
  const refused = {
    code: 'WEIR_ERR_NOT_ENFORCED',
    message: new RegExp(`config\\.${name} is not enforced: register weir-`)
  }

  t.test(`config.${name}: on a route after the plugin it is enforced`, async (t) => {
    const app = newApp(t)
    await register(app)
    app.route({ url: '/x', ...route, handler: async () => 'x' })
    app.register(async (child) => {
      child.route({ url: '/child', ...route, handler: async () => 'x' })
    })
    await app.ready()
    for (const url of ['/x', '/child']) {
      t.not((await app.inject({ method: route.method, url })).statusCode, 500)
    }
  })

  t.test(`config.${name}: a route before the plugin is refused at each request`, async (t) => {
    const app = newApp(t)
    app.route({ url: '/x', ...route, handler: async () => 'secret' })
    await app.register(async (child) => {
      child.route({ url: '/child', ...route, handler: async () => 'secret' })
      await child.register(async (grandchild) => {
        grandchild.route({ url: '/grandchild', ...route, handler: async () => 'secret' })
      })
    })
    app.get('/other', async () => 'other')
    await register(app)
    for (const url of ['/x', '/child', '/grandchild']) {
      for (let i = 0; i < 2; i++) {
        const response = await app.inject({ method: route.method, url })
        t.equal(response.statusCode, 500)
        t.match(response.json(), refused)
      }
    }
    t.equal((await app.inject('/other')).body, 'other', 'other routes are not affected')
  })

  t.test(
    `config.${name}: a route outside of the plugin's context, after it, stops the boot`,
    async (t) => {
      const outside: Record<string, (app: FastifyInstance) => Promise<unknown>> = {
        root: async (app) => {
          await app.register(async (child) => {
            await register(child)
          })
          app.route({ url: '/x', ...route, handler: async () => 'secret' })
        },
        sibling: async (app) => {
          await app.register(async (child) => {
            await register(child)
          })
          await app.register(async (child) => {
            child.route({ url: '/x', ...route, handler: async () => 'secret' })
          })
        },
        around: async (app) =>
          app.register(async (child) => {
            await child.register(async (grandchild) => {
              await register(grandchild)
            })
            child.route({ url: '/x', ...route, handler: async () => 'secret' })
          })
      }
      for (const [where, build] of Object.entries(outside)) {
        const app = newApp(t)
        await t.rejects(
          async () => {
            await build(app)
            await app.ready()
          },
          refused,
          where
        )
      }
    }
  )

  t.test(
    `config.${name}: a route outside of the plugin's context, before it, is refused at each request`,
    async (t) => {
      const app = newApp(t)
      app.route({ url: '/x', ...route, handler: async () => 'secret' })
      await app.register(async (child) => {
        child.route({ url: '/sibling', ...route, handler: async () => 'secret' })
      })
      await app.register(async (child) => {
        await register(child)
        child.route({ url: '/inside', ...route, handler: async () => 'x' })
      })
      for (const url of ['/x', '/x', '/sibling']) {
        t.match((await app.inject({ method: route.method, url })).json(), refused)
      }
      t.not((await app.inject({ method: route.method, url: '/inside' })).statusCode, 500)
      if (route.method === 'GET') {
        t.equal((await app.inject({ method: 'HEAD', url: '/x' })).statusCode, 500)
      }
      t.equal((await app.inject('/nowhere')).statusCode, 404)
    }
  )

  t.test(`config.${name}: each of two contexts has its own plugin`, async (t) => {
    const app = newApp(t)
    for (const url of ['/a', '/b']) {
      await app.register(async (child) => {
        await register(child)
        child.route({ url, ...route, handler: async () => 'x' })
      })
    }
    for (const url of ['/a', '/b']) {
      t.not((await app.inject({ method: route.method, url })).statusCode, 500)
    }
    if (route.method === 'GET') {
      t.not((await app.inject({ method: 'HEAD', url: '/a' })).statusCode, 500)
    }
  })

  t.test(
    `config.${name}: an onRoute hook sets it before the plugin reads it, or the boot fails`,
    async (t) => {
      const declare = (route: RouteOptions) => {
        route.config = { ...route.config, ...DECLARED[name]?.config }
      }
      const late = {
        code: 'WEIR_ERR_NOT_ENFORCED',
        message: new RegExp(`config\\.${name} is not enforced: it was changed after weir-`)
      }
      const before = newApp(t)
      before.addHook('onRoute', declare)
      await register(before)
      before.route({ url: '/x', method: route.method, handler: async () => 'x' })
      t.not((await before.inject({ method: route.method, url: '/x' })).statusCode, 500)

      const after = newApp(t)
      await register(after)
      after.addHook('onRoute', declare)
      after.route({ url: '/x', method: route.method, handler: async () => 'secret' })
      await t.rejects(async () => after.ready(), late)

      const child = newApp(t)
      await register(child)
      child.register(async (context) => {
        context.addHook('onRoute', declare)
        context.route({ url: '/x', method: route.method, handler: async () => 'secret' })
      })
      await t.rejects(async () => child.ready(), late)

      const replaced = newApp(t)
      await register(replaced)
      replaced.addHook('onRoute', (route) => {
        route.config = { ...DECLARED[name]?.config }
      })
      replaced.route({ url: '/x', method: route.method, handler: async () => 'secret' })
      await t.rejects(async () => replaced.ready(), refused)
    }
  )

  for (const [other, registerOther] of Object.entries(PLUGINS)) {
    // `@fastify/rate-limit` may be the intended reader; invalidation brings the cache along.
    if (other === name || name === 'rateLimit' || (name === 'cache' && other === 'invalidates')) {
      continue
    }
    t.test(
      `config.${name}: without its plugin, but with that of ${other}, the boot fails`,
      async (t) => {
        const app = newApp(t)
        await registerOther(app)
        app.route({ url: '/x', ...route, handler: async () => 'x' })
        await t.rejects(async () => app.ready(), refused)
      }
    )
  }
}

t.test('config.rateLimit of @fastify/rate-limit itself is not checked', async (t) => {
  const app = newApp(t)
  await app.register(responseCache, { store: cacheStore() })
  app.get('/x', { config: { rateLimit: { max: 1, timeWindow: 1000 } as never } }, async () => 'x')
  t.equal((await app.inject('/x')).body, 'x')
})

t.test(
  'config.rateLimit of @fastify/rate-limit, in a sibling context, is not checked',
  async (t) => {
    const app = newApp(t)
    await app.register(async (child) => {
      await child.register(rateLimit, { store: limitStore(), limit: 100, window: '1m' })
    })
    await app.register(async (child) => {
      await child.register(fastifyRateLimit)
      child.get(
        '/x',
        { config: { rateLimit: { max: 1, timeWindow: 1000 } as never } },
        async () => 'x'
      )
    })
    t.equal((await app.inject('/x')).body, 'x')
  }
)

t.test('a route with a copied declaration is a different route', async (t) => {
  const app = newApp(t)
  let copied: RouteOptions['config']
  await app.register(async (child) => {
    await child.register(auth, { jwt })
    child.addHook('onRoute', ({ config }) => { copied = config })
    child.get('/x', { config: { role: 'admin' } }, async () => 'x')
  })
  app.get('/y', { ...copied && { config: copied } }, async () => 'secret')
  await t.rejects(async () => app.ready(), {
    code: 'WEIR_ERR_NOT_ENFORCED',
    message: /^Route GET \/y: config\.role/
  })
})

t.test('prefixes: a route at the root of its context, and one that a hook moves', async (t) => {
  const app = newApp(t)
  app.addHook('onRoute', (route) => { route.url = route.url.replace('/old', '/new') })
  await app.register(auth, { jwt })
  await app.register(async (child) => {
    child.get('/', { config: { role: 'admin' } }, async () => 'x')
    child.get('/old', { config: { role: 'admin' } }, async () => 'x')
  }, { prefix: '/shop' })
  for (const url of ['/shop', '/shop/', '/shop/new']) {
    t.equal((await app.inject(url)).statusCode, 401, url)
  }
})

t.test('a declaration that a late hook removes is not enforced', async (t) => {
  const app = newApp(t)
  await app.register(responseCache, { store: cacheStore() })
  app.addHook('onRoute', (route) => { route.config = { ...route.config, cache: false } })
  app.get('/none', async () => 'x')
  app.get('/x', { config: { cache: { ttl: '1m' } } }, async () => 'x')
  await t.rejects(async () => app.ready(), {
    code: 'WEIR_ERR_NOT_ENFORCED',
    message: /^Route GET \/x: config\.cache/
  })
})
