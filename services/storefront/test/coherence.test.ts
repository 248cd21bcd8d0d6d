import { startRedis } from '@weir/internal/testing'
import Database from 'better-sqlite3'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import {
  build,
  FORM,
  signedIn,
  startCatalog,
  startFake,
  sunny,
  tempDir,
  tokenOf
} from './support/world.js'

/** Starts a real catalog, and two instances of the storefront on the same store. */
async function start (t: Test, shared: Record<string, string> = {}) {
  const DATA_DIR = await tempDir(t)
  const [catalog, weather] = await Promise.all([
    startCatalog(t, { DATA_DIR, ...shared }),
    startFake(t, sunny)
  ])
  const env = {
    DATA_DIR,
    ...shared,
    CATALOG_ORIGIN: catalog.origin,
    WEATHER_ORIGIN: weather.origin
  }
  const [one, other] = [
    await build(t, { ...env, INSTANCE: 'shop-1' }),
    await build(t, { ...env, INSTANCE: 'shop-2' })
  ]
  const seen = async (url: string) =>
    Promise.all(
      [one, other].map(
        async (app) => (await app.inject({ url, headers: { accept: 'text/html' } })).body
      )
    )
  const patch = (id: number, fields: object) =>
    catalog.app.inject({
      method: 'PATCH',
      url: `/api/products/${id}`,
      payload: fields,
      headers: { authorization: `Bearer ${tokenOf('editor')}` }
    })
  return { DATA_DIR, catalog, one, other, seen, patch }
}

/**
 * Changes a product a few times: each change is on both pages of both instances at once, and no old
 * version is left.
 */
async function seesEachChange (
  t: Test,
  { catalog, seen, patch }: Awaited<ReturnType<typeof start>>
): Promise<void> {
  // The newest product is on the first page of the list.
  const {
    items: [newest]
  } = (await catalog.app.inject('/api/products?limit=1')).json<{
    items: { id: number; categoryId: number }[]
  }>()
  const id = newest?.id ?? 0
  const urls = ['/shop', `/shop/products/${id}`]
  for (let i = 1; i <= 5; i++) {
    for (const url of urls) await seen(url)
    t.equal((await patch(id, { name: `Change ${i}`, price: 100 * i })).statusCode, 200)
    for (const url of urls) {
      for (const body of await seen(url)) {
        t.match(body, `Change ${i}`, url)
        t.match(body, `€${i}.00`, url)
        t.notMatch(body, `Change ${i - 1}<`, url)
      }
    }
  }
}

t.test(
  'over Redis, a write in the catalog is visible at once, on each instance and page',
  async (t) => {
    const { url } = await startRedis(t)
    await seesEachChange(t, await start(t, { REDIS_URL: url }))
  }
)

t.test('with a real catalog', async (t) => {
  const world = await start(t)
  const { DATA_DIR, catalog, one, other, seen } = world

  t.test('a write in the catalog is visible at once, on each instance and page', (t) =>
    seesEachChange(t, world)
  )

  t.test(
    'an editor changes a product with the form; a late one sees both versions',
    async (t) => {
      const url = '/shop/products/5/edit'
      const headers = { ...signedIn('editor'), 'content-type': FORM }
      const opened = await one.inject({ url, headers: signedIn('editor') })
      t.equal(opened.statusCode, 200)
      t.equal(opened.headers['cache-control'], 'private, no-store')
      const valueOf = (name: string) =>
        decoded(new RegExp(`name="${name}"[^>]*value="([^"]*)"`).exec(opened.body)?.[1] ?? '')
      const category = /<option value="(\d+)" selected>/.exec(opened.body)?.[1] ?? ''
      const fields = {
        etag: valueOf('etag'),
        sku: valueOf('sku'),
        name: 'Kettle <b>& Co</b>',
        price: '12.5',
        stock: '3',
        categoryId: category,
        description: 'One\r\ntwo'
      }
      const send = (app: typeof one, changed: object) =>
        app.inject({
          method: 'POST',
          url,
          headers,
          payload: new URLSearchParams({ ...fields, ...changed }).toString()
        })

      const wrong = await send(one, { price: 'much', stock: '-1' })
      t.equal(wrong.statusCode, 400)
      t.match(wrong.body, /id="price"[^>]*aria-invalid="true" aria-describedby="mistake-price"/)
      t.match(wrong.body, /id="mistake-stock">Write the stock as a whole number/)
      const refused = await send(one, { name: ' ', sku: fields.sku })
      t.equal(refused.statusCode, 400)
      t.match(refused.body, /id="mistake-name">Give the product a name/)
      const taken = await send(one, { categoryId: '999999' })
      t.equal(taken.statusCode, 400)
      t.match(
        taken.body,
        /id="mistake-categoryId">Category \w|class="mistake" role="alert">\w/,
        "the catalog's own checks are shown"
      )

      const saved = await send(one, {})
      t.equal(saved.statusCode, 303)
      t.equal(saved.headers.location, '/shop/products/5')
      for (const body of await seen('/shop/products/5')) {
        t.match(body, /Kettle &lt;b&gt;&amp; Co&lt;\/b&gt;.*€12\.50.*One\ntwo/s)
      }

      const late = await send(other, { name: 'Mine', price: '9' })
      t.equal(late.statusCode, 412)
      t.match(late.body, /<ins>Mine<\/ins><\/td><td>Kettle &lt;b&gt;/)
      t.match(late.body, /<ins>9<\/ins><\/td><td>12\.50/)
      const fresh = decoded(/name="etag" value="([^"]*)"/.exec(late.body)?.[1] ?? '')
      t.not(fresh, fields.etag)
      t.equal((await send(other, { name: 'Mine', etag: fresh })).statusCode, 303)
      for (const body of await seen('/shop/products/5')) t.match(body, /<h1>Mine<\/h1>/)
      t.equal(
        (await one.inject({ url: '/shop/products/999999/edit', headers: signedIn('editor') }))
          .statusCode,
        404
      )
    }
  )

  t.test('eight clients view a product a thousand times each: 8,000 views', async (t) => {
    const etag = String((await one.inject('/shop/products/7')).headers.etag)
    await Promise.all(Array.from({ length: 8 }, async (_, client) => {
      const app = client % 2 === 0 ? one : other
      for (let i = 0; i < 1000; i++) {
        if (client === 0 && i === 0) continue
        await app.inject({
          url: '/shop/products/7',
          headers: i % 2 === 0 ? { 'if-none-match': etag } : {}
        })
      }
    }))
    for (let i = 0; i < 5; i++) await other.inject('/shop/products/9')
    await other.inject({ method: 'HEAD', url: '/shop/products/9' })
    await other.inject('/shop/products/999999')
    // Closing writes all counted views.
    await one.close()
    await other.close()
    const database = new Database(join(DATA_DIR, 'storefront.db'))
    const totals = database
      .prepare('select product, total from views where product in (7, 9, 999999) order by product')
      .all()
    t.strictSame(totals, [{ product: 7, total: 8000 }, { product: 9, total: 5 }])

    // A counter that the store has lost restarts with the total in the table.
    const third = await build(t, { DATA_DIR, CATALOG_ORIGIN: catalog.origin, INSTANCE: 'shop-3' })
    await third.caches.views.delete('7')
    await third.inject('/shop/products/7')
    await third.close()
    t.strictSame(database.prepare('select total from views where product = 7').get(), {
      total: 8001
    })
    database.close()
    const fourth = await build(t, { DATA_DIR, CATALOG_ORIGIN: catalog.origin, INSTANCE: 'shop-4' })
    await fourth.fragments.delete('most-viewed')
    t.match((await fourth.inject('/shop/products/9')).body, /Most viewed.*8,001 views/s)
  })
})

const decoded = (text: string): string =>
  text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
