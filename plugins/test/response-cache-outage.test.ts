import { guardedStore } from '@weir/cache/guarded'
import { memoryStore } from '@weir/cache/memory'
import Fastify from 'fastify'
import t from 'tap'
import { cachedApp } from './support/cached-app.js'

t.test(
  'while the store is unavailable a route bypasses the cache, or serves from memory',
  async (t) => {
    let trusted = true
    const app = await cachedApp(t, { store: guardedStore(memoryStore(), () => trusted) })
    let runs = 0
    const handler = async () => ({ run: ++runs })
    app.get('/bypass', { config: { cache: { ttl: '1h' } } }, handler)
    app.get('/stale', { config: { cache: { ttl: '1h', onOutage: 'stale' } } }, handler)
    app.get(
      '/failing',
      { config: { cache: { ttl: '1h', onOutage: 'stale' } } },
      async (_request, reply) => reply.code(500).send({})
    )
    const get = (url: string) => app.inject(url)
    await get('/bypass')
    await get('/stale')

    trusted = false
    t.match((await get('/bypass')).json(), { run: 3 })
    const stale = await get('/stale')
    t.match(stale.json(), { run: 2 })
    t.match(stale.headers['cache-status'], /^weir; hit; ttl=\d+; detail=OUTAGE$/)
    t.equal((await app.inject({ url: '/stale', method: 'HEAD' })).statusCode, 200)
    t.equal(
      (
        await app.inject({
          url: '/stale',
          headers: { 'if-none-match': String(stale.headers['etag']) }
        })
      ).statusCode,
      304
    )
    t.equal(
      (await get('/failing')).statusCode,
      500,
      'what memory does not have is for the handler'
    )
    t.equal(runs, 3, 'nothing was computed behind it')

    trusted = true
    t.match((await get('/stale')).headers['cache-status'], /detail=memory/)
  }
)

t.test(
  'a response that may no longer be stored is served, even if the stale one cannot be invalidated',
  async (t) => {
    const store = guardedStore(memoryStore(), () => true)
    let down = false
    const app = await cachedApp(t, {
      store: {
        ...store,
        namespace (name) {
          const { entries, validity } = store.namespace(name)
          return {
            entries,
            validity: {
              ...validity,
              async invalidate (...args) {
                if (down) throw new Error('timeout')
                return validity.invalidate(...args)
              }
            }
          }
        }
      }
    })
    let secret = false
    app.get(
      '/x',
      { config: { cache: { ttl: 0, staleIfError: '1h' } } },
      async (_request, reply) => {
        if (secret) reply.header('cache-control', 'private')
        return 'x'
      }
    )
    await app.inject('/x')
    secret = down = true
    const answer = await app.inject('/x')
    t.equal(answer.statusCode, 200)
    t.match(answer.headers['cache-status'], /detail=PRIVATE/)
  }
)

t.test('onOutage is checked at boot', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const { default: responseCache } = await import('../response-cache/index.js')
  await app.register(responseCache, { store: memoryStore() })
  const cache = JSON.parse('{ "ttl": "1m", "onOutage": "fail" }') as { ttl: '1m' }
  t.throws(() => app.get('/', { config: { cache } }, async () => 'x'), {
    message: /cache\.onOutage must be 'bypass' or 'stale', not "fail"/
  })
})
