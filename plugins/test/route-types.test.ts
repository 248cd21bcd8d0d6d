import { type TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { memoryStore } from '@weir/cache/memory'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import invalidation from '../invalidation/index.js'
import responseCache from '../response-cache/index.js'

interface ById {
  Params: { id: string }
}

async function newApp (t: Test) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(responseCache, { store: memoryStore() })
  await app.register(invalidation)
  return app
}

t.test('functions of a route may take its own type of request', async (t) => {
  const app = await newApp(t)
  app.get<ById>('/products/:id', {
    config: {
      cache: {
        ttl: '1m',
        key: (request: FastifyRequest<ById>) => request.params.id,
        tags: (request: FastifyRequest<ById>, reply: FastifyReply) => [`product:${request.params.id}`, `status:${reply.statusCode}`]
      }
    }
  }, async ({ params }) => params.id)
  app.put<ById>('/products/:id', {
    config: { invalidates: (request: FastifyRequest<ById>) => [`product:${request.params.id}`] }
  }, async ({ params }) => params.id)
  app.put<ById & { Body: { category: string } }>('/placed/:id', {
    config: { invalidates: (request: FastifyRequest<ById & { Body: { category: string } }>) => [`category:${request.body.category}`] }
  }, async () => 'x')
  app.route<ById>({
    method: 'GET',
    url: '/others/:id',
    config: { cache: { ttl: '1m', tags: ['other:{id}'] } },
    handler: async ({ params }) => params.id.toUpperCase()
  })

  t.match((await app.inject('/products/7')).headers, { 'cache-groups': '"product:7", "status:200"' })
  t.match((await app.inject({ method: 'PUT', url: '/products/7' })).headers, { 'cache-group-invalidation': '"product:7"' })
  t.match((await app.inject({ method: 'PUT', url: '/placed/7', payload: { category: 'a' } })).headers, { 'cache-group-invalidation': '"category:a"' })
  t.match((await app.inject('/others/7')).headers, { 'cache-groups': '"other:7"' })
})

t.test('functions of a route may take the request type inferred from its schema', async (t) => {
  const app = (await newApp(t)).withTypeProvider<TypeBoxTypeProvider>()
  const params = Type.Object({ id: Type.Integer() })
  const querystring = Type.Object({ page: Type.Integer({ default: 1 }) })
  app.get('/products/:id', {
    schema: { params, querystring },
    config: {
      cache: {
        ttl: '1m',
        key: (request: FastifyRequest<{ Params: { id: number } }>) => request.params.id.toFixed(),
        tags: (request: FastifyRequest<{ Params: { id: number } }>) => [`product:${request.params.id.toFixed()}`]
      }
    }
  }, async ({ params }) => params.id.toFixed())
  app.get('/pages/:id', {
    schema: { params, querystring }, config: { cache: { ttl: '1m', tags: ['product:{id}', 'page:{page}'] } }
  }, async ({ params, query }) => `${params.id.toFixed()} ${query.page.toFixed()}`)
  app.put('/products/:id', {
    schema: { params, body: Type.Object({ category: Type.String() }) },
    config: { invalidates: (request: FastifyRequest<{ Body: { category: string } }>) => [`category:${request.body.category}`] }
  }, async ({ body }) => body.category.trim())

  t.match((await app.inject('/products/7?page=1')).headers, { 'cache-groups': '"product:7"' })
  t.match((await app.inject('/pages/7')).headers, { 'cache-groups': '"product:7", "page:1"' })
  t.match((await app.inject({ method: 'PUT', url: '/products/7', payload: { category: 'a' } })).headers, { 'cache-group-invalidation': '"category:a"' })
})

t.test('mistakes do not compile', async (t) => {
  const app = await newApp(t)
  const refused = { code: 'WEIR_ERR_ROUTE_OPTION' }
  // Explicit generics: without them Fastify infers its ContextConfig, including unknown names, from
  // the literal. The boot refuses those.
  // @ts-expect-error an unknown option
  t.throws(() => app.get<ById>('/a/:id', { config: { cache: { ttl: '1m', staleOnError: '1m' } } }, async () => 'x'), refused)
  // @ts-expect-error an unknown option
  t.throws(() => app.withTypeProvider<TypeBoxTypeProvider>().get<ById>('/a/:id', { config: { cache: { tll: '1m' } } }, async () => 'x'), refused)
  // @ts-expect-error not a duration
  t.throws(() => app.get('/b', { config: { cache: { ttl: true } } }, async () => 'x'), refused)
  // @ts-expect-error a tag instead of a list
  t.throws(() => app.get('/c', { config: { cache: { ttl: '1m', tags: 'products' } } }, async () => 'x'), refused)
  // @ts-expect-error not an object of options
  t.throws(() => app.get<ById>('/d', { config: { cache: true } }, async () => 'x'), refused)
  // @ts-expect-error not one of the two values
  t.throws(() => app.get('/e', { config: { cache: { onOutage: 'serve' } } }, async () => 'x'), refused)
  // @ts-expect-error a tag instead of a list
  t.throws(() => app.put('/f', { config: { invalidates: 'products' } }, async () => 'x'), refused)
  // @ts-expect-error not one of the two values
  t.throws(() => app.put('/g', { config: { invalidates: ['products'], consistency: 'strickt' } }, async () => 'x'), refused)
  // @ts-expect-error returns a tag instead of a list
  app.get('/h', { config: { cache: { ttl: '1m', tags: () => 'products' } } }, async () => 'x')
  // @ts-expect-error returns a promise
  app.get('/i', { config: { cache: { ttl: '1m', key: async () => 'key' } } }, async () => 'x')
  // @ts-expect-error returns a tag instead of a list
  app.put('/j', { config: { invalidates: () => 'products' } }, async () => 'x')
  // @ts-expect-error the route has no such parameter
  app.get<ById>('/k/:id', { config: { cache: { tags: ({ params }: FastifyRequest<ById>) => [String(params.name)] } } }, async () => 'x')
})
