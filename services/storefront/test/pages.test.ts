import t, { type Test } from 'tap'
import { tags as catalogTags } from '@weir/catalog/tags'
import { mostAlike } from '../src/recommend/vectors.js'
import { tags } from '../src/tags.js'
import { type Article, article, build, fakeCatalog, startFake, sunny, tempDir, tokenOf } from './support/world.js'

const HTML = { accept: 'text/html,*/*;q=0.8' }

async function start (t: Test, products: Article[] = [article(1), article(2), article(3)], env: Record<string, string> = {}) {
  const [catalog, weather] = await Promise.all([startFake(t, fakeCatalog(products)), startFake(t, sunny)])
  const app = await build(t, { DATA_DIR: await tempDir(t), CATALOG_ORIGIN: catalog.origin, WEATHER_ORIGIN: weather.origin, ...env })
  const get = (url: string, headers: Record<string, string> = {}) => app.inject({ url, headers: { ...HTML, ...headers } })
  return { app, catalog, weather, get }
}

t.test('tags are those of the catalog', async (t) => {
  const { weather: _, product, category, ...names } = tags
  const { product: theirProduct, category: theirCategory, ...theirs } = catalogTags
  t.strictSame(names, theirs)
  t.equal(product(7), theirProduct(7))
  t.equal(category('rugs'), theirCategory('rugs'))
})

t.test('the list: found by its query in any spelling, kept for everybody, and asked for again each time', async (t) => {
  const { get, catalog } = await start(t)
  const first = await get('/shop')
  t.equal(first.statusCode, 200)
  t.match(first.headers, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'public, no-cache', 'content-security-policy': /^default-src 'none'; script-src 'self'/ })
  t.match(first.body, /Lamp 1.*€12\.99/s)
  // Or browsers would show this page for that with the debug panel.
  t.match(first.headers['no-vary-search'], /"debug"/)
  const asked = catalog.asked.length
  for (const url of ['/shop', '/shop?', '/shop?q=&page=1&sort=newest', '/shop?minPrice=&utm_source=x&q=']) {
    const { headers, body } = await get(url)
    t.match(headers['cache-status'], /; hit/, url)
    t.equal(body, first.body, url)
  }
  t.equal(catalog.asked.length, asked)
  t.equal((await get('/shop', { 'if-none-match': String(first.headers.etag) })).statusCode, 304)

  await get('/shop?category=lighting&minPrice=1&maxPrice=12.50&sort=-price&q=oak+lamp&page=1')
  t.strictSame(Object.fromEntries(new URL(catalog.asked.at(-1) ?? '', catalog.origin).searchParams), {
    q: 'oak lamp', category: 'lighting', sort: '-price', minPrice: '100', maxPrice: '1250', page: '1', limit: '24'
  })
})

t.test('a product: of fragments, with an entity tag of what it says', async (t) => {
  const { get, catalog } = await start(t)
  const first = await get('/shop/products/1')
  t.equal(first.statusCode, 200)
  t.equal(first.headers['cache-control'], 'public, no-cache')
  for (const part of [/<h1>Lamp 1<\/h1>/, /You may also like.*Lamp [23]/s, /Weather in Berlin/, /Most viewed/, /aria-labelledby="categories"/]) t.match(first.body, part)
  const asked = catalog.asked.length
  const second = await get('/shop/products/1', { 'if-none-match': String(first.headers.etag) })
  t.equal(second.statusCode, 304)
  t.equal(second.body, '')
  t.equal(catalog.asked.length, asked, 'all of it is kept')
})

t.test('CACHE=off: pages say the same, and all of it is asked for and rendered anew', async (t) => {
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
      t.equal((await off.get(url, { 'if-none-match': String(page.headers.etag) })).statusCode, 304, 'browsers may have it')
      asked.push(off.catalog.asked.length - before)
    }
    t.ok(asked.every((times) => times >= 4), `${url}: ${asked.join()} requests to the catalog`)
  }
  const { hits, misses } = off.app.fragments.cache.stats()
  t.strictSame({ ...hits, misses }, { l1: 0, l2: 0, coalesced: 0, misses: 0 })
})

const withoutViews = (body: string): string => body.replace(/<section class="most.*?<\/section>/s, '')

t.test('hostile names are text', async (t) => {
  const names = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onload='x", 'a\u2028b', '<%= it.name %>', '&lt;b&gt;', '`{1}`', '\u0000', ']]><!--']
  const { get } = await start(t, names.map((name, i) => article(i + 1, { name, description: name, sku: name, stock: i, updatedAt: name })))
  for (const url of ['/shop', ...names.map((_, i) => `/shop/products/${i + 1}`), ...names.map((name) => `/shop?q=${encodeURIComponent(name)}`)]) {
    const { statusCode, body } = await get(url)
    t.equal(statusCode, 200, url)
    t.notMatch(body, /<script>alert|<img|onload='|<b>|<!--/, url)
    // One script, which has a source, and nothing inline.
    t.equal(body.match(/<script/g)?.length, 1, url)
    t.notMatch(body, / style=| on\w+=["']/, url)
  }
})

t.test('what is not there, or cannot be, is a page for browsers and a problem document for others', async (t) => {
  const { app, get } = await start(t)
  const cases: [url: string, status: number, text: RegExp][] = [
    ['/shop/products/99', 404, /There is no product 99/],
    ['/shop?category=nothing', 404, /There is no category &quot;nothing&quot;/],
    ['/shop?minPrice=many', 400, /minPrice must match pattern/],
    ['/shop?page=0', 400, /page must be &gt;= 1/],
    ['/shop/products/x', 400, /id must be integer/],
    ['/shop/nothing', 404, /\/shop\/nothing/],
    ['/shop/products/1/edit', 401, /Sign in/]
  ]
  for (const [url, status, text] of cases) {
    const page = await get(url)
    t.equal(page.statusCode, status, url)
    t.match(page.headers, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', vary: /accept/ }, url)
    t.match(page.body, text, url)
    const problem = await app.inject(url)
    t.equal(problem.statusCode, status, url)
    t.equal(problem.headers['content-type'], 'application/problem+json', url)
  }
})

t.test('a slash at the end leads to the page without it', async (t) => {
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
    t.strictSame([statusCode, headers.location, headers['cache-control']], [308, location, 'public, max-age=86400'], url)
    t.equal((await app.inject({ method: 'HEAD', url })).statusCode, 308)
  }
  for (const url of ['/shop//', '//shop/', '/shop/nothing/']) t.equal((await get(url)).statusCode, 404, url)
})

t.test('HEAD, OPTIONS and other methods', async (t) => {
  const { app, get } = await start(t)
  const { body, headers } = await get('/shop/products/1')
  const head = await app.inject({ method: 'HEAD', url: '/shop/products/1', headers: HTML })
  t.equal(head.body, '')
  t.equal(head.headers['content-length'], String(Buffer.byteLength(body)))
  t.equal(head.headers.etag, headers.etag)
  t.equal((await app.inject({ method: 'OPTIONS', url: '/shop' })).headers.allow, 'GET, HEAD, OPTIONS')
  const wrong = await app.inject({ method: 'DELETE', url: '/shop/products/1', headers: HTML })
  t.equal(wrong.statusCode, 405)
  t.match(wrong.body, /DELETE/)
})

t.test('assets are for good: another version has another path', async (t) => {
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

t.test('the debug panel: what a page is made of, in order, for admins', async (t) => {
  const { get } = await start(t)
  const admin = { cookie: `weir_shop=${tokenOf('admin')}` }
  const rowsOf = (body: string) => [...body.matchAll(/<tr><td>(\d*)<\/td><td class="depth-(\d)">(\w+)<\/td><td><code>([^<]*)<\/code><\/td><td><span[^>]*>([^<]*)</g)]
    .map(([, number, depth, kind, key, outcome]) => [number, depth, kind, key, outcome].join(' '))

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
  const nested = rows.slice(rows.indexOf('3 0 fragment recommendations:1 miss') + 1, rows.indexOf('4 0 fragment weather:Berlin miss'))
  t.ok(nested.includes(' 1 computation ranking:1 miss'), nested.join())
  t.ok(rows.some((row) => /^ 1 query .*views.* miss$/.test(row)), 'the query of the own database')
  t.match(first.body, /<div class="outlined" data-outcome="miss">/)

  const second = await get('/shop/products/1?debug=cache', admin)
  t.strictSame(rowsOf(second.body).map((row) => row.split(' ').slice(4).join(' ')), Array<string>(6).fill('hit in memory'))
  t.match(second.body, /<code class="tag">product:1<\/code>/)
  t.notMatch(second.body, /<td>–<\/td><td>[^<]*<\/td><td>(?:<code class="tag">|<\/td>)/, 'each took some time')
  t.strictSame([...second.body.matchAll(/<th scope="row">(\w+)<\/th><td>(\d+)<\/td><td>(\d+)<\/td><td>(\d+)</g)].map(([, ...row]) => row.join(' ')), [
    'fragments 5 0 0', 'catalog 1 0 0'
  ])

  const list = await get('/shop?debug=cache', admin)
  t.match(list.body, /What this page is made of/)
  t.match(list.headers['cache-status'], /detail=UNLESS/)
  for (const headers of [{}, { cookie: `weir_shop=${tokenOf('editor')}` }]) {
    t.notMatch((await get('/shop/products/1?debug=cache', headers)).body, /What this page is made of/)
    t.notMatch((await get('/shop?debug=cache', headers)).body, /What this page is made of|outlined/)
  }
  const open = await start(t, undefined, { DEBUG_PANEL: 'true' })
  t.match((await open.get('/shop?debug=cache')).body, /What this page is made of/)
})

t.test('recommendations: the most alike first, and others have their turn meanwhile', async (t) => {
  const text = (id: number, name: string, description = '') => ({ id, name, description })
  t.strictSame(await mostAlike(text(1, 'Copper kettle'), [
    text(1, 'Copper kettle'), text(2, 'Garden hose'), text(3, 'Copper pan'), text(4, 'Electric copper kettle'), text(5, '')
  ], 2), [4, 3])
  let turns = 0
  const counting = setInterval(() => { turns++ }, 0)
  const many = Array.from({ length: 300 }, (_, i) => text(i, `Product ${i}`, 'A thing of many words that all are much the same. '.repeat(4)))
  await mostAlike(text(1, 'Product 1'), many, 4)
  clearInterval(counting)
  t.ok(turns > 5, `${turns} turns`)
})
