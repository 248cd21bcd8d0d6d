import { createCache } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import ejs from 'ejs'
import { Eta } from 'eta'
import Fastify from 'fastify'
import { AsyncLocalStorage } from 'node:async_hooks'
import { mock } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import fragments, { type FragmentOptions, type UsedFragment } from '../fragments/index.js'
import responseCache from '../response-cache/index.js'
import { askBy, TRANSPORTS } from './support/ask.js'
import { gate } from './support/cached-app.js'
import { pageApp } from './support/page-app.js'

const ENGINES = {
  eta: {
    engine: () => ({ eta: new Eta() }),
    page: 'page.eta',
    templates: {
      'page.eta':
        '<h1><%= it.title %></h1><%~ await it.fragment("menu", { ttl: "1m", tags: ["menu"] }, () => includeAsync("./menu.eta", it)) %><p><%= it.title %></p>',
      'menu.eta': '<ul><% for (const name of await it.load()) { %><li><%= name %></li><% } %></ul>'
    }
  },
  'eta, a block': {
    engine: () => ({ eta: new Eta() }),
    page: 'page.eta',
    templates: {
      'page.eta':
        '<h1><%= it.title %></h1><%~ await it.fragment("menu", { ttl: "1m", tags: ["menu"] }, () => captureAsync(async () => { %><ul>' +
        '<% for (const name of await it.load()) { %><li><%= name %></li><% } %></ul><% })) %><p><%= it.title %></p>'
    }
  },
  ejs: {
    engine: () => ({ ejs }),
    page: 'page.ejs',
    templates: {
      'page.ejs':
        '<h1><%= title %></h1><%- await fragment("menu", { ttl: "1m", tags: ["menu"] }, () => include("menu.ejs", { load })) %><p><%= title %></p>',
      'menu.ejs': '<ul><% for (const name of await load()) { %><li><%= name %></li><% } %></ul>'
    }
  }
} as const

const listen = { host: '127.0.0.1', port: 0 }

for (const [name, { engine, page, templates }] of Object.entries(ENGINES)) {
  for (const transport of TRANSPORTS) {
    t.test(`a fragment in a template: ${name}, ${transport}`, async (t) => {
      const app = await pageApp(
        t,
        engine(),
        templates,
        undefined,
        transport === 'http2' ? (Fastify({ http2: true }) as never) : Fastify()
      )
      let loads = 0
      const load = async () => ['<b>&"\'', `load ${++loads}`]
      app.get('/:title', async (request, reply) =>
        reply.view(page, { title: (request.params as { title: string }).title, load })
      )
      if (transport !== 'inject') await app.listen(listen)
      const ask = async (path: string) => askBy(transport, app, path)
      const html = (title: string, load: number) =>
        `<h1>${title}</h1><ul><li>&lt;b&gt;&amp;(?:&quot;|&#34;)&#39;</li><li>load ${load}</li></ul><p>${title}</p>`
      for (const [title, load] of [['a', 1], ['b', 1]] as const) {
        const got = await ask(`/${title}`)
        t.match(
          got.body,
          new RegExp(`^${html(title, load)}$`),
          'escaped once, by its engine; the rest of the page is of each request'
        )
        t.match(got.headers, { 'content-type': 'text/html; charset=utf-8' })
      }
      await app.fragments.invalidate(['menu'])
      t.match((await ask('/c')).body, new RegExp(`^${html('c', 2)}$`))
      await app.fragments.delete('menu')
      t.match((await ask('/d')).body, new RegExp(`^${html('d', 3)}$`))
      t.equal(loads, 3)
    })
  }
}

async function bareApp (
  t: { teardown: (fn: () => unknown) => void },
  options: object = { cache: memoryStore() }
) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(fragments, options)
  return app
}

t.test(
  'handlers: rendered once for concurrent requests, and answered as HTML each time',
  async (t) => {
    const app = await bareApp(t)
    const { open, opened } = gate()
    let renders = 0
    app.get('/', (_request, reply) =>
      reply.fragment('page', { ttl: '1m' }, async () => {
        renders++
        await opened
        return '<p>x</p>'
      })
    )
    const asked = [1, 2, 3].map(() => app.inject('/'))
    open()
    for (const answer of [...(await Promise.all(asked)), await app.inject('/')]) {
      t.match(answer, {
        statusCode: 200,
        body: '<p>x</p>',
        headers: { 'content-type': 'text/html; charset=utf-8' }
      })
    }
    t.equal(renders, 1)
  }
)

t.test('a fragment in JSON does not change the content type', async (t) => {
  const app = await bareApp(t)
  app.get('/', async (_request, reply) => ({
    html: await reply.fragment('x', { ttl: 1000 }, () => '<p>')
  }))
  for (let i = 0; i < 2; i++) {
    t.match(await app.inject('/'), { headers: { 'content-type': /json/ }, body: '{"html":"<p>"}' })
  }
})

t.test('an error of render reaches the handler, and nothing is stored', async (t) => {
  const app = await bareApp(t)
  let fails = true
  app.get('/', (_request, reply) => reply.fragment('outer', { ttl: '1m' }, async () => {
    const inner = await reply.fragment('inner', { ttl: '1m' }, () => {
      if (fails) throw Object.assign(new Error('no database'), { statusCode: 503 })
      return 'inner'
    })
    return `(${inner})`
  }))
  t.match(await app.inject('/'), { statusCode: 503, body: /no database/ })
  fails = false
  t.equal((await app.inject('/')).body, '(inner)')
})

t.test(
  'stale fragments: during a refill, and in place of an error; never inside a fragment being rendered',
  async (t) => {
    const app = await bareApp(t)
    let now = Date.now()
    t.intercept(Date, 'now', { value: () => now })
    let version = 1
    let fails = false
    const inner = { ttl: '10s', staleWhileRevalidate: '1m', staleIfError: '1h' } as const
    const render = async () => {
      if (fails) throw new Error('no database')
      return `v${version}`
    }
    app.get('/', (_request, reply) => reply.fragment('inner', inner, render))
    app.get('/outer', (_request, reply) =>
      reply.fragment(
        'outer',
        { ttl: '1m' },
        async () => `(${await reply.fragment('inner', inner, render)})`
      )
    )
    const get = async (url: string) => (await app.inject(url)).body
    t.equal(await get('/'), 'v1')
    now += 10_001
    version = 2
    t.equal(await get('/outer'), '(v2)', 'a fragment is not rendered with an invalidated part')
    now += 10_001
    version = 3
    t.equal(await get('/'), 'v2', 'stale while revalidate')
    while (app.fragments.cache.stats().flights > 0) await new Promise(setImmediate)
    t.equal(await get('/'), 'v3')
    now += 100_000
    fails = true
    t.equal(await get('/'), 'v3', 'stale if error')
    t.equal(await get('/outer'), '(v3)')
    fails = false
    version = 4
    t.equal(await get('/outer'), '(v4)', 'a fragment rendered from a stale one has not been stored')
    fails = true
    now += 3_700_000
    t.equal((await app.inject('/')).statusCode, 500)
  }
)

const wrong: [key: unknown, options: unknown, render: unknown, message: RegExp][] = [
  ['', { ttl: 1 }, () => '', /key must be a non-empty string/],
  [7, { ttl: 1 }, () => '', /^Fragment 7: key must/],
  ['\ud800', { ttl: 1 }, () => '', /key must be a non-empty string/],
  ['x', undefined, () => '', /options must be an object with ttl, not undefined/],
  ['x', {}, () => '', /^Fragment 'x': ttl must be a duration/],
  [
    'x',
    { ttl: 'soon' },
    () => '',
    /ttl must be a duration: milliseconds, or text like '60s', not 'soon'/
  ],
  ['x', { ttl: 1, staleIfError: -1 }, () => '', /staleIfError must be a duration/],
  ['x', { ttl: 1, tag: ['x'] }, () => '', /tag is unknown: valid options are ttl, tags, vary, private/],
  ['x', { ttl: 1, tags: 'x' }, () => '', /tags must be a list of non-empty strings/],
  ['x', { ttl: 1, tags: [''] }, () => '', /tags must be a list of non-empty strings/],
  [
    'x',
    { ttl: 1, vary: 'accept' },
    () => '',
    /vary must be a list of request header names and functions/
  ],
  ['x', { ttl: 1, vary: ['a b'] }, () => '', /vary must be a list/],
  ['x', { ttl: 1, vary: ['*'] }, () => '', /vary must be a list/],
  ['x', { ttl: 1, private: 'yes' }, () => '', /private must be true or false, not 'yes'/],
  ['x', { ttl: 1 }, '<p>', /render must be a function that returns HTML, not '<p>'/],
  ['x', { ttl: 1 }, async () => undefined, /render returned undefined: return its HTML as text/],
  ['x', { ttl: 1 }, () => Buffer.from(''), /render returned/]
]

t.test('invalid fragments are a named error at once', async (t) => {
  const app = await bareApp(t)
  let use: readonly unknown[] = []
  app.get('/', async (_request, reply) => {
    const [key, options, render] = use
    return reply.fragment(key as string, options as FragmentOptions, render as () => string)
  })
  app.setErrorHandler<Error & { code: string }>(({ code, message }, _request, reply) =>
    reply.code(500).send({ code, message })
  )
  for (const [key, options, render, message] of wrong) {
    use = [key, options, render]
    t.match((await app.inject('/')).json(), { code: 'WEIR_ERR_FRAGMENT', message }, String(message))
  }
  t.equal(app.fragments.cache.stats().stores, 0)
})

t.test('options of the plugin', async (t) => {
  const store = memoryStore()
  for (const [options, message] of [
    [{}, /option "cache" is missing: give it a store or a cache/],
    [{ cache: {} }, /option "cache" must be a store/],
    [{ cache: store, store }, /option "store" is unknown: valid options are cache, identify/],
    [{ cache: store, identify: 'x' }, /option "identify" must be a function/]
  ] as const) {
    await t.rejects(bareApp(t, options), { code: 'WEIR_ERR_PLUGIN_OPTION', message })
  }
  const app = await bareApp(t, { cache: createCache<string>({ store, namespace: 'mine' }) })
  t.equal(app.fragments.cache.namespace, 'mine')
  await t.rejects(
    async () => {
      await app.register(fragments, { cache: store })
    },
    { code: 'WEIR_ERR_REGISTERED_TWICE' }
  )
})

t.test('with the response cache, fragments are in its store and nowhere else', async (t) => {
  const store = memoryStore()
  const make = async (options: object) => {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(responseCache, { store, namespace: 'shop', name: 'shop-1' })
    await app.register(fragments, options)
    return app
  }
  const apart = /must be the store of the response cache/
  await t.rejects(make({ cache: memoryStore() }), {
    code: 'WEIR_ERR_PLUGIN_OPTION',
    message: apart
  })
  await t.rejects(make({ cache: createCache({ store, namespace: 'mine' }) }), {
    code: 'WEIR_ERR_PLUGIN_OPTION',
    message: apart
  })
  for (const options of [
    {},
    { cache: store },
    { cache: createCache({ store, namespace: 'shop' }) }
  ]) {
    const {
      fragments: { cache }
    } = await make(options)
    t.equal(cache.namespace, 'shop')
  }
})

t.test('keys are any text: no two fragments collide', async (t) => {
  const app = await bareApp(t)
  const names = [
    'x',
    'x:y',
    ':x',
    '["x",false,""]',
    '[',
    'fragment:x',
    'a\nb',
    'a\\nb',
    '\0',
    '\u0001fragment:x',
    'é',
    'e\u0301'
  ]
  const varies: FragmentOptions['vary'][] = [
    undefined,
    ['x-a'],
    ['x-b'],
    [() => 'x-a'],
    [() => undefined],
    [() => null],
    [() => []]
  ]
  const options = varies.map((vary): FragmentOptions => ({
    ttl: '1m',
    ...(vary !== undefined && { vary })
  }))
  app.get('/', async (_request, reply) => {
    const made: string[] = []
    for (const name of names) {
      for (const [i, option] of options.entries()) {
        made.push(await reply.fragment(name, option, () => `${name} ${i};`))
      }
    }
    return made
  })
  const want = names.flatMap((name) => options.map((_, i) => `${name} ${i};`))
  for (let i = 0; i < 2; i++) t.strictSame((await app.inject('/')).json(), want)
  t.equal(app.fragments.cache.stats().stores, want.length)
})

t.test(
  'a page lists its fragments, including stale ones that replace failed ones',
  async (t) => {
    mock.timers.enable({ apis: ['Date'], now: Date.now() })
    t.teardown(() => {
      mock.timers.reset()
    })
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(fragments, { cache: memoryStore() })
    let fails = false
    const options = {
      ttl: '1m',
      staleWhileRevalidate: '10s',
      staleIfError: '1h',
      tags: ['menu']
    } as const
    const render = async () => {
      if (fails) throw new Error('the database is away')
      return 'a menu'
    }
    app.get('/', async (_request, reply) => {
      t.strictSame(reply.usedFragments, [])
      await reply.fragment(
        'menu',
        options,
        async () => await reply.fragment('within', options, render)
      )
      await reply.fragment('news', { ttl: 0 }, () => 'news')
      return reply.usedFragments
    })
    const used = async () => (await app.inject('/')).json<UsedFragment[]>()
    const now = Date.now()
    const [menu, news, ...others] = await used()
    t.strictSame(others, [], 'nested ones are not listed')
    t.match(menu, { key: 'menu', renderedAt: now, freshUntil: now + 60_000, isStandIn: false })
    t.ok(menu?.tags.includes('menu'))
    t.match(news, { key: 'news', freshUntil: now, isStandIn: false })

    fails = true
    mock.timers.setTime(now + 65_000)
    t.match(
      await used(),
      [{ key: 'menu', renderedAt: now, isStandIn: false }, {}],
      'stale, while a new one is rendered'
    )
    await app.fragments.cache.idle()
    mock.timers.setTime(now + 90_000)
    t.match(
      await used(),
      [{ key: 'menu', isStandIn: true }, { isStandIn: false }],
      'one in it stands in'
    )
    fails = false
    t.match(await used(), [{ key: 'menu', isStandIn: false }, {}])
  }
)

t.test(
  'async storages are enabled only while fragments are rendered, because they slow down each await of the process',
  async (t) => {
    const app = await bareApp(t)
    const on = new Set<unknown>()
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called on their storage
    const { run, disable } = AsyncLocalStorage.prototype
    t.intercept(AsyncLocalStorage.prototype, 'run', {
      value (this: unknown, ...args: unknown[]): unknown {
        on.add(this)
        return Reflect.apply(run, this, args)
      }
    })
    t.intercept(AsyncLocalStorage.prototype, 'disable', {
      value (this: unknown) {
        on.delete(this)
        Reflect.apply(disable, this, [])
      }
    })
    const gates = { first: gate(), failing: gate(), last: gate() }
    for (const [name, { opened }] of Object.entries(gates)) {
      app.get(`/${name}`, (_request, reply) =>
        reply.fragment(name, { ttl: '1h' }, async () => {
          await opened
          if (name === 'failing') throw new Error('no HTML')
          return name
        })
      )
    }
    const statuses = Object.keys(gates).map(
      async (name) => (await app.inject(`/${name}`)).statusCode
    )
    while (on.size === 0) await turn()
    for (const [i, name] of (['first', 'failing'] as const).entries()) {
      gates[name].open()
      t.equal(await statuses[i], name === 'first' ? 200 : 500)
      t.not(on.size, 0, 'another is still rendered')
    }
    gates.last.open()
    t.equal(await statuses[2], 200)
    t.equal(on.size, 0)
  }
)
