import { Writable } from 'node:stream'
import type { FastifyServerOptions } from 'fastify'
import t from 'tap'
import type { RouteCacheOptions } from '../response-cache/index.js'
import { cachedApp } from './support/cached-app.js'

/*
 * Functions of a route may return anything: mistakes bypass the cache, but never break a response
 * or leak one.
 */
interface Line { msg: string, route?: string, given?: string, tags?: string[] }

function logged () {
  const lines: Line[] = []
  const stream = new Writable({
    write (chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(String(chunk)) as Line)
      done()
    }
  })
  const server: FastifyServerOptions = { logger: { level: 'warn', stream } }
  return { lines, server }
}

// Hides the type, as plain JavaScript does: the compiler would refuse each of these.
const as = <T>(value: unknown): T => value as T

const noKeys: Record<string, () => unknown> = {
  'a promise': async () => 'key',
  'a promise that fails': async () => { throw new Error('no user') },
  undefined: () => undefined,
  null: () => null,
  'a number': () => 7,
  'an object': () => ({ id: 7 }),
  'a list': () => ['key'],
  'a function': () => () => 'key',
  'an empty text': () => '',
  'half a character': () => 'a\ud800'
}

for (const [what, key] of Object.entries(noKeys)) {
  t.test(`${what} is an invalid key: the cache is bypassed, which is logged once`, async (t) => {
    const { lines, server } = logged()
    const app = await cachedApp(t, {}, server)
    let runs = 0
    app.get(
      '/of/:user',
      { config: { cache: { ttl: '60s', key: as<RouteCacheOptions['key'] & object>(key) } } },
      async (request) => {
        runs++
        return request.params
      }
    )
    for (const user of ['ann', 'bob', 'ann']) {
      const answer = await app.inject(`/of/${user}`)
      t.match(answer, {
        statusCode: 200,
        headers: { 'cache-status': 'weir; fwd=bypass; detail=INVALID_KEY' }
      })
      t.same(answer.json(), { user })
    }
    t.equal(runs, 3)
    t.equal(app.responseCache.cache.stats().stores, 0)
    t.match(lines, [{ msg: /key returned no key.*bypassed/, route: /GET.* \/of\/:user/ }])
    t.equal(lines.length, 1)
  })
}

t.test('HEAD of such a route is answered by the handler, too', async (t) => {
  const app = await cachedApp(t)
  app.get(
    '/x',
    {
      config: {
        cache: { ttl: '60s', key: as<RouteCacheOptions['key'] & object>(() => undefined) }
      }
    },
    async () => 'x'
  )
  const { statusCode, headers } = await app.inject({ method: 'HEAD', url: '/x' })
  t.equal(statusCode, 200)
  t.equal(headers['cache-status'], 'weir; fwd=bypass; detail=INVALID_KEY')
})

const noTags: Record<string, () => unknown> = {
  'a text': () => 'product:1',
  undefined: () => undefined,
  'a promise': async () => ['a'],
  'a promise that fails': async () => { throw new Error('no tags') },
  'a set': () => new Set(['a']),
  'an empty tag': () => ['a', ''],
  'a number among tags': () => ['a', 7],
  'undefined among tags': () => ['a', undefined],
  'half a character': () => ['a\ud800']
}

for (const [what, tags] of Object.entries(noTags)) {
  t.test(`${what}: a response with invalid tags is served and not stored`, async (t) => {
    const { lines, server } = logged()
    const app = await cachedApp(t, {}, server)
    let runs = 0
    app.get(
      '/x',
      { config: { cache: { ttl: '60s', tags: as<() => string[]>(tags) } } },
      async () => `${++runs}`
    )
    for (const run of ['1', '2']) {
      const answer = await app.inject('/x')
      t.match(answer, {
        statusCode: 200,
        body: run,
        headers: { 'cache-status': 'weir; fwd=uri-miss; detail=INVALID_TAG' }
      })
    }
    t.match(lines, [{ msg: /tags returned no list of tags/, route: /\/x/ }])
    t.equal(lines.length, 1)
  })

  t.test(`${what}: a write that invalidates it is acknowledged`, async (t) => {
    const { lines, server } = logged()
    const app = await cachedApp(t, {}, server)
    let version = 1
    app.get('/a', { config: { cache: { ttl: '60s', tags: ['a'] } } }, async () => `${version}`)
    app.put(
      '/by-route',
      { config: { invalidates: as<() => string[]>(tags) } },
      async () => `${++version}`
    )
    app.put('/by-reply', async (_request, reply) => {
      reply.invalidate(as<string[]>(tags()))
      return `${++version}`
    })
    const named = tags()
    // Promises are awaited if there is time: before the response is sent.
    const byRoute = await Promise.resolve(named).catch(() => [])
    const isNamed = (list: unknown): boolean => Array.isArray(list) && list.includes('a')
    for (const url of ['/by-route', '/by-reply']) {
      await app.inject('/a')
      t.match(await app.inject({ method: 'PUT', url }), { statusCode: 200 })
      const expected = isNamed(url === '/by-route' ? byRoute : named)
      t.equal(
        (await app.inject('/a')).body === `${version}`,
        expected,
        `${url}: what is a tag is invalidated, and nothing else`
      )
      await app.responseCache.cache.clear()
    }
    t.ok(lines.length >= 1)
    t.match(lines[0], { msg: /which is left out: give a list of non-empty strings/ })
  })
}

t.test('a tag outside of a list is one tag, not its letters', async (t) => {
  const app = await cachedApp(t)
  let version = 1
  for (const tag of ['product', 'p', 'r']) {
    app.get(
      `/${tag}`,
      { config: { cache: { ttl: '60s', tags: [tag] } } },
      async () => `${version}`
    )
  }
  app.put(
    '/x',
    { config: { invalidates: as<() => string[]>(() => 'product') } },
    async () => `${++version}`
  )
  for (const tag of ['product', 'p', 'r']) await app.inject(`/${tag}`)
  t.match(await app.inject({ method: 'PUT', url: '/x' }), {
    statusCode: 200,
    headers: { 'cache-group-invalidation': '"product"' }
  })
  t.same(
    await Promise.all(
      ['product', 'p', 'r'].map(async (tag) => (await app.inject(`/${tag}`)).body)
    ),
    ['2', '1', '1']
  )
})
