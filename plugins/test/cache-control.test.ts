import { memoryStore } from '@weir/cache/memory'
import { parseCacheControl } from '@weir/http'
import { setImmediate as turn } from 'node:timers/promises'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import cacheControl, { type PageCacheControl } from '../cache-control/index.js'
import conditional from '../conditional/index.js'
import fragments from '../fragments/index.js'
import responseCache from '../response-cache/index.js'
import { askBy, TRANSPORTS } from './support/ask.js'
import { buildService } from './support/service-app.js'

async function newApp (t: Test, { cached = false, http2 = false, log = [] as string[] } = {}) {
  const logger = { level: 'error', stream: { write: (line: string) => { log.push(line) } } }
  const app = http2 ? Fastify({ http2: true, logger }) as never : Fastify({ logger })
  t.teardown(() => app.close())
  await app.register(conditional)
  await app.register(cacheControl)
  if (cached) await app.register(responseCache, { store: memoryStore() })
  return app
}

// The types refuse this; programs without types are refused at boot.
// @ts-expect-error a page is for all users or for one
export const twoAudiences: PageCacheControl = { public: true, private: true, maxAge: 1 }
// @ts-expect-error nothing is stored, so there is no age
export const noStoreWithAge: PageCacheControl = { noStore: true, maxAge: 1 }
// @ts-expect-error immutable needs an age
export const immutableAlone: PageCacheControl = { noCache: true, immutable: true }
// @ts-expect-error fragments change
export const immutableFragments: PageCacheControl = { maxAge: 'fragments', immutable: true }
// @ts-expect-error each is derived from the other
export const twoEnds: PageCacheControl = { maxAge: 1, expires: () => new Date() }
// @ts-expect-error no shared cache stores it
export const sharedPrivate: PageCacheControl = { private: true, maxAge: 1, sharedMaxAge: 1 }
// @ts-expect-error no cache stores it for longer than it is fresh
export const sharedUntil: PageCacheControl = { expires: () => new Date(), sharedMaxAge: 1 }
// @ts-expect-error applies to shared caches, too
export const sharedFragments: PageCacheControl = { maxAge: 'fragments', sharedMaxAge: 1 }
// @ts-expect-error must-revalidate forbids stale responses
export const staleRevalidated: PageCacheControl = {
  maxAge: 1,
  mustRevalidate: true,
  staleIfError: 1
}
// @ts-expect-error the lifetime is missing
export const nothingSaid: PageCacheControl = { vary: ['accept'] }

const wrong: [options: unknown, message: RegExp][] = [
  [
    { public: true, private: true, maxAge: 1 },
    /^Route GET \/x: config.cacheControl.public contradicts private: a page is for all users or for one$/
  ],
  [{ noStore: true, maxAge: 1 }, /noStore contradicts maxAge/],
  [{ noStore: true, vary: ['x'] }, /noStore contradicts vary/],
  [{ noStore: true, public: true }, /noStore contradicts public/],
  [{ noCache: true, maxAge: 0 }, /noCache contradicts maxAge/],
  [{ noCache: true, immutable: true }, /noCache contradicts immutable/],
  [{ noCache: true, mustRevalidate: true }, /noCache contradicts mustRevalidate/],
  [{ noCache: true, staleIfError: 1 }, /noCache contradicts staleIfError/],
  [{ private: true, maxAge: 1, sharedMaxAge: 1 }, /private contradicts sharedMaxAge/],
  [
    { maxAge: 1, expires: () => new Date() },
    /maxAge contradicts expires: each is derived from the other/
  ],
  [
    { public: true, expires: () => new Date(), sharedMaxAge: 1 },
    /expires contradicts sharedMaxAge: no cache stores a page for longer than it is fresh/
  ],
  [{ maxAge: 'fragments', sharedMaxAge: 1 }, /sharedMaxAge contradicts maxAge 'fragments'/],
  [{ maxAge: '0s', immutable: true }, /immutable needs maxAge: a duration of a second or more/],
  [{ maxAge: 999, immutable: true }, /immutable needs maxAge/],
  [
    { maxAge: 1, mustRevalidate: true, staleWhileRevalidate: 1 },
    /mustRevalidate contradicts staleWhileRevalidate/
  ],
  [{ expires: () => new Date(), immutable: true }, /immutable needs maxAge/],
  [{ maxAge: 'fragments', immutable: true }, /immutable needs maxAge/],
  [
    { vary: ['x'] },
    /config.cacheControl has no lifetime: give it maxAge, expires, noCache or noStore/
  ],
  [{}, /has no lifetime/],
  [
    { maxAge: 'soon' },
    /maxAge must be a duration: milliseconds, or text like '60s', or 'fragments', not 'soon'/
  ],
  [{ maxAge: -1 }, /maxAge must be/],
  [{ maxAge: 1, public: false }, /public must be true, or omitted, not false/],
  [{ maxAge: 1, vary: ['*'] }, /vary must be a list of request header names/],
  [{ maxAge: 1, lastModified: new Date() }, /lastModified must be a function/],
  [{ expires: 'tomorrow' }, /expires must be a function/],
  [{ maxage: 1 }, /maxage is unknown: valid options are public, private/],
  [[], /must be an object/],
  [null, /must be an object/]
]

t.test('contradicting options are a named error when the route is declared', async (t) => {
  const app = await newApp(t)
  for (const [cacheControl, message] of wrong) {
    t.throws(
      () => app.get('/x', { config: { cacheControl } as object }, async () => 'x'),
      { code: 'WEIR_ERR_ROUTE_OPTION', message },
      String(message)
    )
  }
  t.throws(
    () => app.post('/x', { config: { cacheControl: { noStore: true } } }, async () => 'x'),
    { message: /is for GET and HEAD/ }
  )
})

t.test('every combination of options is either refused or rendered as declared', async (t) => {
  const values = {
    public: true,
    private: true,
    noStore: true,
    noCache: true,
    maxAge: '60s',
    sharedMaxAge: '90s',
    immutable: true,
    mustRevalidate: true,
    staleWhileRevalidate: '5s',
    staleIfError: '6s'
  } as const
  const contradictory = (field: string) =>
    [
      /public.*private|private.*s-maxage/,
      /no-store./,
      /.no-store/,
      /no-cache.*(?:age|immutable|stale|must)/,
      /must-revalidate.*stale/
    ].some((pattern) => pattern.test(field)) ||
    (/immutable/.test(field) && !/max-age/.test(field)) ||
    !/max-age|no-cache|no-store/.test(field)
  const app = await newApp(t)
  const routes = new Map<string, number>()
  for (let bits = 1; bits < 2 ** Object.keys(values).length; bits++) {
    const given = Object.entries(values).filter((_, i) => (bits >> i) % 2 === 1)
    try {
      app.get(
        `/${bits}`,
        { config: { cacheControl: Object.fromEntries(given) } as object },
        async () => 'x'
      )
      routes.set(`/${bits}`, given.length)
    } catch (error) {
      t.match(error, { code: 'WEIR_ERR_ROUTE_OPTION' })
    }
  }
  for (const [url, options] of routes) {
    const field = String((await app.inject(url)).headers['cache-control'])
    t.notOk(contradictory(field), field)
    t.equal(field.split(', ').length, options, `each option is in it: ${field}`)
  }
  t.ok(routes.size > 30, String(routes.size))
})

/** Returns where the headers of a response contradict each other, or the promise of its route. */
function contradiction (
  headers: Readonly<Record<string, string | number | string[] | undefined>>,
  { now, promised }: { now: number; promised: number }
): string | undefined {
  const cc = parseCacheControl(String(headers['cache-control'] ?? ''))
  const given = (...names: string[]) => names.filter((name) => cc.has(name))
  const age = (name: string) => (cc.has(name) ? Number(cc.get(name)) : undefined)
  const lifetimes = [age('max-age'), age('s-maxage')].filter((seconds) => seconds !== undefined)
  const [maxAge, expires] = [age('max-age'), headers['expires']]
  if (given('public', 'private', 'no-store').length > 1) return 'several audiences'
  if (cc.has('no-store') && (cc.size > 1 || expires !== undefined)) return 'no-store, and more'
  if (given('no-store', 'no-cache', 'max-age').length !== 1) return 'not one lifetime'
  if (
    cc.has('no-cache') &&
    (given('s-maxage', 'immutable', 'must-revalidate', 'stale-while-revalidate', 'stale-if-error')
      .length > 0 ||
      expires !== undefined)
  ) { return 'no-cache, and fresh' }
  if (cc.has('private') && cc.has('s-maxage')) return 'private, and shared'
  if (cc.has('must-revalidate') && given('stale-while-revalidate', 'stale-if-error').length > 0) {
    return 'never stale, and stale'
  }
  if (cc.has('immutable') && !(Number(maxAge) > 0)) return 'immutable for no time'
  const until = (Date.parse(String(expires)) - now) / 1000
  if (
    (maxAge === undefined) !== (expires === undefined) ||
    (maxAge !== undefined && Math.abs(until - maxAge) > 2)
  ) { return 'Expires is another end' }
  if (lifetimes.some((seconds) => seconds > promised)) return 'longer than it is fresh'
  return undefined
}

t.test('all pairs of options, with each lifetime: refused, or headers that agree', async (t) => {
  const until = (ms: number) => () => new Date(Date.now() + ms)
  const values: Record<string, readonly unknown[]> = {
    public: [true],
    private: [true],
    noStore: [true],
    noCache: [true],
    maxAge: ['1h', '0s', 500, 'fragments'],
    sharedMaxAge: ['2h', '0s'],
    expires: [until(10_000), until(-1), () => new Date(NaN)],
    immutable: [true],
    mustRevalidate: [true],
    staleWhileRevalidate: ['5s'],
    staleIfError: [0],
    vary: [['accept']]
  }
  const choices = Object.entries(values).flatMap(([name, list]) =>
    list.map((value, i) => [name, { value, label: `${name} ${i}` }] as const)
  )
  const lifetimes = [
    [],
    ...choices
      .filter(([name]) => ['noCache', 'maxAge', 'expires', 'noStore'].includes(name))
      .map((choice) => [choice])
  ]
  const app = await newApp(t)
  await app.register(fragments, { cache: memoryStore() })
  const routes = new Map<string, { url: string, said: string, promised: number }>()
  let refused = 0
  for (const one of choices) {
    for (const another of choices) {
      for (const lifetime of lifetimes) {
        const given = Object.entries(Object.fromEntries([...lifetime, one, another]))
        const options: Record<string, unknown> = Object.fromEntries(
          given.map(([name, { value }]) => [name, value])
        )
        const said = given.map(([, { label }]) => label).sort().join()
        if (routes.has(said)) continue
        for (const hasFragment of [false, true]) {
          const url = `/${routes.size}/${hasFragment}`
          try {
            app.get(url, { config: { cacheControl: options } as object }, async (_request, reply) =>
              hasFragment ? reply.fragment('part', { ttl: '30s' }, () => 'part') : 'page')
          } catch (error) {
            refused++
            if (!(
              error instanceof Error &&
              'code' in error &&
              error.code === 'WEIR_ERR_ROUTE_OPTION'
            )) { throw error }
            break
          }
          const ends = [
            options['expires'] === undefined ? Infinity : 10,
            hasFragment ? 30 : options['maxAge'] === 'fragments' ? 0 : Infinity
          ]
          routes.set(hasFragment ? `${said} with a fragment` : said, {
            url,
            said,
            promised: Math.min(...ends)
          })
        }
      }
    }
  }
  const wrong: string[] = []
  for (const { url, said, promised } of routes.values()) {
    const now = Date.now()
    const { headers } = await app.inject(url)
    const found = contradiction(headers, { now, promised })
    // Node reuses the text of Date until its timer runs.
    await turn()
    if (found !== undefined) wrong.push(`${said}: ${found}: ${String(headers['cache-control'])}`)
  }
  t.strictSame(wrong, [])
  t.ok(routes.size > 100 && refused > 100, `${routes.size} ${refused}`)
  t.equal(
    contradiction(
      {
        expires: new Date(10_000).toUTCString(),
        'cache-control': 'public, max-age=10, s-maxage=3600'
      },
      { now: 0, promised: 10 }
    ),
    'longer than it is fresh'
  )
})

for (const transport of TRANSPORTS) {
  t.test(`static, dynamic and conditional pages: ${transport}`, async (t) => {
    const app = await newApp(t, { http2: transport === 'http2' })
    const changed = new Date(Date.UTC(2026, 0, 1))
    let runs = 0
    const handler = async () => `run ${++runs}`
    const pages: Record<string, PageCacheControl> = {
      '/static': { public: true, maxAge: '365d', immutable: true },
      '/dynamic': { private: true, noCache: true, vary: ['accept-language'] },
      '/conditional': { noCache: true, lastModified: async () => changed },
      '/tagged': { noCache: true, etag: () => '"v1"', lastModified: () => changed },
      '/secret': { noStore: true },
      '/unknown': { noCache: true, etag: () => undefined, lastModified: () => null }
    }
    for (const [url, cacheControl] of Object.entries(pages)) {
      app.get(url, { config: { cacheControl } }, handler)
    }
    app.get('/own', { config: { cacheControl: { noStore: true } } }, async (_request, reply) => {
      reply.header('cache-control', 'max-age=5')
      return 'x'
    })
    app.get(
      '/error',
      { config: { cacheControl: { public: true, maxAge: 1000 } } },
      async (_request, reply) => reply.code(404).send('none')
    )
    app.get(
      '/late',
      { config: { cacheControl: { noCache: true, etag: () => '"late"' } } },
      (_request, reply) => {
        setImmediate(() => {
          reply.send('late')
        })
      }
    )
    if (transport !== 'inject') await app.listen({ host: '127.0.0.1', port: 0 })
    const get = (url: string, headers: Record<string, string> = {}) =>
      askBy(transport, app, url, { headers })

    const made = await get('/static')
    t.match(made.headers, { 'cache-control': 'public, max-age=31536000, immutable' })
    const apart =
      Date.parse(String(made.headers['expires'])) - Date.parse(String(made.headers['date']))
    t.ok(Math.abs(apart / 1000 - 31_536_000) <= 2, 'Expires is Date and max-age')
    t.match((await get('/dynamic')).headers, {
      'cache-control': 'private, no-cache',
      vary: 'accept-language',
      expires: undefined
    })
    t.match((await get('/secret')).headers, { 'cache-control': 'no-store' })
    t.match((await get('/own')).headers, { 'cache-control': 'max-age=5' })
    t.strictSame((await get('/error')).headers['cache-control'], undefined)
    t.match(await get('/late'), { status: 200, body: 'late', headers: { etag: '"late"' } })

    const conditional = await get('/conditional')
    t.match(conditional.headers, {
      'last-modified': changed.toUTCString(),
      'cache-control': 'no-cache'
    })
    const before = runs
    for (const [url, headers] of [
      ['/conditional', { 'if-modified-since': changed.toUTCString() }],
      ['/tagged', { 'if-none-match': '"v1"' }],
      [
        '/tagged',
        { 'if-none-match': 'W/"v0", "v1"', 'if-modified-since': new Date(0).toUTCString() }
      ]
    ] as const) {
      t.match(await get(url, headers), {
        status: 304,
        body: '',
        headers: { 'cache-control': 'no-cache', 'last-modified': changed.toUTCString() }
      })
    }
    t.equal(runs, before, 'the handler did not run')
    for (const [url, headers] of [
      ['/conditional', { 'if-modified-since': new Date(0).toUTCString() }],
      ['/conditional', { 'if-none-match': '"other"', 'if-modified-since': changed.toUTCString() }],
      ['/tagged', { 'if-none-match': '"v0"', 'if-modified-since': changed.toUTCString() }],
      ['/unknown', { 'if-none-match': '*x' }],
      ['/unknown', { 'if-modified-since': new Date().toUTCString() }]
    ] as const) {
      t.match(
        await get(url, headers),
        { status: 200, body: /^run/ },
        `${url} ${JSON.stringify(headers)}`
      )
    }
    t.match(
      await get('/tagged', { 'if-match': '"v0"' }),
      { status: 412 },
      'conditional has the last word'
    )
    t.match(
      await get('/conditional', { 'if-match': String(conditional.headers['etag']) }),
      { status: 412 },
      'its body is another by now'
    )
  })
}

t.test('an invalid result of a function is left out, and logged once', async (t) => {
  const log: string[] = []
  const app = await newApp(t, { log })
  const config = {
    cacheControl: { noCache: true, etag: () => 'v1', lastModified: () => 'yesterday' }
  } as object
  app.get('/x', { config }, async () => 'x')
  app.get('/until', { config: { cacheControl: { expires: () => new Date(NaN) } } }, async () => 'x')
  for (let i = 0; i < 2; i++) {
    const { headers } = await app.inject('/x')
    t.match(headers, { 'cache-control': 'no-cache', etag: /^"/, 'last-modified': undefined })
    t.match(
      (await app.inject('/until')).headers,
      { 'cache-control': 'max-age=0', expires: / GMT$/ },
      'stale at once: without a lifetime a cache may make one up'
    )
  }
  t.equal(log.length, 3)
  t.match(
    log.join(),
    /config.cacheControl.expires returned no valid date, so that the page is stale at once: return a valid Date/
  )
  t.match(
    log.join(),
    /config.cacheControl.etag returned a value that is left out: return an entity tag/
  )
})

t.test(
  'with the response cache: stored with the response, and called only when that is stale',
  async (t) => {
    const app = await newApp(t, { cached: true })
    let [asked, runs] = [0, 0]
    let now = Date.now()
    t.intercept(Date, 'now', { value: () => now })
    app.get(
      '/x',
      {
        config: {
          cache: { ttl: '10s' },
          cacheControl: {
            public: true,
            maxAge: '1h',
            etag: () => {
              asked++
              return '"v1"'
            }
          }
        }
      },
      async () => `run ${++runs}`
    )
    const get = async () => {
      const { body, headers } = await app.inject('/x')
      return {
        body,
        expires: headers['expires'],
        control: headers['cache-control'],
        status: headers['cache-status']
      }
    }
    const first = await get()
    t.match(first, { body: 'run 1', control: 'public, max-age=3600' })
    now += 5000
    t.match(
      await get(),
      { ...first, status: /hit/ },
      'Expires is that of the stored response, as Age is'
    )
    t.equal(asked, 1)
    now += 6000
    t.match(
      await get(),
      { body: 'run 1', status: /fwd=stale/ },
      'a stored response is validated without its handler'
    )
    t.strictSame([asked, runs], [2, 1])
  }
)

t.test('a response that the cache would never keep is refused on a cached route', async (t) => {
  const app = await newApp(t, { cached: true })
  for (const cacheControl of [{ noStore: true }, { private: true, noCache: true }] as const) {
    t.throws(
      () => app.get('/y', { config: { cache: { ttl: 1 }, cacheControl } }, async () => 'x'),
      {
        code: 'WEIR_ERR_ROUTE_OPTION',
        message: /contradicts config.cache, which would store nothing/
      }
    )
  }
})

t.test('declared is enforced, in the required order', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(responseCache, { store: memoryStore() })
  await t.rejects(
    async () => {
      await app.register(cacheControl)
    },
    { code: 'WEIR_ERR_PLUGIN_ORDER' }
  )
  const other = Fastify()
  t.teardown(() => other.close())
  await other.register(responseCache, { store: memoryStore() })
  other.get('/x', { config: { cacheControl: { noStore: true } } }, async () => 'x')
  await t.rejects(
    async () => {
      await other.ready()
    },
    {
      code: 'WEIR_ERR_NOT_ENFORCED',
      message: /config.cacheControl is not enforced: register weir-cache-control/
    }
  )
})

t.test('a service leaves Cache-Control to the route, except for errors', async (t) => {
  const { app } = await buildService(t)
  await app.register(cacheControl)
  let fails = false
  app.get(
    '/style.css',
    { config: { cacheControl: { public: true, maxAge: '365d', immutable: true } } },
    async () => {
      if (fails) throw new Error('away')
      return 'a style'
    }
  )
  t.equal(
    (await app.inject('/style.css')).headers['cache-control'],
    'public, max-age=31536000, immutable'
  )
  fails = true
  t.equal((await app.inject('/style.css')).headers['cache-control'], 'no-store')
})
