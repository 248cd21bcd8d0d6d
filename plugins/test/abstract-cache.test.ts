import { promisify } from 'node:util'
import t from 'tap'
import { memoryStore } from '@weir/cache/memory'
import { cachedApp } from './support/cached-app.js'

t.test('app.cache of @fastify/caching is shared by the instances', async (t) => {
  const store = memoryStore()
  const [a, b] = [await cachedApp(t, { store }), await cachedApp(t, { store })]
  const set = promisify(
    (key: string, value: unknown, ttl: number, done: (error: unknown) => void) =>
      a.cache.set(key, value, ttl, done)
  )
  const get = promisify(
    (
      key: string | { id: string; segment: string },
      done: (error: unknown, item: { item: unknown } | null) => void
    ) => b.cache.get(key, done)
  )
  t.equal(await get('k'), null)
  await set('k', { a: 1 }, 60_000)
  t.match(await get('k'), { item: { a: 1 }, stored: Number, ttl: Number })
  t.match(await b.cache.get('k'), { item: { a: 1 } }, 'without a callback it returns a promise')
  t.equal(await get({ id: 'k', segment: 's' }), null, 'segments are apart')
})

t.test('its early 304 never happens: not for another URL, not for POST', async (t) => {
  const app = await cachedApp(t)
  app.get('/a', async (_request, reply) => reply.etag('"one"').send('a'))
  app.get('/b', async () => 'b')
  let written = 0
  app.post('/b', async () => ++written)
  const headers = { 'if-none-match': '"one"' }
  await app.inject('/a')
  t.equal((await app.inject({ url: '/a', headers })).statusCode, 304)
  t.equal((await app.inject({ url: '/b', headers })).body, 'b')
  await app.inject({ method: 'POST', url: '/b', headers })
  t.equal(written, 1)
})

t.test('a stored response without Cache-Control makes clients revalidate, also on hits', async (t) => {
  const app = await cachedApp(t)
  app.get('/default', { config: { cache: { ttl: '60s' } } }, async () => 'x')
  app.get('/own', { config: { cache: { ttl: '60s' } } }, async (_request, reply) =>
    reply.header('cache-control', 'max-age=5').send('x')
  )
  for (const [url, expected] of [['/default', 'no-cache'], ['/own', 'max-age=5']] as const) {
    for (const time of ['first', 'second']) {
      t.equal((await app.inject(url)).headers['cache-control'], expected, time)
    }
  }
  t.notOk(
    'cache-control' in (await app.inject('/none')).headers,
    'uncached routes are unchanged'
  )
})
