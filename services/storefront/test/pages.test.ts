import { channel } from 'node:diagnostics_channel'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { createCache } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import { random } from '@weir/internal/testing'
import { tags as catalogTags } from '@weir/catalog/tags'
import { savedBy, Trace } from '../src/debug/trace.js'
import { mostAlike } from '../src/recommend/vectors.js'
import { tags } from '../src/tags.js'
import {
  type Article,
  article,
  build,
  fakeCatalog,
  FORM,
  json,
  signedIn,
  startFake,
  sunny,
  tempDir,
  tokenOf
} from './support/world.js'

const HTML = { accept: 'text/html,*/*;q=0.8' }

async function start (
  t: Test,
  products: Article[] = [article(1), article(2), article(3)],
  env: Record<string, string> = {}
) {
  const [catalog, weather] = await Promise.all([
    startFake(t, fakeCatalog(products)),
    startFake(t, sunny)
  ])
  const app = await build(t, {
    DATA_DIR: await tempDir(t),
    CATALOG_ORIGIN: catalog.origin,
    WEATHER_ORIGIN: weather.origin,
    ...env
  })
  const get = (url: string, headers: Record<string, string> = {}) =>
    app.inject({ url, headers: { ...HTML, ...headers } })
  return { app, catalog, weather, get }
}

t.test('tags equal those of the catalog', async (t) => {
  const { weather: _, product, category, ...names } = tags
  const { product: theirProduct, category: theirCategory, ...theirs } = catalogTags
  t.strictSame(names, theirs)
  t.equal(product(7), theirProduct(7))
  t.equal(category('rugs'), theirCategory('rugs'))
})

t.test(
  'the list: found by its query in any spelling, shared by all, and revalidated each time',
  async (t) => {
    const { get, catalog } = await start(t)
    const first = await get('/shop')
    t.equal(first.statusCode, 200)
    t.match(first.headers, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'public, no-cache',
      'content-security-policy': /^default-src 'none'; script-src 'self'/
    })
    t.match(first.body, /Lamp 1.*€12\.99/s)
    // Otherwise browsers would show this page in place of the one with the debug panel.
    t.match(first.headers['no-vary-search'], /"debug"/)
    const asked = catalog.asked.length
    for (const url of [
      '/shop',
      '/shop?',
      '/shop?q=&page=1&sort=newest',
      '/shop?minPrice=&utm_source=x&q=',
      '/shop?sort=&page=&category=&maxPrice=',
      '/shop?debug=anything',
      '/shop?debug=cache&debug=1',
      '/shop?debug='
    ]) {
      const { headers, body } = await get(url)
      t.match(headers['cache-status'], /; hit/, url)
      t.equal(body, first.body, url)
    }
    t.equal(catalog.asked.length, asked)
    t.equal((await get('/shop', { 'if-none-match': String(first.headers.etag) })).statusCode, 304)

    await get('/shop?category=lighting&minPrice=1&maxPrice=12.50&sort=-price&q=oak+lamp&page=1')
    t.strictSame(
      Object.fromEntries(new URL(catalog.asked.at(-1) ?? '', catalog.origin).searchParams),
      {
        q: 'oak lamp',
        category: 'lighting',
        sort: '-price',
        minPrice: '100',
        maxPrice: '1250',
        page: '1',
        limit: '24'
      }
    )
  }
)

t.test('a list longer than its pages shows where it ends', async (t) => {
  const { get, catalog } = await start(t)
  const products = Array.from({ length: 24 }, (_, i) => article(i + 1))
  const { answer } = catalog
  let total = 10_000
  catalog.answer = (request, response) => {
    if (request.url?.startsWith('/api/products?') !== true) return answer(request, response)
    json({ items: products, next: null, page: 1, pages: Math.ceil(total / 24), total })(
      request,
      response
    )
  }
  t.match(
    (await get('/shop?page=400')).body,
    /Showing the first 9,600 of 10,000 products\. Narrow the search/
  )
  t.notMatch((await get('/shop?page=399')).body, /Showing the first/)
  total = 9600
  t.notMatch((await get('/shop?page=400&q=lamp')).body, /Showing the first/)
})

t.test('a prefetched page is not a view', async (t) => {
  const DATA_DIR = await tempDir(t)
  const { app, get } = await start(t, undefined, { DATA_DIR })
  for (const purpose of ['prefetch', 'prefetch;prerender', 'prefetch;anonymous-client-ip']) {
    t.equal((await get('/shop/products/1', { 'sec-purpose': purpose })).statusCode, 200)
  }
  await get('/shop/products/2', { 'sec-purpose': 'other' })
  await get('/shop/products/3')
  await app.close()
  const database = new Database(join(DATA_DIR, 'storefront.db'), { readonly: true })
  t.strictSame(database.prepare('select product, total from views order by product').all(), [
    { product: 2, total: 1 },
    { product: 3, total: 1 }
  ])
  database.close()
})

t.test('a product: made of fragments, with an entity tag of its content', async (t) => {
  const { get, catalog } = await start(t)
  const first = await get('/shop/products/1')
  t.equal(first.statusCode, 200)
  t.equal(first.headers['cache-control'], 'public, no-cache')
  for (const part of [
    /<h1>Lamp 1<\/h1>/,
    /You may also like.*Lamp [23]/s,
    /Weather in Berlin.*Updated <time[^>]*>[^<]*<\/time>, simulated/s,
    /Most viewed/,
    /aria-labelledby="categories"/
  ]) { t.match(first.body, part) }
  const asked = catalog.asked.length
  const second = await get('/shop/products/1', { 'if-none-match': String(first.headers.etag) })
  t.equal(second.statusCode, 304)
  t.equal(second.body, '')
  t.equal(catalog.asked.length, asked, 'all of it is kept')
})

t.test('CACHE=off: pages have the same content, and all of it is requested and rendered anew', async (t) => {
  const [kept, off] = [await start(t), await start(t, undefined, { CACHE: 'off' })]
  for (const url of ['/shop', '/shop/products/1']) {
    const { body } = await kept.get(url)
    const asked: number[] = []
    for (let times = 0; times < 3; times++) {
      const before = off.catalog.asked.length
      const page = await off.get(url)
      t.equal(page.statusCode, 200)
      // Views are counted meanwhile.
      t.equal(withoutViews(page.body), withoutViews(body), url)
      if (url === '/shop') t.match(page.headers['cache-status'], /; fwd=bypass; detail=UNLESS$/)
      t.equal(
        (await off.get(url, { 'if-none-match': String(page.headers.etag) })).statusCode,
        304,
        'browsers may have it'
      )
      asked.push(off.catalog.asked.length - before)
    }
    t.ok(asked.every((times) => times >= 4), `${url}: ${asked.join()} requests to the catalog`)
  }
  const { hits, misses } = off.app.fragments.cache.stats()
  t.strictSame({ ...hits, misses }, { l1: 0, l2: 0, coalesced: 0, misses: 0 })
})

const CONTROL = /(?![\t\n\r])\p{Cc}/gu
const CONTROL_CHARACTERS = Array.from({ length: 160 }, (_, code) => String.fromCharCode(code))
  .filter((char) => char.search(CONTROL) === 0)

const withoutViews = (body: string): string =>
  body.replace(/<section class="most.*?<\/section>/s, '')

t.test('hostile names are escaped', async (t) => {
  const names = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onload='x",
    'a\u2028b',
    '<%= it.name %>',
    '&lt;b&gt;',
    '`{1}`',
    '\u0000',
    `a${CONTROL_CHARACTERS.join('')}c`,
    ']]><!--'
  ]
  const { get } = await start(
    t,
    names.map((name, i) =>
      article(i + 1, { name, description: name, sku: name, stock: i, updatedAt: name })
    )
  )
  for (const url of [
    '/shop',
    ...names.map((_, i) => `/shop/products/${i + 1}`),
    ...names.map((name) => `/shop?q=${encodeURIComponent(name)}`)
  ]) {
    const { statusCode, body } = await get(url)
    t.equal(statusCode, 200, url)
    t.notMatch(body, /<script>alert|<img|onload='|<b>|<!--/, url)
    // One script with a source, and nothing inline.
    t.equal(body.match(/<script/g)?.length, 1, url)
    t.notMatch(body, / style=| on\w+=["']/, url)
    t.notMatch(body, /(?![\t\n])\p{Cc}/u, 'no control characters')
  }
})

t.test(
  'missing and invalid resources are a page for browsers and a problem document for others',
  async (t) => {
    const { app, get } = await start(t)
    const cases: [url: string, status: number, text: RegExp][] = [
      ['/shop/products/99', 404, /There is no product 99/],
      ['/shop?category=nothing', 404, /There is no category &quot;nothing&quot;/],
      ['/shop?minPrice=many', 400, /Write the price as an amount, such as 12.50/],
      ['/shop?page=0', 400, /Pages are counted from 1/],
      ['/shop?page=401', 400, /There are at most 400 pages/],
      ['/shop?page=x', 400, /Write the page as a whole number/],
      ['/shop?sort=best', 400, /sorted by newest, price, -price, name/],
      [`/shop?q=${'x'.repeat(101)}`, 400, /Search for 100 characters at most/],
      ['/shop/products/x', 400, /A product is found by its number/],
      ['/shop/nothing', 404, /\/shop\/nothing/],
      ['/shop/products/1/edit', 401, /Sign in/]
    ]
    for (const [url, status, text] of cases) {
      const page = await get(url)
      t.equal(page.statusCode, status, url)
      t.match(
        page.headers,
        {
          'content-type': 'text/html; charset=utf-8',
          'cache-control': 'no-store',
          vary: /accept/
        },
        url
      )
      t.match(page.body, text, url)
      t.match(page.body, '<a href="/shop/account">Account</a>', url)
      t.notMatch(page.body, /must (?:be|NOT|match)/, url)
      const problem = await app.inject(url)
      t.equal(problem.statusCode, status, url)
      t.equal(problem.headers['content-type'], 'application/problem+json', url)
    }
  }
)

t.test(
  'the form of a product: invalid input comes back with the mistakes, in plain words',
  async (t) => {
    const { app, catalog } = await start(t)
    const good = {
      name: 'Oak lamp',
      sku: 'A-1',
      price: '12.50',
      stock: '5',
      categoryId: '1',
      description: 'Made of oak.'
    }
    const bad: Readonly<Record<keyof typeof good, readonly string[]>> = {
      name: ['', '  ', 'x'.repeat(201), 'x'.repeat(6000), 'a\nb', 'a\tb', 'a\u0085b'],
      sku: ['', '-1', 'A 1', 'x'.repeat(65)],
      price: ['', 'much', '-1', '1.234', '10000000.01', '1e3', '9'.repeat(6000)],
      stock: ['', '1.5', '-1', '1000000001'],
      categoryId: ['', 'lamps', '0'],
      description: ['x'.repeat(4001), 'Long. '.repeat(2000), 'a\u0080b']
    }
    const send = (fields: Record<string, string>) =>
      app.inject({
        method: 'POST',
        url: '/shop/products/1/edit',
        headers: { ...signedIn('editor'), 'content-type': FORM },
        payload: new URLSearchParams({ etag: '"1-1"', ...fields }).toString()
      })
    const names = Object.keys(good) as (keyof typeof good)[]
    const below = random(7)
    for (let i = 0; i < 60; i++) {
      const wrong = names.filter((_, n) => n === i % names.length || below(3) === 0)
      const changed = Object.fromEntries(
        wrong.map((name) => [name, bad[name][below(bad[name].length)] ?? ''])
      )
      const { statusCode, body } = await send({ ...good, ...changed })
      const shown = [...body.matchAll(/id="mistake-(\w+)">([^<]*)</g)].map(
        ([, name = '', text = '']) => ({ name, text })
      )
      t.equal(statusCode, 400)
      t.strictSame(
        shown.map(({ name }) => name).sort(),
        [...wrong].sort(),
        JSON.stringify(changed).slice(0, 300)
      )
      for (const { text } of shown) t.match(text, /^(?:Give|Write|Shorten|Choose) [^%]+$/)
      for (const name of names) {
        if (name !== 'categoryId') {
          const typed = { ...good, ...changed }[name].replace(CONTROL, '\ufffd')
          t.ok(body.includes(typed), `${name} is not lost`)
        }
      }
    }
    const form = await app.inject({ url: '/shop/products/1/edit', headers: signedIn('editor') })
    t.match(form.body, /<textarea[^>]* maxlength="4000"/)
    t.match(form.body, /name="name"[^>]* required maxlength="200"/)
    const sent: unknown[] = []
    const { answer } = catalog
    catalog.answer = (request, response) => {
      if (request.method !== 'PATCH') return answer(request, response)
      request.on('data', (chunk: Buffer) => sent.push(JSON.parse(chunk.toString())))
      request.on('end', () => {
        answer(request, response)
      })
    }
    t.equal(
      (
        await send({
          ...good,
          name: '  Oak lamp ',
          sku: ' A-1',
          price: '10000000',
          description: `${'x'.repeat(3999)}\r\n`
        })
      ).statusCode,
      303
    )
    t.match(sent, [{ name: 'Oak lamp', sku: 'A-1', price: 1_000_000_000, description: /^x+\n$/ }])
  }
)

t.test('a final slash redirects to the page without it', async (t) => {
  const { app, get } = await start(t)
  const cases: [url: string, location: string][] = [
    ['/shop/', '/shop'],
    ['/shop/?q=oak+lamp&page=2', '/shop?q=oak+lamp&page=2'],
    ['/shop/products/1/', '/shop/products/1'],
    ['/shop/products/1/edit/', '/shop/products/1/edit'],
    ['/shop/account/', '/shop/account'],
    ['/shop/products/%2F%2Fevil.example/', '/shop/products/%2F%2Fevil.example']
  ]
  for (const [url, location] of cases) {
    const { statusCode, headers } = await get(url)
    t.strictSame(
      [statusCode, headers.location, headers['cache-control']],
      [308, location, 'public, max-age=86400'],
      url
    )
    t.equal((await app.inject({ method: 'HEAD', url })).statusCode, 308)
  }
  for (const url of ['/shop//', '//shop/', '/shop/nothing/']) {
    t.equal((await get(url)).statusCode, 404, url)
  }
})

t.test('HEAD, OPTIONS and other methods', async (t) => {
  const { app, get } = await start(t)
  const { body, headers } = await get('/shop/products/1')
  const head = await app.inject({ method: 'HEAD', url: '/shop/products/1', headers: HTML })
  t.equal(head.body, '')
  t.equal(head.headers['content-length'], String(Buffer.byteLength(body)))
  t.equal(head.headers.etag, headers.etag)
  t.equal(
    (await app.inject({ method: 'OPTIONS', url: '/shop' })).headers.allow,
    'GET, HEAD, OPTIONS'
  )
  const wrong = await app.inject({ method: 'DELETE', url: '/shop/products/1', headers: HTML })
  t.equal(wrong.statusCode, 405)
  t.match(wrong.body, /DELETE/)
})

t.test('assets are immutable: a new version has a new path', async (t) => {
  const { app, get } = await start(t)
  const paths = (await get('/shop')).body.match(/\/shop\/assets\/[\w.-]+/g) ?? []
  t.ok(new Set(paths).size >= 4)
  for (const url of new Set(paths)) {
    const { statusCode, headers } = await app.inject(url)
    t.equal(statusCode, 200)
    t.equal(headers['cache-control'], 'public, max-age=31536000, immutable', url)
  }
  t.equal((await app.inject('/shop/assets/shop-0000000000.css')).statusCode, 404)
})

t.test('the debug panel: the cache uses of a page, in order, for admins', async (t) => {
  const { get } = await start(t)
  const admin = { cookie: `weir_shop=${tokenOf('admin')}` }
  const rowsOf = (body: string) =>
    [
      ...body.matchAll(
        /<tr><td>(\d*)<\/td><td class="depth-(\d)">(\w+)<\/td><td><code>([^<]*)<\/code><\/td><td><span[^>]*>([^<]*)</g
      )
    ].map(([, number, depth, kind, key, outcome]) => [number, depth, kind, key, outcome].join(' '))

  const first = await get('/shop/products/1?debug=cache', admin)
  t.equal(first.headers['cache-control'], 'private, no-store')
  t.strictSame(rowsOf(first.body).filter((row) => row.includes(' 0 ')), [
    ' 0 query catalog:/api/products/1 miss',
    '1 0 fragment product:1 miss',
    '2 0 fragment categories: miss',
    '3 0 fragment recommendations:1 miss',
    '4 0 fragment weather:Berlin miss',
    '5 0 fragment most-viewed miss'
  ])
  const rows = rowsOf(first.body)
  const nested = rows.slice(
    rows.indexOf('3 0 fragment recommendations:1 miss') + 1,
    rows.indexOf('4 0 fragment weather:Berlin miss')
  )
  t.ok(nested.includes(' 1 computation ranking:1 miss'), nested.join())
  t.ok(rows.some((row) => /^ 1 query .*views.* miss$/.test(row)), 'the query of the storefront\'s own database')
  t.match(first.body, /<div class="outlined" data-outcome="miss">/)

  const second = await get('/shop/products/1?debug=cache', admin)
  t.strictSame(
    rowsOf(second.body).map((row) => row.split(' ').slice(4).join(' ')),
    Array<string>(6).fill('hit in memory')
  )
  t.match(second.body, /<code class="tag">product:1<\/code>/)
  t.notMatch(
    second.body,
    /<td>–<\/td><td>[^<]*<\/td><td>(?:<code class="tag">|<\/td>)/,
    'each took some time'
  )
  t.strictSame(
    [
      ...second.body.matchAll(
        /<th scope="row">(\w+)<\/th><td>(\d+)<\/td><td>(\d+)<\/td><td>(\d+)</g
      )
    ].map(([, ...row]) => row.join(' ')),
    ['fragments 5 0 0', 'catalog 1 0 0']
  )
  t.match(second.body, /6 of 6 reads were hits\. The caches saved \d/)
  t.match(second.body, />Stale hits</)

  const list = await get('/shop?debug=cache', admin)
  t.match(list.body, /What this page is made of/)
  t.match(list.headers['cache-status'], /detail=UNLESS/)
  for (const headers of [{}, { cookie: `weir_shop=${tokenOf('editor')}` }]) {
    t.notMatch(
      (await get('/shop/products/1?debug=cache', headers)).body,
      /What this page is made of/
    )
    t.notMatch((await get('/shop?debug=cache', headers)).body, /What this page is made of|outlined/)
  }
  const open = await start(t, undefined, { DEBUG_PANEL: 'true' })
  for (const query of ['debug=cache&debug=cache', 'debug=x&debug=cache', 'debug', 'debug=Cache']) {
    for (const page of ['/shop', '/shop/products/1']) {
      const { statusCode, body } = await open.get(`${page}?${query}`)
      t.equal(statusCode, 200, `${page}?${query}`)
      t.notMatch(body, /What this page is made of/, 'any other value is ignored')
    }
  }
  t.match((await open.get('/shop?debug=cache')).body, /What this page is made of/)
})

t.test('the debug panel: savings within a saved use are not counted twice', async (t) => {
  const namespace = 'responses'
  const hit = (key: string, ms: number) => {
    channel('weir:cache:hit').publish({
      namespace,
      key,
      source: 'l1',
      stale: false,
      cost: ms * 1000
    })
  }
  const cache = createCache<unknown>({ store: memoryStore(), namespace })
  const trace = new Trace({ CACHE: 'on' })
  await trace.run(async () => {
    hit('catalog:/a', 5)
    // A refill that fails after reads of its own: the old value replaces it, and its cost includes
    // theirs.
    await cache.remember('fragment:old', { ttl: 1 }, async () => {
      hit('catalog:/b', 20)
      throw new Error('by design')
    }).catch(() => {})
    hit('fragment:new', 100)
  })
  const inner = await trace.panel([], [])
  t.equal(inner.savedMs, 125, 'a fill that saved nothing: its reads count')
  t.equal(
    savedBy([
      { saved: 100, uses: [{ saved: 20, uses: [] }] },
      { saved: undefined, uses: [{ saved: 5, uses: [] }] }
    ]),
    105
  )
})

t.test('the debug panel with CACHE=off shows that, and lists the fragments', async (t) => {
  const { get } = await start(t, undefined, { CACHE: 'off', DEBUG_PANEL: 'true' })
  const { body } = await get('/shop/products/1?debug=cache')
  t.match(body, /Caching is off/)
  t.match(
    body,
    /<td>1<\/td><td class="depth-0">fragment<\/td><td><code>product:1<\/code><\/td><td><span[^>]*>not cached</
  )
  t.equal(body.match(/>not cached</g)?.length, 5)
  t.notMatch(body, /of 0|Reads by cache|failed/)
})

t.test('recommendations: the most similar first, and other requests are served meanwhile', async (t) => {
  const text = (id: number, name: string, description = '') => ({ id, name, description })
  t.strictSame(
    await mostAlike(
      text(1, 'Copper kettle'),
      [
        text(1, 'Copper kettle'),
        text(2, 'Garden hose'),
        text(3, 'Copper pan'),
        text(4, 'Electric copper kettle'),
        text(5, '')
      ],
      2
    ),
    [4, 3]
  )
  let turns = 0
  const counting = setInterval(() => { turns++ }, 0)
  const many = Array.from({ length: 300 }, (_, i) =>
    text(i, `Product ${i}`, 'A thing of many words that all are much the same. '.repeat(4))
  )
  await mostAlike(text(1, 'Product 1'), many, 4)
  clearInterval(counting)
  t.ok(turns > 5, `${turns} turns`)
})
