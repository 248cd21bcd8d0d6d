import { fastify } from 'fastify'
import { memoryStore } from '@weir/cache/memory'
import t from 'tap'
import responseCache from '../response-cache/index.js'
import service, { serverOptions } from '../service/index.js'
import { cachedApp } from './support/cached-app.js'
import { options, testEnv } from './support/service-app.js'

/* A handler that requests from its own application the response that it is computing. */
t.test('it is refused at once, and can still answer', async (t) => {
  const app = await cachedApp(t)
  app.get('/x', { config: { cache: { ttl: '60s' } } }, async () => {
    const inner = await app.inject('/x')
    return { status: inner.statusCode, ...inner.json<object>() }
  })
  const answer = await app.inject('/x')
  t.equal(answer.statusCode, 200)
  t.match(answer.json(), {
    status: 508,
    code: 'WEIR_CACHE_REENTRANT_FILL',
    message: /^GET \/x is answered by a handler that requests this same/
  })
})

t.test('also indirectly through another response, and with its own credentials', async (t) => {
  const app = await cachedApp(t)
  app.get('/a', { config: { cache: { ttl: '60s' } } }, async (_request, reply) => {
    const inner = await app.inject({ url: '/b', headers: { authorization: 'Bearer x' } })
    return reply.code(inner.statusCode).send(inner.body)
  })
  app.get('/b', { config: { cache: { ttl: '60s' } } }, async (_request, reply) => {
    const inner = await app.inject('/a')
    return reply.code(inner.statusCode).send(inner.body)
  })
  t.match(await app.inject('/a'), { statusCode: 508, body: /WEIR_CACHE_REENTRANT_FILL/ })
})

t.test('the problem includes the remedy', async (t) => {
  const app = fastify(serverOptions(testEnv({ LOG_LEVEL: 'silent' }), { service: 'demo' }))
  t.teardown(() => app.close())
  await app.register(service, options)
  await app.register(responseCache, { store: memoryStore() })
  app.get('/y', { config: { cache: { ttl: '60s' } } }, async (_request, reply) => {
    const inner = await app.inject('/y')
    return reply.code(inner.statusCode).type('application/problem+json').send(inner.body)
  })
  const { statusCode, body } = await app.inject('/y')
  t.equal(statusCode, 508)
  t.match(JSON.parse(body), {
    status: 508,
    title: 'Loop Detected',
    code: 'WEIR_CACHE_REENTRANT_FILL',
    detail: /compute the response without requesting it/
  })
})
