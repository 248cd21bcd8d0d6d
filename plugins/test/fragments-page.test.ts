import { memoryStore } from '@weir/cache/memory'
import { random as randomFrom } from '@weir/internal/testing'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import cacheControl, { type PageCacheControl } from '../cache-control/index.js'
import conditional from '../conditional/index.js'
import { bounded } from '../fragments/follow.js'
import fragments, { type FragmentOptions } from '../fragments/index.js'
import invalidation from '../invalidation/index.js'
import responseCache, { type RouteCacheOptions } from '../response-cache/index.js'

const NOW = Math.floor(Date.now() / 1000) * 1000

/** Returns an application with all plugins, and a clock controlled by the test. */
async function fullApp (t: Test, { conditions = true } = {}) {
  const clock = { now: NOW }
  t.intercept(Date, 'now', { value: () => clock.now })
  const app = Fastify()
  t.teardown(() => app.close())
  if (conditions) await app.register(conditional)
  await app.register(cacheControl)
  await app.register(responseCache, { store: memoryStore(), origin: 'http://shop.test' })
  await app.register(fragments, { identify: ({ headers }) => textOf(headers['x-user']) })
  await app.register(invalidation)
  return { app, clock, seconds: (s: number) => { clock.now += s * 1000 } }
}

const later = (s: number) => new Date(NOW + s * 1000).toUTCString()

t.test('Cache-Control allows no more than the fragments', async (t) => {
  for (const [field, isPrivate, seconds, want] of [
    ['public, max-age=60', false, 10, 'public, max-age=10'],
    ['public, max-age=5', false, 10, 'public, max-age=5'],
    ['max-age=60, s-maxage=600', false, 10, 'max-age=10, s-maxage=10'],
    ['public, max-age=60, s-maxage=600', true, 10, 'max-age=10, private'],
    ['no-store', true, 10, 'no-store, private'],
    ['private="set-cookie", no-cache="x, y"', true, 10, 'no-cache="x, y", private'],
    ['max-age=soon', false, 10, 'max-age=soon'],
    [
      'must-revalidate, max-age=60, stale-while-revalidate=30',
      false,
      0,
      'must-revalidate, max-age=0, stale-while-revalidate=30'
    ],
    ['', true, 10, 'private']
  ] as const) { t.equal(bounded(field, isPrivate, seconds), want, field) }
})

t.test('headers of a page follow from its fragments, by their remaining lifetimes', async (t) => {
  const { app, seconds } = await fullApp(t)
  const use = (reply: FastifyReply, name: string, options: FragmentOptions) =>
    reply.fragment(name, options, () => name)
  const page = async (reply: FastifyReply) =>
    `${await use(reply, 'a', { ttl: '60s' })}${await use(reply, 'b', { ttl: '30s', vary: ['accept-language'] })}`
  const cacheControls: Record<string, PageCacheControl> = {
    '/hour': { public: true, maxAge: '1h', sharedMaxAge: '2h' },
    '/short': { public: true, maxAge: '1s' },
    '/made': { public: true, maxAge: 'fragments' },
    '/until': { expires: () => new Date(NOW + 3_600_000) }
  }
  for (const [url, cacheControl] of Object.entries(cacheControls)) {
    app.get(url, { config: { cacheControl } }, (_request, reply) => page(reply))
  }
  app.get('/own', (_request, reply) =>
    page(
      reply
        .header('cache-control', 'max-age=99')
        .header('cdn-cache-control', 'max-age=999')
        .header('expires', later(99))
        .header('last-modified', later(-100))
        .header('vary', 'x')
    )
  )
  app.get('/unsaid', (_request, reply) => page(reply))
  const get = async (url: string) => (await app.inject(url)).headers
  await get('/unsaid')
  seconds(10)
  t.match(await get('/hour'), {
    'cache-control': 'public, max-age=20, s-maxage=20',
    expires: later(30),
    vary: 'accept-language'
  })
  t.match(await get('/short'), { 'cache-control': 'public, max-age=1', expires: later(11) })
  t.match(await get('/made'), {
    'cache-control': 'public, max-age=20',
    expires: later(30),
    'last-modified': later(0)
  })
  t.match(await get('/until'), { 'cache-control': 'max-age=20', expires: later(30) })
  t.match(await get('/own'), {
    'cache-control': 'max-age=20',
    'cdn-cache-control': 'max-age=20',
    expires: later(30),
    'last-modified': later(0),
    vary: 'x, accept-language'
  })
  const unsaid = await get('/unsaid')
  t.strictSame(
    [unsaid['cache-control'], unsaid['expires'], unsaid['last-modified']],
    [undefined, undefined, undefined],
    'a page may contain more than fragments'
  )
  seconds(21)
  t.match(
    await get('/made'),
    { 'cache-control': 'public, max-age=29' },
    'the second is new, and the first has 29 s left'
  )
})

t.test('one private fragment makes the page private, regardless of its route', async (t) => {
  const { app } = await fullApp(t)
  const basket = (reply: FastifyReply) =>
    reply.fragment('basket', { ttl: '1m', private: true }, () => 'basket')
  app.get(
    '/said',
    { config: { cacheControl: { public: true, maxAge: '1h', sharedMaxAge: '1h' } } },
    (_request, reply) => basket(reply)
  )
  app.get('/own', (_request, reply) =>
    basket(
      reply
        .header('cache-control', 'public, max-age=60')
        .header('cdn-cache-control', 'public, max-age=60')
    )
  )
  app.get('/unsaid', (_request, reply) => basket(reply))
  app.get('/cached', { config: { cache: { ttl: '1m', public: true } } }, (_request, reply) =>
    basket(reply)
  )
  app.get('/function', { config: { cache: { ttl: '1m', public: true } } }, (_request, reply) =>
    reply.fragment(
      'theme',
      { ttl: '1m', vary: [({ headers }) => headers['x-theme']] },
      () => 'theme'
    )
  )
  for (const [url, want] of [
    ['/said', 'max-age=0, private'],
    ['/own', 'max-age=0, private'],
    ['/unsaid', 'private, no-cache'],
    ['/cached', 'private, no-cache']
  ] as const) { t.equal((await app.inject(url)).headers['cache-control'], want, url) }
  t.equal((await app.inject('/own')).headers['cdn-cache-control'], 'max-age=0, private')
  t.match((await app.inject('/cached')).headers, {
    'cache-status': 'weir; fwd=uri-miss; detail=PRIVATE'
  })
  t.match((await app.inject('/function')).headers, {
    vary: '*',
    'cache-status': 'weir; fwd=uri-miss; detail=VARY_STAR'
  })
})

const cached = (cache: RouteCacheOptions) => ({ config: { cache } })

t.test(
  'a page in the response cache is invalidated with its fragments: by time, by tag and by key',
  async (t) => {
    const { app, seconds } = await fullApp(t)
    let version = 1
    const page = async (reply: FastifyReply) =>
      `<${await reply.fragment('outer', { ttl: '50s', tags: ['outer'] }, () =>
        reply.fragment('inner', { ttl: '40s', tags: ['inner'] }, () => String(version))
      )}>`
    app.get('/', cached({ ttl: '1h', tags: ['page'] }), (_request, reply) => page(reply))
    app.get('/other', cached({ ttl: '1h' }), (_request, reply) => page(reply))
    app.put('/', { config: { invalidates: ['inner'] } }, async () => {
      version++
      return 'done'
    })
    const get = async (url = '/') => {
      const { body, headers } = await app.inject(url)
      return { body, status: String(headers['cache-status']), groups: headers['cache-groups'] }
    }
    t.match(await get(), {
      body: '<1>',
      status: 'weir; fwd=uri-miss; ttl=40; stored',
      groups: '"page", "outer", "inner"'
    })
    seconds(10)
    t.match(await get('/other'), {
      body: '<1>',
      status: 'weir; fwd=uri-miss; ttl=30; stored',
      groups: '"outer", "inner"'
    })
    t.match(await get(), { status: /hit; ttl=30/, groups: '"page", "outer", "inner"' })
    t.equal((await app.inject({ method: 'PUT', url: '/' })).statusCode, 200)
    for (const url of ['/', '/other']) {
      t.match(
        await get(url),
        { body: '<2>', status: /ttl=40; stored/ },
        'one write ends fragments and pages'
      )
    }
    version = 3
    await app.fragments.delete('inner')
    for (const url of ['/', '/other']) {
      t.match(
        await get(url),
        { body: '<3>', status: /stored/ },
        'and so does the key of a fragment'
      )
    }
    version = 4
    seconds(41)
    t.match(await get(), { body: '<4>' })
  }
)

t.test('a page varies by what its fragments vary by', async (t) => {
  const { app } = await fullApp(t)
  let renders = 0
  app.get('/', cached({ ttl: '1h' }), (_request, reply) =>
    reply.fragment('menu', { ttl: '1m', vary: ['accept-language'] }, () => {
      renders++
      return String(reply.request.headers['accept-language'])
    })
  )
  for (let i = 0; i < 2; i++) {
    for (const language of ['de', 'fr']) {
      const { body, headers } = await app.inject({
        url: '/',
        headers: { 'accept-language': language }
      })
      t.match(
        { body, vary: headers.vary, status: headers['cache-status'] },
        { body: language, vary: 'accept-language', status: i === 0 ? /stored/ : /hit/ }
      )
    }
  }
  t.equal(renders, 2)
})

t.test(
  'entity tags cover the body, and Last-Modified is that of the latest fragment',
  async (t) => {
    const { app, seconds } = await fullApp(t)
    let version = 1
    app.get('/', { config: { cacheControl: { maxAge: 'fragments' } } }, (_request, reply) =>
      reply.fragment('x', { ttl: '1m', tags: ['x'] }, () => String(version))
    )
    const first = await app.inject('/')
    t.equal(first.headers['last-modified'], undefined, 'within its second there may be another')
    seconds(2)
    const second = await app.inject('/')
    t.equal(second.headers['last-modified'], later(0))
    const conditions = {
      'if-none-match': String(second.headers.etag),
      'if-modified-since': later(0)
    }
    t.equal((await app.inject({ url: '/', headers: conditions })).statusCode, 304)
    version = 2
    await app.fragments.invalidate(['x'])
    t.match(await app.inject({ url: '/', headers: conditions }), { statusCode: 200, body: '2' })
    t.match(await app.inject({ url: '/', headers: { 'if-modified-since': later(0) } }), {
      statusCode: 200,
      body: '2'
    })
  }
)

for (const conditions of [true, false]) {
  t.test(
    `a client gets a 304 only if it has the current page: random changes and requests${conditions ? ', with conditional' : ''}`,
    async (t) => {
      const { app, clock } = await fullApp(t, { conditions })
      const below = randomFrom(conditions ? 1 : 2)
      const random = () => below(1000) / 1000
      let [version, changed] = [1, new Date(NOW - 60_000)]
      const parts: Record<string, number> = { part: 1, other: 1 }
      const tag = () => `"v${version}"`
      const date = () => changed
      const validators: Record<string, { etag?: () => string; lastModified?: () => Date }> = {
        date: { lastModified: date },
        tag: { etag: tag },
        both: { etag: tag, lastModified: date }
      }
      const urls: string[] = []
      for (const [name, given] of Object.entries(validators)) {
        for (const config of [{}, cached({ ttl: '1h', tags: ['page'] }).config]) {
          for (const moment of ['never', 'handler', 'stream', 'hook', 'handler and stream']) {
            const url = `/${name}/${urls.length}/${moment}`
            urls.push(url)
            const use = (reply: FastifyReply, fragment: string) =>
              reply.fragment(fragment, { ttl: '20s', tags: [fragment] }, () =>
                String(parts[fragment])
              )
            app.get(
              url,
              {
                config: { cacheControl: { noCache: true, ...given }, ...config },
                onSend: async (_request, reply, payload) =>
                  moment === 'hook' && typeof payload === 'string'
                    ? `${payload}${await use(reply, 'part')}`
                    : payload
              },
              async (_request, reply) => {
                const begin = `${version}.${/handler/.test(moment) ? await use(reply, moment === 'handler' ? 'part' : 'other') : ''}`
                reply.type('text/html')
                if (!moment.endsWith('stream')) return begin
                return reply.send(
                  Readable.from(
                    (async function * () {
                      yield `${begin}${await use(reply, 'part')}`
                    })()
                  )
                )
              }
            )
          }
        }
      }
      const had = urls.map(
        () => [] as { body: string; etag: string | undefined; modified: string | undefined }[]
      )
      let [told, i] = [0, 0]
      for (let step = 0; step < 1000; step++) {
        clock.now += random() < 0.5 ? 1 : Math.floor(random() * 3000)
        // Several consecutive requests are for the same page.
        if (step % 8 === 0) i = below(urls.length)
        const what = random()
        if (what < 0.1) {
          const one = random() < 0.5 ? 'part' : 'other'
          parts[one] = (parts[one] ?? 0) + 1
          await app.fragments.invalidate([one])
        } else if (what < 0.15) {
          version++
          changed = new Date(clock.now)
          await app.responseCache.invalidate(['page'])
        } else {
          const before = had[i]?.at(-1 - Math.floor(random() * 4))
          const by = random()
          const { statusCode, headers, body } = await app.inject({
            url: urls[i] ?? '',
            headers: {
              ...(by < 0.7 && before?.etag !== undefined && { 'if-none-match': before.etag }),
              ...(by > 0.3 &&
                before?.modified !== undefined && { 'if-modified-since': before.modified })
            }
          })
          const moment = urls[i]?.split('/')[3] ?? ''
          const now = `${version}.${moment === 'never' ? '' : moment === 'handler and stream' ? `${parts['other']}${parts['part']}` : parts['part']}`
          if (statusCode === 304) told++
          const seen = statusCode === 304 ? before?.body : body
          if (seen !== now) {
            t.fail(`step ${step}, ${urls[i]}: ${statusCode}, ${seen}, and the page is ${now}`)
          }
          if (statusCode === 200) {
            had[i]?.push({
              body,
              etag: textOf(headers.etag),
              modified: textOf(headers['last-modified'])
            })
          }
        }
      }
      t.ok(told > 30, `${told} times`)
    }
  )
}

const textOf = (field: unknown) => typeof field === 'string' ? field : undefined

/** Starts a page that continues with a fragment when the gate opens. */
async function begunPage (t: Test, cache: RouteCacheOptions, options: FragmentOptions) {
  const full = await fullApp(t)
  const page = { version: 1, gate: Promise.resolve(), begun: 0 }
  full.app.get('/', cached(cache), (request, reply) => {
    reply.type('text/html').send(Readable.from((async function * () {
      yield '<'
      page.begun++
      await page.gate
      yield `${await reply.fragment('part', options, () => `${page.version} of ${String(request.headers['x-user'])}`)}>`
    })()))
  })
  const get = async (user: string) => {
    const { body, headers } = await full.app.inject({ url: '/', headers: { 'x-user': user } })
    return { body, status: String(headers['cache-status']), groups: headers['cache-groups'] }
  }
  return { ...full, page, get }
}

/**
 * Sends requests of several users, the first of which has begun the page while the others wait for
 * it.
 */
async function together (
  page: { gate: Promise<void>; begun: number },
  get: (user: string) => Promise<{ body: string }>
) {
  let open = () => {}
  page.gate = new Promise((resolve) => {
    open = resolve
  })
  const first = get('alice')
  while (page.begun === 0) await turn()
  const others = ['bob', 'carol'].map(get)
  await turn()
  open()
  return (await Promise.all([first, ...others])).map(({ body }) => body)
}

t.test(
  'requests that wait for a page whose later fragment is private compute their own',
  async (t) => {
    const { page, get } = await begunPage(t, { ttl: '1h' }, { ttl: '1m', private: true })
    t.strictSame(
      await together(page, get),
      ['alice', 'bob', 'carol'].map((user) => `<1 of ${user}>`)
    )
    t.match(await get('dave'), { body: '<1 of dave>' })
  }
)

t.test(
  'a page has the tags and lifetimes of its later fragments, also when it is refilled',
  async (t) => {
    const { app, page, get, seconds } = await begunPage(
      t,
      { ttl: '1h', staleWhileRevalidate: '1h' },
      { ttl: '10s', tags: ['menu'] }
    )
    t.strictSame(
      await together(page, get),
      Array(3).fill('<1 of alice>'),
      'one rendering is for all who wait'
    )
    t.equal(page.begun, 1)
    t.match(await get('bob'), { status: /hit; ttl=10/, groups: '"menu"' })
    page.version = 2
    seconds(11)
    t.match(
      await get('bob'),
      { body: '<1 of alice>', status: /hit; ttl=-1/ },
      'stale, and refilled'
    )
    while (page.begun < 2 || !(await get('bob')).status.includes('ttl=10')) await turn()
    t.match(await get('bob'), { body: /^<2 of/, groups: '"menu"' })
    page.version = 3
    await app.fragments.invalidate(['menu'])
    t.match(await get('bob'), { body: '<3 of bob>' })
  }
)

t.test('an invalidation during a page counts for its later fragments', async (t) => {
  const { app, page, get } = await begunPage(t, { ttl: '1h' }, { ttl: '10s', tags: ['menu'] })
  let open = () => {}
  page.gate = new Promise((resolve) => { open = resolve })
  const first = get('alice')
  while (page.begun === 0) await turn()
  await app.fragments.invalidate(['menu'])
  open()
  t.match(await first, { body: '<1 of alice>' })
  page.version = 2
  t.match(await get('bob'), { status: /fwd/ }, 'it was stored by no instance')
})

t.test('an aborted page is not stored, and HEAD has no fragments to wait for', async (t) => {
  const { app } = await fullApp(t)
  let fails = true
  app.get('/', cached({ ttl: '1h' }), (_request, reply) => {
    reply.type('text/html').send(Readable.from((async function * () {
      yield '<'
      yield await reply.fragment('part', { ttl: '1m' }, () => {
        if (fails) throw new Error('no HTML')
        return 'part'
      })
    })()))
  })
  await t.rejects(app.inject('/'))
  fails = false
  t.match(await app.inject('/'), {
    body: '<part',
    headers: { 'cache-status': /fwd=uri-miss.*stored/ }
  })
  t.match(await app.inject({ method: 'HEAD', url: '/' }), {
    body: '',
    headers: { 'cache-status': /hit/ }
  })
  t.match(await app.inject('/'), { body: '<part', headers: { 'cache-status': /hit/ } })
})

t.test(
  'a fragment too late for a validator is refused, and one with a shorter lifetime than declared is logged',
  async (t) => {
    const log: string[] = []
    const app = Fastify({
      logger: {
        level: 'warn',
        stream: {
          write: (line: string) => {
            log.push(line)
          }
        }
      }
    })
    t.teardown(() => app.close())
    await app.register(cacheControl)
    await app.register(fragments, { cache: memoryStore() })
    const handler = (request: FastifyRequest, reply: FastifyReply) => {
      reply.type('text/html').send(
        Readable.from(
          (async function * () {
            yield '<'
            while (!reply.raw.headersSent) await turn()
            yield await reply.fragment(request.url, { ttl: '10s' }, () => 'part')
          })()
        )
      )
    }
    app.get(
      '/date',
      { config: { cacheControl: { noCache: true, lastModified: () => new Date(0) } } },
      handler
    )
    app.get('/tag', { config: { cacheControl: { noCache: true, etag: () => '"v1"' } } }, handler)
    app.get('/hour', { config: { cacheControl: { maxAge: '1h' } } }, handler)
    app.get('/short', { config: { cacheControl: { maxAge: '5s' } } }, handler)
    app.get('/unsaid', handler)
    for (const [url, name] of [
      ['/date', 'Last-Modified'],
      ['/tag', 'ETag']
    ] as const) {
      await t.rejects(app.inject(url))
      t.match(
        log.splice(0).join(),
        new RegExp(
          `Fragment '${url}' is too late: the head of the page is decided, and its ${name} does not reflect it: use it before`
        )
      )
    }
    for (const url of ['/short', '/unsaid', '/hour', '/hour']) {
      t.equal((await app.inject(url)).body, '<part', url)
    }
    t.equal(log.length, 1)
    t.match(
      log.join(),
      /a fragment is fresh for \d+ s, and its page, whose head was decided before, declares 3\d+ s: use it before the first byte/
    )
  }
)

t.test(
  'writeHead of middleware, installed before or after the first fragment, gets or returns the head of its own page',
  async (t) => {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(fragments, { cache: memoryStore() })
    const seen = new Map<string, string[]>()
    const wrap = (request: FastifyRequest, { raw }: FastifyReply) => {
      const below: unknown = Reflect.get(raw, 'writeHead')
      if (typeof below !== 'function') throw new TypeError('there is none')
      Object.assign(raw, {
        writeHead (this: unknown, ...args: unknown[]): unknown {
          const fields = args.find((arg) => typeof arg === 'object' && arg !== null) ?? {}
          seen.set(request.url, [
            ...(seen.get(request.url) ?? []),
            String(Reflect.get(fields, 'cache-control'))
          ])
          return Reflect.apply(below, this, args)
        }
      })
    }
    app.addHook('onRequest', async (request, reply) => {
      if (request.url.startsWith('/before')) wrap(request, reply)
    })
    app.get<{ Params: { moment: string; seconds: string } }>(
      '/:moment/:seconds',
      async (request, reply) => {
        const { moment, seconds } = request.params
        const html = await reply.fragment(seconds, { ttl: `${Number(seconds)}s` }, () =>
          turn(seconds)
        )
        if (moment === 'after') wrap(request, reply)
        // Sent by the application itself, bypassing the hooks.
        reply.hijack()
        await turn()
        reply.raw.writeHead(200, { 'cache-control': 'public, max-age=600' }).end(html)
      }
    )
    const urls = ['/before/10', '/after/20', '/before/30', '/after/40', '/plain/50']
    const heads = await Promise.all(
      urls.map(async (url) => (await app.inject(url)).headers['cache-control'])
    )
    const age = (field: unknown) => Number(/^public, max-age=(\d+)$/.exec(String(field))?.[1])
    for (const [i, url] of urls.entries()) {
      const least = Number(url.split('/')[2])
      const told = age(heads[i])
      t.ok(told <= least && told >= least - 5, `${url}: ${String(heads[i])}`)
    }
    for (const [url, [field, ...others]] of seen) {
      t.strictSame(others, [], 'called once')
      // Middleware below gets the head as sent, middleware above as it was written.
      t.equal(age(field) === 600, url.startsWith('/after'), `${url}: ${field}`)
    }
    t.equal(seen.size, 4)
  }
)
