import { fastify, type FastifyReply, type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { memoryStore } from '@weir/cache/memory'
import responseCache from '../response-cache/index.js'
import { cachedApp } from './support/cached-app.js'

/* A hit replaces the handler, and nothing before it. */

/**
 * Returns an application that counts the hooks a request reaches: of the instance, of a context, of
 * the route, of later plugins.
 */
async function countingApp (t: Test, store = memoryStore()) {
  const app = fastify()
  t.teardown(() => app.close())
  const runs = new Map<string, number>()
  const count = (what: string) => { runs.set(what, (runs.get(what) ?? 0) + 1) }
  for (const stage of ['onRequest', 'preValidation', 'preHandler', 'onResponse'] as const) {
    app.addHook(stage, async () => {
      count(stage)
    })
  }
  app.addHook('preParsing', async () => { count('preParsing') })
  app.addHook('onSend', async () => { count('onSend') })
  await app.register(responseCache, { store, origin: 'http://shop.test' })
  app.addHook('preHandler', async () => { count('preHandler of a later hook') })
  app.addHook('onRoute', (route) => {
    route.preHandler = [
      ...[route.preHandler ?? []].flat(),
      async () => {
        count('preHandler by onRoute')
      }
    ]
  })
  await app.register(async (child) => {
    child.addHook('preHandler', async () => { count('preHandler of the context') })
    child.get('/x', {
      preValidation: async () => { count('preValidation of the route') },
      preHandler: async () => { count('preHandler of the route') },
      config: { cache: { ttl: '1m', staleWhileRevalidate: '1m' } }
    }, async (_request, reply) => {
      count('handler')
      reply.header('etag', '"1"')
      return 'the body'
    })
  })
  const ask = async (headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') => {
    runs.clear()
    const response = await app.inject({ method, url: '/x', headers })
    await new Promise(setImmediate)
    return { response, runs: Object.fromEntries(runs) }
  }
  return { app, ask }
}

const BEFORE = {
  onRequest: 1,
  preParsing: 1,
  preValidation: 1,
  'preValidation of the route': 1,
  preHandler: 1,
  'preHandler of a later hook': 1,
  'preHandler of the context': 1,
  'preHandler of the route': 1,
  'preHandler by onRoute': 1
}
const HIT = { ...BEFORE, onResponse: 1 }
const MISS = { ...BEFORE, handler: 1, onSend: 1, onResponse: 1 }

t.test('each hook before the handler runs once, regardless of the response', async (t) => {
  const { ask } = await countingApp(t)
  t.strictSame((await ask()).runs, MISS, 'a miss')
  const hit = await ask()
  t.match(hit.response.headers['cache-status'], /hit/)
  t.strictSame(hit.runs, HIT, 'a hit')
  const notModified = await ask({ 'if-none-match': '"1"' })
  t.equal(notModified.response.statusCode, 304)
  t.strictSame(notModified.runs, HIT, 'a 304')
  const range = await ask({ range: 'bytes=0-2' })
  t.equal(range.response.body, 'the')
  t.strictSame(range.runs, HIT, 'a range')
  const head = await ask({}, 'HEAD')
  t.equal(head.response.headers['content-length'], '8')
  t.strictSame(head.runs, HIT, 'HEAD')
})

t.test('hooks also run on a hit from the store', async (t) => {
  const store = memoryStore()
  const first = await countingApp(t, store)
  const second = await countingApp(t, store)
  await first.ask()
  const { response, runs } = await second.ask()
  t.match(response.headers['cache-status'], /detail=store/)
  t.strictSame(runs, HIT)
})

t.test('a guard refuses on a hit as on a miss, wherever it is declared', async (t) => {
  const app = await cachedApp(t)
  const guard = async (request: FastifyRequest, reply: FastifyReply) => {
    if (request.headers['x-ticket'] !== 'ok') await reply.code(403).send('refused')
  }
  const config = { cache: { ttl: '1m' } } as const
  for (const stage of ['onRequest', 'preValidation', 'preHandler'] as const) {
    app.get(`/of-the-route/${stage}`, { [stage]: guard, config }, async () => 'secret')
    app.register(async (child) => {
      child.addHook(stage, guard)
      child.get(`/of-the-context/${stage}`, { config }, async () => 'secret')
    })
  }
  await app.ready()
  for (const where of ['of-the-route', 'of-the-context']) {
    for (const stage of ['onRequest', 'preValidation', 'preHandler']) {
      const url = `/${where}/${stage}`
      t.equal((await app.inject({ url, headers: { 'x-ticket': 'ok' } })).body, 'secret')
      t.equal((await app.inject({ url })).statusCode, 403, url)
      t.match(
        (await app.inject({ url, headers: { 'x-ticket': 'ok' } })).headers['cache-status'],
        /hit/
      )
    }
  }
})

t.test('headers added by hooks before the handler belong to each reply', async (t) => {
  const app = await cachedApp(t)
  let requests = 0
  app.addHook('preHandler', async (_request, reply) => {
    reply.header('x-request', String(++requests))
  })
  app.get('/x', { config: { cache: { ttl: '1m' } } }, async (_request, reply) =>
    reply.header('x-handler', String(requests)).send('x')
  )
  t.match((await app.inject('/x')).headers, { 'x-request': '1', 'x-handler': '1' })
  t.match((await app.inject('/x')).headers, {
    'x-request': '2',
    'x-handler': '1',
    'cache-status': /hit/
  })
})
