import { join } from 'node:path'
import { mock } from 'node:test'
import { startRedis } from '@weir/internal/testing'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { Upstream } from '../src/upstream/upstream.js'
import {
  type Answerer,
  article,
  build,
  fakeCatalog,
  FORM,
  gone,
  json,
  signedIn,
  startFake,
  SUNNY,
  sunny,
  tempDir
} from './support/world.js'

const HTML = { accept: 'text/html' }
const SAVED =
  /Showing saved content:<\/strong> the catalog does not answer\. Prices and stock may have changed\./

/** Cache-Status of old weather in place of new. */
const OLD = [
  'fwd=stale; ttl=-600; detail=STALE_IF_ERROR',
  'fwd=stale; ttl=-600; detail=SOFT_TIMEOUT',
  'fwd=stale; ttl=-600; detail=UPSTREAM_FAILING',
  'fwd=stale; ttl=-600; detail=CLIENT_SHARE',
  'hit; ttl=-600; detail=OUTAGE'
]

async function start (t: Test, env: Record<string, string> = {}) {
  const products = [article(1), article(2)]
  const works = fakeCatalog(products)
  const [catalog, weather] = await Promise.all([startFake(t, works), startFake(t, sunny)])
  const app = await build(t, {
    DATA_DIR: await tempDir(t),
    CATALOG_ORIGIN: catalog.origin,
    WEATHER_ORIGIN: weather.origin,
    ...env
  })
  const get = (url: string) => app.inject({ url, headers: HTML })
  return { app, catalog, weather, works, get }
}

/** Stops the wall clock until the end of the test; timers continue in real time. */
function stopClock (t: Test): (minutes: number) => void {
  mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.teardown(() => { mock.timers.reset() })
  return (minutes) => { mock.timers.setTime(Date.now() + minutes * 60_000) }
}

t.test(
  'the catalog is gone, or sends nonsense: pages use cached content and show a notice',
  async (t) => {
    const nonsense: [string, Answerer][] = [
      ['gone', gone],
      ['503', json({}, 503)],
      ['500', json({}, 500)],
      ['429', json({}, 429)],
      [
        'no JSON',
        (_request, response) => {
          response.end('<html>')
        }
      ],
      ['another shape', json({ id: 1, items: [{ id: '1' }] })],
      [
        'cut off',
        (_request, response) => {
          response.writeHead(200, { 'content-length': 100 }).write('{')
          setTimeout(() => response.destroy(), 5)
        }
      ]
    ]
    const advance = stopClock(t)
    const { app, catalog, works, get } = await start(t)
    for (const [name, answer] of nonsense) {
      await app.fragments.invalidate(['catalog'])
      for (const url of ['/shop', '/shop/products/1']) t.notMatch((await get(url)).body, SAVED)
      catalog.answer = answer
      advance(30)
      for (const url of ['/shop', '/shop/products/1']) {
        const { statusCode, body, headers } = await get(url)
        t.equal(statusCode, 200, `${name}: ${url}`)
        t.match(body, SAVED, `${name}: ${url}`)
        t.match(body, /Lamp 1.*€12\.99/s, `${name}: ${url}`)
        t.notMatch(headers['cache-status'] ?? '', /stored/, 'an outdated page is not stored')
      }
      for (const url of ['/shop/products/2', '/shop?q=unseen']) {
        const { statusCode, body, headers } = await get(url)
        t.equal(statusCode, 503, `${name}: ${url}`)
        t.match(headers, { 'retry-after': '5', 'content-type': /^text\/html/ })
        t.match(body, /The catalog does not answer, and no copy of this page is cached/)
      }
      catalog.answer = works
      for (
        let tries = 0;
        (await get('/shop/products/1')).body.match(SAVED) !== null && tries < 40;
        tries++
      ) {
        await new Promise((resolve) => {
          setTimeout(resolve, 50)
        })
      }
      t.notMatch((await get('/shop/products/1')).body, SAVED, `${name}: it is back`)
    }
  }
)

t.test('the weather is gone: the box shows old weather, then that there is none', async (t) => {
  const advance = stopClock(t)
  const { weather, app, get } = await start(t)
  t.match((await get('/shop/products/1')).body, /21 °C/)
  weather.answer = gone
  advance(60)
  const old = await get('/shop/products/1')
  t.match(old.body, /the weather service does not answer\. The weather may have changed\..*21 °C/s)
  for (const [temperature, why] of OLD.entries()) {
    const expected = new RegExp(`${temperature} °C.*This may be out of date`, 's')
    weather.answer = json({ ...SUNNY, current: { ...SUNNY.current, temperature } }, 200, {
      'cache-status': `weather-1; ${why}`
    })
    for (
      let tries = 0;
      tries < 40 && !expected.test((await get('/shop/products/1')).body);
      tries++
    ) {
      await app.fragments.invalidate(['weather'])
      await new Promise((resolve) => {
        setTimeout(resolve, 50)
      })
    }
    t.match((await get('/shop/products/1')).body, expected, `it answers with old weather: ${why}`)
  }
  weather.answer = gone
  await app.fragments.invalidate(['weather'])
  const { statusCode, body } = await get('/shop/products/1')
  t.equal(statusCode, 200)
  t.match(
    body,
    /<h2>Weather<\/h2>\s*<p>Not available right now: the weather service does not answer/
  )
  t.notMatch(body, /Showing saved content/, 'there is none')
})

t.test('pages with cached content do not wait for a slow catalog', async (t) => {
  const advance = stopClock(t)
  const { catalog, get } = await start(t)
  await get('/shop/products/1')
  catalog.answer = () => {}
  advance(30)
  const began = performance.now()
  const { statusCode, body } = await get('/shop/products/1')
  t.equal(statusCode, 200)
  t.match(body, SAVED)
  t.ok(performance.now() - began < 6000)
  const again = performance.now()
  t.match((await get('/shop/products/1')).body, SAVED)
  t.ok(performance.now() - again < 500, 'the next one does not retry')
})

t.test('Redis ends: pages are rendered without it, views are kept for later', async (t) => {
  const redis = await startRedis(t)
  const DATA_DIR = await tempDir(t)
  const { get, catalog, works } = await start(t, { DATA_DIR, REDIS_URL: redis.url })
  const database = new Database(join(DATA_DIR, 'storefront.db'))
  t.teardown(() => { database.close() })
  const total = database.prepare('select total from views where product = 1').pluck()
  /** Waits until the table has this many views of product 1; they are written behind. */
  const counted = async (views: number) => {
    for (let tries = 0; total.get() !== views && tries < 400; tries++) {
      await new Promise((resolve) => {
        setTimeout(resolve, 50)
      })
    }
    t.equal(total.get(), views)
  }
  t.match((await get('/shop/products/1')).body, /Lamp 1/)
  const { length } = catalog.asked
  await get('/shop/products/1')
  t.equal(catalog.asked.length, length)
  await counted(2)

  await redis.kill()
  for (const url of ['/shop', '/shop/products/1', '/shop/products/2', '/shop/products/1']) {
    t.match(await get(url), { statusCode: 200, body: /Lamp/ }, url)
  }
  catalog.answer = gone
  t.match(
    await get('/shop/products/1'),
    { statusCode: 503, headers: { 'content-type': /^text\/html/ } },
    'no cached content can be verified then'
  )
  catalog.answer = works
  // The new Redis is empty.
  await redis.start()
  await counted(4)
})

t.test(
  'a change without an answer from the catalog may be saved: the form shows that and keeps its input',
  async (t) => {
    const { app, catalog, works } = await start(t)
    const open = await app.inject({ url: '/shop/products/1/edit', headers: signedIn('editor') })
    const [, etag = ''] = /name="etag" value="([^"]*)"/.exec(open.body) ?? []
    const payload = new URLSearchParams({
      etag: etag.replaceAll('&quot;', '"'),
      name: 'A new name',
      sku: 'A-1',
      price: '1',
      stock: '1',
      categoryId: '1',
      description: 'Typed for long.'
    }).toString()
    catalog.answer = (request, response) => {
      if (request.method === 'PATCH') gone(request, response)
      else works(request, response)
    }
    const { statusCode, headers, body } = await app.inject({
      method: 'POST',
      url: '/shop/products/1/edit',
      headers: { ...signedIn('editor'), 'content-type': FORM },
      payload
    })
    t.equal(statusCode, 503)
    t.match(headers, { 'retry-after': '5', 'cache-control': 'private, no-store' })
    t.match(body, /may or may not be saved.*value="A new name".*Typed for long\./s)
  }
)

t.test('a form without a valid entity tag is a 400 that keeps its input, and no outage', async (t) => {
  const { app, catalog, works, get } = await start(t)
  const typed = {
    name: 'A new name',
    sku: 'A-1',
    price: '1',
    stock: '1',
    categoryId: '1',
    description: 'Typed for long.'
  }
  const post = (fields: Record<string, string>) =>
    app.inject({
      method: 'POST',
      url: '/shop/products/1/edit',
      headers: { ...signedIn('editor'), 'content-type': FORM },
      payload: new URLSearchParams(fields).toString()
    })
  const patches: string[] = []
  catalog.answer = (request, response) => {
    if (request.method === 'PATCH') patches.push(String(request.headers['if-match']))
    works(request, response)
  }
  const kept = /current version|form below still has your version/
  // More than the storefront has connections to the catalog.
  const tags = [
    '', '*', '“1”', '1', 'w/"1"', '"1', '"a"b"', '"1", "2"', '"1-1"\r\nx: 1', '"\0"', '"\x01"', '"\x7f"',
    '"\ud83d\ude00"', '"é€"', ' "1-1"', '" "', 'x'.repeat(9000), `"${'x'.repeat(201)}"`
  ]
  for (const etag of [...tags, ...tags]) {
    const { statusCode, headers, body } = await post({ etag, ...typed })
    t.equal(statusCode, 400, JSON.stringify(etag).slice(0, 100))
    t.equal(headers['cache-control'], 'private, no-store')
    t.match(body, /sent without the version that it changes.*Nothing was saved/s)
    t.match(body, kept)
    t.match(body, /name="etag" value="&quot;1-1&quot;".*value="A new name".*Typed for long\./s)
  }
  t.match(await post(typed), { statusCode: 400, body: /Typed for long\./ })
  t.strictSame(patches, [], 'nothing was sent')
  t.equal((await get('/shop/products/2')).statusCode, 200, 'pages that are not cached still work')
  for (const etag of ['"1-1"', 'W/"1"', '""', '"é"']) {
    t.equal((await post({ etag, ...typed })).statusCode, 303, etag)
  }
  t.strictSame(patches, ['"1-1"', 'W/"1"', '""', '"é"'])

  catalog.answer = gone
  const { statusCode, headers, body } = await post({ etag: '*', ...typed })
  t.equal(statusCode, 503)
  t.equal(headers['retry-after'], '5')
  t.match(body, /Nothing was saved: the product may have changed.*value="A new name".*Typed for/s)
})

t.test('a malformed call is a mistake of the caller: the upstream still works', async (t) => {
  const { origin, asked } = await startFake(t, json({ ok: true }))
  const upstream = new Upstream({ name: 'catalog', origin, probe: '/', authorization: () => undefined })
  t.teardown(() => upstream.close())
  const malformed = { code: 'WEIR_ERR_MALFORMED_REQUEST' }
  // More than it has connections.
  for (let i = 0; i < 40; i++) {
    const char = ['“', '\n', '\0', '😀', '\x7f'][i % 5] ?? ''
    const headers = { 'if-match': `"${char}"` }
    await t.rejects(upstream.call({ method: 'PATCH', path: '/', headers, body: '{}' }), malformed)
    await t.rejects(upstream.call({ path: `/${char} ` }), malformed)
  }
  t.strictSame(asked, [])
  t.match(await upstream.call({ path: '/' }), { status: 200, body: { ok: true } })
})

t.test('an invalid request of a visitor is a 400 in plain words, and no outage', async (t) => {
  const { catalog, works, get } = await start(t)
  const swapped = await get('/shop?minPrice=10&maxPrice=5')
  t.equal(swapped.statusCode, 400)
  t.match(swapped.body, /The lowest price is above the highest one/)
  catalog.answer = (request, response) => {
    if (request.url?.startsWith('/api/products?') === true) { json({ detail: 'q is too long', code: 'X' }, 400)(request, response) } else works(request, response)
  }
  const refused = await get('/shop?q=other')
  t.equal(refused.statusCode, 400)
  t.match(refused.body, /The list cannot be shown: q is too long/)
})

t.test('a catalog with a different JWT_SECRET is reported as such', async (t) => {
  const { catalog, get } = await start(t)
  catalog.answer = json(
    { detail: 'The credentials are not accepted', code: 'WEIR_ERR_INVALID_CREDENTIALS' },
    401
  )
  const { statusCode, body } = await get('/shop')
  t.equal(statusCode, 503)
  t.match(body, /refuses the token of the storefront: give both the same JWT_SECRET/)
})

t.test(
  'with CACHE=off a page has no date: the time of change of its parts is unknown',
  async (t) => {
    const { get } = await start(t, { CACHE: 'off' })
    const { headers } = await get('/shop/products/1')
    t.ok(headers['etag'])
    t.equal(headers['last-modified'], undefined)
  }
)
