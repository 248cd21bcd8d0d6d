import { startRedis } from '@weir/internal/testing'
import type { FastifyInstance } from 'fastify'
import { mock } from 'node:test'
import t from 'tap'
import { cachedApp, gate } from './support/cached-app.js'
import { instanceOn } from './support/fleet.js'

/*
 * Two instances on one Redis: variants are refilled individually, and unshared responses are not
 * waited for.
 */
const server = await startRedis(t)
const LANGUAGES = ['de', 'en', 'fr', 'it', 'es']
const told = async (app: FastifyInstance, language: string) =>
  (await app.inject({ url: '/p', headers: { 'accept-language': language } })).headers[
    'cache-status'
  ]

/**
 * Resolves at the end of the next refill on one of the instances: a variant's stores more than one
 * entry.
 */
function refills (...apps: FastifyInstance[]): () => Promise<void> {
  let next = gate()
  for (const app of apps) {
    app.addHook('onResponse', async (request) => {
      if (request.cacheResult?.outcome === 'refill') next.open()
    })
  }
  return () => {
    next = gate()
    return next.opened
  }
}

for (const by of ['the route', 'the handler'] as const) {
  t.test(
    `a refill of one variant named by ${by} leaves all others, on each instance`,
    async (t) => {
      mock.timers.enable({ apis: ['Date'], now: Date.now() })
      t.teardown(() => mock.timers.reset())
      const [a, b] = [await instanceOn(t, server, 'a'), await instanceOn(t, server, 'b')]
      const refill = refills(a, b)
      const runs: string[] = []
      for (const app of [a, b]) {
        const vary = by === 'the route' ? { vary: ['accept-language'] } : {}
        app.get(
          '/p',
          { config: { cache: { ttl: '10s', staleWhileRevalidate: '1h', ...vary } } },
          async (request, reply) => {
            runs.push(String(request.headers['accept-language']))
            return reply.header('vary', 'accept-language').send('x')
          }
        )
      }
      for (const language of LANGUAGES) await told(a, language)
      for (const language of LANGUAGES) t.match(await told(b, language), /^b; hit/)
      mock.timers.tick(15_000)
      const refilled = refill()
      t.match(await told(a, 'de'), /hit; ttl=-5/)
      await refilled
      t.match(await told(a, 'de'), /hit; ttl=(?:9|10)/)
      t.match(await told(b, 'de'), /hit; ttl=(?:9|10)/, 'the refilled one is new on every instance')
      t.same(runs, [...LANGUAGES, 'de'])
      for (const [i, language] of LANGUAGES.slice(1).entries()) {
        const [one, other] = i % 2 === 0 ? [a, b] : [b, a]
        const next = refill()
        t.match(await told(one, language), /hit; ttl=-5/, `${language} is stale, not gone`)
        await next
        t.match(await told(other, language), /hit; ttl=(?:9|10)/)
      }
      t.same(runs, [...LANGUAGES, ...LANGUAGES], 'each was computed once more')
    }
  )
}

t.test('after a refill of a variant there is a hit, repeatedly', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.teardown(() => mock.timers.reset())
  const app = await instanceOn(t, server, 'a')
  const refill = refills(app)
  let runs = 0
  app.get(
    '/p',
    { config: { cache: { ttl: '10s', staleWhileRevalidate: '1h' } } },
    async (_request, reply) => reply.header('vary', 'accept-language').send(`${++runs}`)
  )
  await told(app, 'de')
  for (let i = 2; i <= 5; i++) {
    mock.timers.tick(15_000)
    const refilled = refill()
    t.match(await told(app, 'de'), /hit; ttl=-5/)
    await refilled
    t.match(await told(app, 'de'), /hit; ttl=(?:9|10)/)
    t.equal(runs, i)
  }
})

for (const [what, answer] of Object.entries({
  'a private response': { status: 200, headers: { 'cache-control': 'private' } },
  'a 404 without negative': { status: 404, headers: {} }
})) {
  for (const instances of [1, 2]) {
    t.test(
      `${what}: once known, its requests run side by side, on ${instances} instance(s)`,
      async (t) => {
        const apps =
          instances === 1
            ? [await cachedApp(t)]
            : [await instanceOn(t, server, 'a'), await instanceOn(t, server, 'b')]
        const [all, handlers] = [gate(), gate()]
        let running = 0
        for (const app of apps) {
          app.get('/x', { config: { cache: { ttl: '10s' } } }, async (request, reply) => {
            if (request.headers['x-counted'] !== undefined) {
              if (++running === 10) all.open()
              await handlers.opened
            }
            return reply.code(answer.status).headers(answer.headers).send('x')
          })
        }
        for (const app of apps) await app.inject('/x')
        const answers = apps.flatMap((app) =>
          Array.from({ length: 10 / instances }, () =>
            app.inject({ url: '/x', headers: { 'x-counted': '1' } })
          )
        )
        await all.opened
        handlers.open()
        for (const response of await Promise.all(answers)) {
          t.equal(response.statusCode, answer.status)
        }
      }
    )
  }
}

t.test('a client for whom the handler fails does not affect others', async (t) => {
  const [a, b] = [await instanceOn(t, server, 'a'), await instanceOn(t, server, 'b')]
  const [leads, handler] = [gate(), gate()]
  for (const app of [a, b]) {
    app.get('/x', { config: { cache: { ttl: '10s' } } }, async (request, reply) => {
      if (request.headers['x-fails'] === undefined) return 'x'
      leads.open()
      await handler.opened
      return reply.code(500).send('for this client')
    })
  }
  const failing = a.inject({ url: '/x', headers: { 'x-fails': '1' } })
  await leads.opened
  const others = Array.from({ length: 24 }, (_, i) => (i % 2 === 0 ? a : b).inject('/x'))
  handler.open()
  t.equal((await failing).statusCode, 500)
  for (const { statusCode, body } of await Promise.all(others)) {
    t.same([statusCode, body], [200, 'x'])
  }
})
