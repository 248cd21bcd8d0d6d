import { Writable } from 'node:stream'
import t from 'tap'
import { memoryStore } from '@weir/cache/memory'
import { arrivals, cachedApp, counted, gate } from './support/cached-app.js'
import { refusingStore, storeWith } from './support/stores.js'

t.test(
  'a write invalidates the tags of its route on every instance before it is acknowledged',
  async (t) => {
    const store = memoryStore()
    const [a, b] = [await cachedApp(t, { store }), await cachedApp(t, { store })]
    let version = 1
    for (const app of [a, b]) {
      app.get(
        '/products/1',
        { config: { cache: { ttl: '1h', tags: ['product:1'] } } },
        async () => ({ version })
      )
      app.get('/products', { config: { cache: { ttl: '1h', tags: ['products'] } } }, async () => [
        { version }
      ])
      app.get('/other', { config: { cache: { ttl: '1h', tags: ['other'] } } }, async () => ({
        version
      }))
      app.put(
        '/change',
        { config: { invalidates: () => ['product:1', 'products'] } },
        async () => ({ version: ++version })
      )
    }
    for (const url of ['/products/1', '/products', '/other']) await b.inject(url)
    const written = await a.inject({ method: 'PUT', url: '/change' })
    t.equal(written.headers['cache-group-invalidation'], '"product:1", "products"')
    t.same((await b.inject('/products/1')).json(), { version: 2 })
    t.same((await b.inject('/products')).json(), [{ version: 2 }])
    t.same((await b.inject('/other')).json(), { version: 1 }, 'other entries stay')
  }
)

t.test('a failed write invalidates nothing, unless the handler requests it', async (t) => {
  const app = await cachedApp(t)
  let runs = 0
  app.get('/x', { config: { cache: { ttl: '1h', tags: ['x'] } } }, async () => ++runs)
  app.post('/refused', { config: { invalidates: ['x'] } }, async (_request, reply) =>
    reply.code(409).send()
  )
  app.post('/half', async (_request, reply) => {
    reply.invalidate(['x'])
    throw new Error('after the commit')
  })
  await app.inject('/x')
  t.equal((await app.inject({ method: 'POST', url: '/refused' })).statusCode, 409)
  t.match((await app.inject('/x')).headers['cache-status'], /hit/)
  t.equal((await app.inject({ method: 'POST', url: '/half' })).statusCode, 500)
  t.match((await app.inject('/x')).headers['cache-status'], /uri-miss/)
})

t.test('RFC 9111, 4.4: target URI, Location and Content-Location of the same origin', async (t) => {
  const app = await cachedApp(t, { origin: undefined } as object)
  let runs = 0
  app.get(
    '/:name',
    { config: { cache: { ttl: '1h', vary: ['accept-language'] } } },
    async () => ++runs
  )
  app.put('/:name', async (_request, reply) => reply
    .header('location', '/b').header('content-location', 'http://localhost:80/c').send())
  app.post('/:name', async (_request, reply) =>
    reply.header('location', 'http://elsewhere.test/d').send()
  )
  app.delete('/:name', async (_request, reply) => reply.code(404).send())
  const state = async (name: string) =>
    String((await app.inject(`/${name}`)).headers['cache-status']).includes('hit') ? 'hit' : 'miss'
  for (const name of 'abcde') await state(name)
  await app.inject({ url: '/a', headers: { 'accept-language': 'de' } })

  await app.inject({ method: 'PUT', url: '/a' })
  t.equal(await state('b'), 'miss')
  t.equal(await state('c'), 'miss')
  const variant = await app.inject({ url: '/a', headers: { 'accept-language': 'de' } })
  t.match(variant.headers['cache-status'], /fwd=miss/, 'every variant')
  t.equal(await state('a'), 'miss')
  await app.inject({ method: 'POST', url: '/e' })
  t.equal(await state('d'), 'hit', 'the Location of another origin is not invalidated')
  t.equal(await state('e'), 'miss')
  await app.inject({ method: 'DELETE', url: '/e' })
  t.equal(await state('e'), 'hit', 'only when the write succeeds')
})

t.test(
  'RFC 9875: Cache-Groups and Cache-Group-Invalidation set by handlers count as tags',
  async (t) => {
    const app = await cachedApp(t)
    app.get('/x', { config: { cache: { ttl: '1h', tags: ['own'] } } }, async (_request, reply) =>
      reply.header('cache-groups', '"extra"').send('x')
    )
    app.post('/go', async (_request, reply) =>
      reply.header('cache-group-invalidation', '"extra"').send('done')
    )
    app.post('/odd', async (_request, reply) =>
      reply.header('cache-group-invalidation', 'not a list of strings').send('done')
    )
    t.equal((await app.inject('/x')).headers['cache-groups'], '"own", "extra"')
    await app.inject({ method: 'POST', url: '/odd' })
    t.match((await app.inject('/x')).headers['cache-status'], /hit/)
    await app.inject({ method: 'POST', url: '/go' })
    t.match((await app.inject('/x')).headers['cache-status'], /uri-miss/)
  }
)

t.test('a fill that overlaps with a write is not served to later requests', async (t) => {
  const store = memoryStore()
  const [a, b] = [await cachedApp(t, { store }), await cachedApp(t, { store })]
  const twoArrived = arrivals(a, 2)
  const read = gate()
  const goOn = gate()
  let version = 1
  let fills = 0
  for (const app of [a, b]) {
    app.get('/x', { config: { cache: { ttl: '1h', tags: ['x'] } } }, async () => {
      fills++
      const seen = version
      if (app === a && seen === 1) {
        read.open()
        await goOn.opened
      }
      return { version: seen }
    })
    app.put('/x', { config: { invalidates: ['x'] } }, async () => ({ version: ++version }))
  }
  const before = a.inject('/x')
  await read.opened
  await b.inject({ method: 'PUT', url: '/x' })
  const after = [a.inject(counted('/x')), a.inject(counted('/x'))]
  await twoArrived
  t.same((await b.inject('/x')).json(), { version: 2 })
  goOn.open()
  t.same((await before).json(), { version: 1 }, 'its own request began before the write')
  t.match((await before).headers['cache-status'], /detail=INVALIDATED/)
  for (const response of await Promise.all(after)) t.same(response.json(), { version: 2 })
  t.same((await a.inject('/x')).json(), { version: 2 })
  t.equal(fills, 2, 'and the response filled by b since then is still stored')
})

t.test(
  'an unreachable store makes the write a 503 that confirms the saved change',
  async (t) => {
    const app = await cachedApp(t, { store: refusingStore() })
    app.post('/x', { config: { invalidates: ['x'] } }, async () => 'done')
    const response = await app.inject({ method: 'POST', url: '/x' })
    t.equal(response.statusCode, 503)
    t.match(response.json(), { code: 'WEIR_ERR_NOT_INVALIDATED', message: /The change is saved/ })
  }
)

t.test('a route declares the condition for which its response waits', async (t) => {
  const asked: unknown[] = []
  const app = await cachedApp(t, {
    store: storeWith(async (_tags, consistency) => asked.push(consistency))
  })
  app.post('/strict', { config: { invalidates: ['x'] } }, async () => 'done')
  app.post(
    '/bounded',
    { config: { invalidates: ['x'], consistency: 'bounded' } },
    async () => 'done'
  )
  t.throws(() => app.post('/x', { config: { consistency: 'eventual' } as object }, async () => 'x'),
    { code: 'WEIR_ERR_ROUTE_OPTION', message: /config.consistency must be 'strict' or 'bounded'/ })
  await app.inject({ method: 'POST', url: '/strict' })
  await app.inject({ method: 'POST', url: '/bounded' })
  t.same(asked, ['strict', 'bounded'])
})

t.test('mistakes are named: at boot for a route, at once for a call', async (t) => {
  const app = await cachedApp(t)
  t.throws(() => app.get('/x', { config: { invalidates: ['x'] } }, async () => 'x'), {
    code: 'WEIR_ERR_ROUTE_OPTION',
    message: /^Route GET \/x: config.invalidates is for unsafe methods/
  })
  t.throws(() => app.post('/x', { config: { invalidates: 'x' } as object }, async () => 'x'), {
    code: 'WEIR_ERR_ROUTE_OPTION',
    message: /^Route POST \/x: config.invalidates must be a list of tags/
  })
  app.get('/y', async (_request, reply) => reply.invalidate(['y']).send())
  t.match((await app.inject('/y')).json(), {
    code: 'WEIR_ERR_SAFE_METHOD',
    message: /app.responseCache.invalidate/
  })
})

t.test(
  "RFC 9111, 4.4: Location and Content-Location on the site's origin or the request's own, and no other",
  async (t) => {
    const SITE = 'https://shop.example'
    const own = 'http://localhost'
    const sites = [undefined, SITE, own]
    const uris: readonly (readonly [uri: string, origin: string])[] = [
      ['/b', own],
      ['b', own],
      ['//localhost/b', own],
      ['http://localhost:80/b', own],
      ['HTTP://LOCALHOST/b#part', own],
      [`${SITE}/b`, SITE],
      [`${SITE}:443/b`, SITE],
      ['https://SHOP.example/b', SITE],
      ['//shop.example/b', SITE],
      ['https://elsewhere.example/b', ''],
      [`${SITE}:8443/b`, ''],
      ['http://shop.example/b', ''],
      ['https://localhost/b', ''],
      [`${SITE}.evil.example/b`, ''],
      ['//elsewhere.example/b', ''],
      ['https://[', '']
    ]
    for (const site of sites) {
      const app = await cachedApp(t, { origin: site } as object)
      let version = 0
      app.get('/:name', { config: { cache: { ttl: '1h' } } }, async () => `${version}`)
      app.post<{ Querystring: { kind: string; uri: string } }>(
        '/:name',
        async ({ query: { kind, uri } }, reply) => {
          version++
          if (kind === 'response') {
            return new Response('made', { status: 201, headers: { location: uri } })
          }
          return reply.code(201).header(kind, uri).send('made')
        }
      )
      for (const [uri, origin] of uris) {
        for (const kind of ['location', 'content-location', 'response']) {
          const before = (await app.inject('/b')).body
          await app.inject({ method: 'POST', url: '/a', query: { kind, uri } })
          const ends = origin === own || origin === site
          t.equal(
            (await app.inject('/b')).body !== before,
            ends,
            `${kind}: ${uri} at ${site ?? 'any site'} ${ends ? 'ends' : 'stays'}`
          )
        }
      }
    }
  }
)

t.test('a Response with an error status invalidates nothing', async (t) => {
  const app = await cachedApp(t)
  let runs = 0
  app.get('/x', { config: { cache: { ttl: '1h' } } }, async () => `${++runs}`)
  app.put('/x', async () => new Response('none', { status: 404, headers: { location: '/x' } }))
  await app.inject('/x')
  t.equal((await app.inject({ method: 'PUT', url: '/x' })).statusCode, 404)
  t.equal((await app.inject('/x')).body, '1')
})

// Hides the type, as plain JavaScript does: the compiler would refuse each of these.
const as = <T>(value: unknown): T => value as T

const throwing = () =>
  Object.defineProperty(['', 'x', 'x'], 0, {
    get () {
      throw new Error('expected')
    }
  })

/** Lists of tags that are invalid or contain invalid ones, and whether `x` is among them. */
const MALFORMED: Readonly<Record<string, { given: () => unknown; has: boolean }>> = {
  'a getter that throws': { given: throwing, has: true },
  'a list with holes': {
    given: () => [undefined, 'x', null, 7, '', 'a\ud800', {}, ['x']],
    has: true
  },
  text: { given: () => 'x', has: true },
  'a row': { given: () => ({ id: 7, name: 'x' }), has: false },
  'a row with tags': { given: () => ({ id: 7, tags: ['x'] }), has: false },
  'a promise that never settles': { given: () => new Promise(() => {}), has: false },
  'a promise that is rejected': {
    given: async () => {
      throw new Error('expected')
    },
    has: false
  },
  'a set': { given: () => new Set(['x']), has: false },
  undefined: { given: () => undefined, has: false }
}

for (const [what, { given, has }] of Object.entries(MALFORMED)) {
  t.test(
    `${what}: is ignored and logged once, without affecting others, the target or the response`,
    async (t) => {
      const lines: string[] = []
      const stream = new Writable({
        write (line: Buffer, _encoding, done) {
          lines.push(String(line))
          done()
        }
      })
      const app = await cachedApp(t, {}, { logger: { level: 'warn', stream } })
      let version = 0
      app.get(
        '/tagged',
        { config: { cache: { ttl: '1h', tags: ['x'] } } },
        async () => `${version}`
      )
      const urls = ['/by-route', '/by-reply']
      for (const url of urls) {
        app.get(url, { config: { cache: { ttl: '1h' } } }, async () => `${version}`)
      }
      app.put(
        '/by-route',
        { config: { invalidates: as<() => string[]>(given) } },
        async () => `${++version}`
      )
      app.put('/by-reply', async (_request, reply) =>
        reply.invalidate(as<string[]>(given())).send(`${++version}`)
      )
      for (const url of urls) {
        for (let i = 0; i < 3; i++) {
          const before = [(await app.inject(url)).body, (await app.inject('/tagged')).body]
          t.equal((await app.inject({ method: 'PUT', url })).statusCode, 200, url)
          t.not((await app.inject(url)).body, before[0], `${url}: the target`)
          t.equal((await app.inject('/tagged')).body !== before[1], has, `${url}: the tag`)
        }
      }
      t.equal(lines.length, 2, 'a line for each route')
      t.match(
        lines,
        urls.map((url) => new RegExp(`PUT ${url} contains an invalid tag`))
      )
    }
  )
}

t.test('a placeholder without its parameter loses its tag and is logged once', async (t) => {
  const lines: string[] = []
  const stream = new Writable({
    write (line: Buffer, _encoding, done) {
      lines.push(String(line))
      done()
    }
  })
  const app = await cachedApp(t, {}, { logger: { level: 'warn', stream } })
  let version = 0
  for (const tag of ['x', 'shop:7']) {
    app.get(`/${tag}`, { config: { cache: { ttl: '1h', tags: [tag] } } }, async () => `${version}`)
  }
  app.put('/write', { config: { invalidates: ['shop:{shop}', 'x'] } }, async () => `${++version}`)
  const write = async (query: string) => {
    const before = await Promise.all(
      ['/x', '/shop:7'].map(async (url) => (await app.inject(url)).body)
    )
    t.equal((await app.inject({ method: 'PUT', url: `/write${query}` })).statusCode, 200)
    return Promise.all(
      ['/x', '/shop:7'].map(async (url, i) => (await app.inject(url)).body !== before[i])
    )
  }
  for (const query of ['', '?shop', '?other=7']) {
    t.strictSame(await write(query), [true, false], query)
  }
  t.strictSame(await write('?shop=7'), [true, true])
  t.equal(lines.length, 1)
})

t.test('a write may name 200,000 tags', async (t) => {
  const app = await cachedApp(t)
  let version = 0
  app.get('/tagged', { config: { cache: { ttl: '1h', tags: ['x'] } } }, async () => `${version}`)
  const many = ['x', ...Array.from({ length: 200_000 }, (_, i) => `tag ${i}`)]
  app.put('/by-route', { config: { invalidates: () => many } }, async () => `${++version}`)
  app.put('/by-reply', async (_request, reply) => reply.invalidate(many).send(`${++version}`))
  for (const url of ['/by-route', '/by-reply']) {
    await app.inject('/tagged')
    t.equal((await app.inject({ method: 'PUT', url })).statusCode, 200, url)
    t.equal((await app.inject('/tagged')).body, `${version}`, url)
  }
})
