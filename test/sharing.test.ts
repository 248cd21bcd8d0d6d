import t, { type Test } from 'tap'
import { request } from 'undici'
import { type TestCatalog, asEditor, startCatalog } from './support/catalog.js'
import { startNginx } from './support/nginx.js'
import { startRedis } from '@weir/internal/testing'
import { tempDir } from './support/temp-dir.js'

interface Product { id: number, sku: string, name: string, price: number, categoryId: number }
interface Page { items: Product[], total: number }

/** Two instances on one database and one store, SQLite's or a Redis of the test's own. */
async function twoInstances (
  t: Test,
  store: 'sqlite' | 'redis'
): Promise<[TestCatalog, TestCatalog]> {
  const dataDir = await tempDir(t)
  const redis = store === 'redis' ? { redisUrl: (await startRedis(t)).url } : {}
  return [
    await startCatalog(t, { dataDir, instance: 'a', ...redis }),
    await startCatalog(t, { dataDir, instance: 'b', ...redis })
  ]
}

async function read<T> (response: Response, status = 200): Promise<T> {
  const body = await response.json()
  if (response.status !== status) {
    throw new Error(`${response.status} instead of ${status}: ${JSON.stringify(body)}`)
  }
  // The test that reads it asserts the type.
  return body as T
}

const status = (response: Response) => response.headers.get('cache-status')
const get = async (instance: TestCatalog, path: string, headers: Record<string, string> = {}) =>
  fetch(instance.url + path, { headers })

async function send (
  instance: TestCatalog,
  method: string,
  path: string,
  body: object
): Promise<Response> {
  return fetch(instance.url + path, { method, headers: asEditor, body: JSON.stringify(body) })
}

for (const store of ['sqlite', 'redis'] as const) {
  t.test(`two catalog instances on one ${store} store`, async (t) => {
    const [a, b] = await twoInstances(t, store)

    await t.test('a miss on one is a hit on the other', async (t) => {
      const miss = await get(a, '/api/products/7')
      t.match(status(miss), /^a; fwd=uri-miss; ttl=\d+; stored$/)
      const hit = await get(b, '/api/products/7')
      t.match(status(hit), /^b; hit; ttl=\d+; detail=store$/)
      t.equal(await hit.text(), await miss.text())
      t.equal(hit.headers.get('etag'), miss.headers.get('etag'))
      t.match(status(await get(b, '/api/products/7')), /^b; hit; ttl=\d+; detail=memory$/)
    })

    await t.test('equivalent queries share one entry', async (t) => {
      t.match(status(await get(a, '/api/products?limit=5&page=1&sort=price')), /uri-miss/)
      t.match(
        status(await get(b, '/api/products?sort=price&utm_source=mail&page=1&limit=5')),
        /^b; hit/
      )
    })

    await t.test(
      'a write through one is visible to the next read of the other: the product and each list with it',
      async (t) => {
        const before = await read<Product>(await get(b, '/api/products/8'))
        const lists = [
          '/api/products?limit=100',
          `/api/products?q=${encodeURIComponent(before.name.split(' ')[0] ?? '')}&limit=100`
        ]
        for (const list of lists) await get(b, list)
        const price = before.price + 1
        await read(await send(a, 'PATCH', '/api/products/8', { price }))

        const after = await get(b, '/api/products/8')
        t.match(status(after), /^b; fwd=/)
        t.equal((await read<Product>(after)).price, price)
        for (const list of lists) {
          const answer = await get(b, list)
          t.match(status(answer), /^b; fwd=/, list)
          const held = (await read<Page>(answer)).items.find(({ id }) => id === 8)
          if (held !== undefined) t.equal(held.price, price)
        }
      }
    )

    await t.test('a cached 404 is invalidated when the product is created', async (t) => {
      const { total } = await read<Page>(await get(b, '/api/products?limit=1'))
      const next = `/api/products/${total + 1}`
      t.equal((await get(b, next)).status, 404)
      const missing = await get(a, next)
      t.equal(missing.status, 404)
      t.match(status(missing), /^a; hit/)

      const { categoryId } = await read<Product>(await get(a, '/api/products/7'))
      const created = await send(a, 'POST', '/api/products', {
        sku: 'NEW-1',
        name: 'A new thing',
        description: 'Just made.',
        categoryId,
        price: 100,
        currency: 'EUR',
        stock: 1
      })
      t.equal(created.headers.get('location'), next)
      t.equal((await read<Product>(created, 201)).id, total + 1)
      t.match(await read<Product>(await get(b, next)), { sku: 'NEW-1' })
      t.equal((await read<Page>(await get(b, '/api/products?limit=1'))).total, total + 1)
    })

    await t.test(
      'If-None-Match is answered 304 by an instance that never ran the handler',
      async (t) => {
        const etag = (await get(a, '/api/products/9')).headers.get('etag') ?? ''
        // fetch() would add Cache-Control: no-cache to a conditional request.
        const answer = await request(`${b.url}/api/products/9`, {
          headers: { 'if-none-match': `"other", ${etag}` }
        })
        t.equal(answer.statusCode, 304)
        t.match(answer.headers['cache-status'], /^b; hit; .*detail=store/)
        t.equal(answer.headers.etag, etag)
        t.equal(await answer.body.text(), '')
      }
    )

    await t.test('HEAD is answered from the response stored for GET', async (t) => {
      const stored = await get(a, '/api/products/10')
      const head = await fetch(`${b.url}/api/products/10`, { method: 'HEAD' })
      t.match(status(head), /^b; hit/)
      t.equal(head.headers.get('content-length'), stored.headers.get('content-length'))
      t.equal(head.headers.get('etag'), stored.headers.get('etag'))
      t.equal(await head.text(), '')
    })

    await t.test('of two writers with the same If-Match one wins', async (t) => {
      const etag = (await get(a, '/api/products/11')).headers.get('etag') ?? ''
      const patch = (instance: TestCatalog, price: number) =>
        fetch(`${instance.url}/api/products/11`, {
          method: 'PATCH',
          headers: { ...asEditor, 'if-match': etag },
          body: JSON.stringify({ price })
        })
      const answers = await Promise.all([patch(a, 1), patch(b, 2)])
      t.same(answers.map(({ status }) => status).sort(), [200, 412])
      const won = answers.findIndex(({ status }) => status === 200) + 1
      for (const instance of [a, b]) {
        t.equal((await read<Product>(await get(instance, '/api/products/11'))).price, won)
      }
    })

    await t.test(
      'an instance killed during writes leaves the database intact and the other instance running',
      async (t) => {
        const writes = Array.from({ length: 50 }, (_, i) =>
          send(a, 'PATCH', `/api/products/${100 + i}`, { stock: i }).catch(() => undefined)
        )
        await Promise.race(writes)
        await a.kill()
        await Promise.all(writes)
        for (let i = 0; i < 50; i++) {
          t.equal((await get(b, `/api/products/${100 + i}`)).status, 200)
        }
        t.match(await read(await send(b, 'PATCH', '/api/products/100', { stock: 777 })), {
          stock: 777
        })
        t.match(await read(await get(b, '/api/products/100')), { stock: 777 })
      }
    )
  })
}

t.test('the instances respond like one behind nginx', async (t) => {
  const instances = await twoInstances(t, 'redis')
  const { url } = await startNginx(t, { catalog: instances.map((instance) => instance.url) })
  const product = () => fetch(`${url}/api/products/7`)
  const first = await product()
  t.match(status(first), /fwd=uri-miss/)
  const served = new Set<string>()
  for (let i = 0; i < 6; i++) {
    const response = await product()
    t.match(status(response), /hit/)
    t.equal(
      response.headers.get('date'),
      first.headers.get('date'),
      'the Date of the fill passes through'
    )
    served.add(status(response)?.split(';')[0] ?? '')
  }
  t.same([...served].sort(), ['a', 'b'], 'both instances have answered')
  await read(await fetch(`${url}/api/products/7`, {
    method: 'PATCH', headers: asEditor, body: JSON.stringify({ price: 12_345 })
  }))
  for (let i = 0; i < 4; i++) t.match(await read(await product()), { price: 12_345 })
})
