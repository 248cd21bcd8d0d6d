import Fastify from 'fastify'
import t from 'tap'
import { memoryStore } from '@weir/cache/memory'
import responseCache from '../response-cache/index.js'
import { cachedApp } from './support/cached-app.js'

const wrongRoutes: [cache: unknown, message: RegExp][] = [
  [{ ttl: 'sixty' }, /^Route GET \/x: config.cache.ttl must be a duration.*not "sixty"/],
  [{ ttl: -1 }, /config.cache.ttl must be a duration.*not -1/],
  [true, /config.cache must be an object, or false/],
  [[], /config.cache must be an object, or false/],
  [null, /config.cache must be an object, or false/],
  [{ ttl: '1s', tll: '2s' }, /config.cache.tll is unknown: valid options are ttl, maxTtl/],
  [{ ttl: '1s', toString: 1 }, /config.cache.toString is unknown/],
  [
    { ttl: '1s', staleWhileRevalidate: null },
    /config.cache.staleWhileRevalidate must be a duration/
  ],
  [{ ttl: '1s', staleIfError: 'x' }, /config.cache.staleIfError must be a duration/],
  [{ retain: 'x' }, /config.cache.retain must be a duration/],
  [{ setCookie: true }, /config.cache.setCookie must be 'refuse', 'strip' or 'store'/],
  [
    { credentials: ['cookie'] },
    /config.cache.credentials must be a list of header names with 'authorization'/
  ],
  [{ ttl: '1s', negative: {} }, /config.cache.negative must be a duration/],
  [{ ttl: '1s', jitter: 2 }, /config.cache.jitter must be a number from 0 to 1/],
  [{ ttl: '1s', tags: 'products' }, /config.cache.tags must be a list of tags/],
  [{ ttl: '1s', vary: [1] }, /config.cache.vary must be a list of request header names/],
  [{ ttl: '1s', vary: ['accept, x'] }, /config.cache.vary must be a list of request header names/],
  [{ ttl: '1s', vary: ['*'] }, /config.cache.vary must be a list of request header names/],
  [{ targets: ['cdn cache'] }, /config.cache.targets must be a list of header names/],
  [{ ttl: '1s', key: 'x' }, /config.cache.key must be a function/],
  [
    { ttl: '1s', refresh: true },
    /config.cache.refresh must be one of reader, editor, admin, or a function of the request, not true/
  ],
  [{ ttl: '1s', refresh: 'root' }, /config.cache.refresh must be one of reader/],
  [{ ttl: '1s', unless: true }, /config.cache.unless must be a function of the request/],
  [
    { ttl: '1s', onlyIf: [] },
    /config.cache.onlyIf must be a function of the request and its reply/
  ]
]

t.test('a mistake in config.cache stops the boot and names route and option', async (t) => {
  for (const [cache, message] of wrongRoutes) {
    const app = await cachedApp(t)
    // The types refuse these; plain JavaScript relies on the check at boot.
    const config = { cache } as object
    t.throws(
      () => app.get('/x', { config }, async () => 'x'),
      { code: 'WEIR_ERR_ROUTE_OPTION', message },
      String(message)
    )
  }
  const app = await cachedApp(t)
  t.throws(() => app.post('/x', { config: { cache: { ttl: '1s' } } }, async () => 'x'), {
    code: 'WEIR_ERR_ROUTE_OPTION',
    message: /^Route POST \/x: config.cache is for GET and HEAD$/
  })
})

t.test('a mistake in the plugin\'s options names the option', async (t) => {
  for (const [options, message] of [
    [{}, /weir-response-cache: option "store" is missing/],
    [{ store: memoryStore(), origin: 'shop.test' }, /option "origin" must be scheme and host/],
    [{ store: memoryStore(), origin: 'http://shop.test/x' }, /option "origin"/],
    [{ store: memoryStore(), maxBodyBytes: -1 }, /option "maxBodyBytes"/],
    [{ store: memoryStore(), namespace: 'a b' }, /namespace/],
    [{ store: memoryStore(), fillTimeout: 'soon' }, /fillTimeout/],
    [
      { store: memoryStore(), l1: { maxBytez: 5 } },
      /option "l1\.maxBytez" is unknown: valid options are maxBytes, maxEntries$/
    ],
    [{ store: memoryStore(), l1: true }, /option "l1" must be an object, or false, not true/],
    [{ store: memoryStore(), l1: [] }, /option "l1" must be an object, or false, not \[\]/],
    ...['x-session ', 'x y', '', 'x:y', '*', 'naïve', 7].map(
      (name) =>
        [
          { store: memoryStore(), credentials: ['x-ok', name] },
          /option "credentials" must be a list of header names/
        ] as const
    ),
    [{ store: memoryStore(), outbox: {} }, /option "outbox" must have settle\(\)/]
  ] as const) {
    const app = Fastify()
    t.teardown(() => app.close())
    await t.rejects(
      async () => {
        await app.register(responseCache, options as never)
      },
      { code: 'WEIR_ERR_PLUGIN_OPTION', message },
      String(message)
    )
  }
})

t.test('two of one name are refused', async (t) => {
  const app = await cachedApp(t)
  await t.rejects(async () => { await app.register(responseCache, { store: memoryStore() }) },
    { code: 'WEIR_ERR_REGISTERED_TWICE', message: /weir-response-cache is registered twice/ })

  const other = Fastify()
  t.teardown(() => other.close())
  await other.register(import('@fastify/caching'))
  await t.rejects(async () => { await other.register(responseCache, { store: memoryStore() }) },
    { code: 'WEIR_ERR_REGISTERED_TWICE', message: /@fastify\/caching is registered twice/ })
})

const querystring = { type: 'object', properties: { page: { type: 'integer', default: 1 } } }

t.test(
  'a placeholder that no request can fill stops the boot and lists the existing parameters',
  async (t) => {
    const tags = ['list', 'x:{idd}']
    for (const [url, schema, there] of [
      ['/x/:id', { querystring }, 'id, page'],
      ['/x/:id', { query: querystring }, 'id, page'],
      ['/x/:id(^\\d+$).:extension/*', { querystring }, 'id, extension, \\*, page'],
      [
        '/x/::idd',
        { querystring: { type: 'object', properties: {}, additionalProperties: false } },
        'none'
      ]
    ] as const) {
      const message = new RegExp(
        `: config\\.[a-z.]+ has \\{idd\\}, but the route has no such parameter: valid names are ${there}$`
      )
      const app = await cachedApp(t)
      t.throws(
        () => app.get(url, { schema, config: { cache: { ttl: '1s', tags } } }, async () => 'x'),
        { code: 'WEIR_ERR_ROUTE_OPTION', message },
        url
      )
      t.throws(
        () => app.put(url, { schema, config: { invalidates: tags } }, async () => 'x'),
        { code: 'WEIR_ERR_ROUTE_OPTION', message },
        url
      )
    }
  }
)

t.test('a placeholder that some request may fill is accepted', async (t) => {
  const app = await cachedApp(t)
  app.register(async (child) => {
    child.get(
      '/path/:id-:part',
      {
        schema: { querystring },
        config: { cache: { ttl: '1s', tags: ['{id}', '{part}', '{page}', '{shop}'] } }
      },
      async () => 'x'
    )
  }, { prefix: '/shops/:shop' })
  app.get(
    '/wildcard/*',
    { schema: { querystring }, config: { cache: { ttl: '1s', tags: ['{*}'] } } },
    async () => 'x'
  )
  app.get('/no-schema', { config: { cache: { ttl: '1s', tags: ['{any}'] } } }, async () => 'x')
  const open = { ...querystring, additionalProperties: { type: 'string' } }
  app.get(
    '/open',
    { schema: { querystring: open }, config: { cache: { ttl: '1s', tags: ['{any}'] } } },
    async () => 'x'
  )
  app.get(
    '/composed',
    {
      schema: { querystring: { allOf: [querystring] } },
      config: { cache: { ttl: '1s', tags: ['{any}'] } }
    },
    async () => 'x'
  )
  app.get(
    '/compiled',
    {
      schema: { querystring },
      validatorCompiler: () => () => true,
      config: { cache: { ttl: '1s', tags: ['{any}'] } }
    },
    async () => 'x'
  )
  app.put('/no-schema/:id', { config: { invalidates: ['{id}', '{any}'] } }, async () => 'x')
  await app.ready()
  t.match((await app.inject('/shops/3/path/1-2')).headers['cache-groups'], '"1", "2", "3"')
  t.equal((await app.inject('/wildcard/a')).headers['cache-groups'], '"a"')
})
