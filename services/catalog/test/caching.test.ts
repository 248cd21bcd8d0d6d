import { type FastifyInstance } from 'fastify'
import t from 'tap'
import { as, editor } from './support/access.js'
import { build } from './support/build.js'
import { tempDir } from './support/temp-dir.js'

const mug = { sku: 'T-1', name: 'Tin Mug', categoryId: 1, price: 899 }

t.test('two instances answer as one', async (t) => {
  const directory = await tempDir(t)
  const [a, b] = [await build(t, directory), await build(t, directory)]
  const get = async (app: FastifyInstance, url: string) => {
    const response = await app.inject(url)
    return {
      status: response.statusCode,
      body: response.body,
      hit: String(response.headers['cache-status']).includes('; hit')
    }
  }
  /** Fills a page through one instance, and checks that the other serves it from the cache. */
  const fill = async (...urls: string[]) => {
    for (const url of urls) {
      const { status, body } = await get(a, url)
      t.same(await get(b, url), { status, body, hit: true }, `${url} is shared`)
    }
  }
  const changedBy = async (
    write: () => Promise<{ statusCode: number }>,
    urls: Record<string, boolean>
  ) => {
    await fill(...Object.keys(urls))
    const { statusCode } = await write()
    t.ok(statusCode < 300, `written: ${statusCode}`)
    for (const [url, changed] of Object.entries(urls)) {
      t.equal((await get(b, url)).hit, !changed, `${url} is ${changed ? 'new' : 'kept'}`)
    }
  }

  t.test('a write invalidates what it changes, and nothing else', async (t) => {
    t.comment('a price')
    await changedBy(
      () =>
        a.inject({
          method: 'PATCH',
          url: '/api/products/1',
          headers: editor,
          payload: { price: 1 }
        }),
      {
        '/api/products/1': true,
        '/api/products?limit=5': true,
        '/api/products?category=cookware': true,
        '/api/products/2': false,
        '/api/categories': false,
        '/api/categories/cookware': false
      }
    )
    t.comment('a new product, whose id was asked for before')
    await changedBy(
      () => a.inject({ method: 'POST', url: '/api/products', headers: editor, payload: mug }),
      {
        '/api/products/10001': true,
        '/api/products?limit=5': true,
        '/api/categories': true,
        '/api/products/1': false
      }
    )
    t.equal((await get(b, '/api/products/10001')).status, 200)
    t.comment('a move to another category')
    await changedBy(
      () =>
        b.inject({
          method: 'PUT',
          url: '/api/products/10001',
          headers: editor,
          payload: { ...mug, categoryId: 2 }
        }),
      {
        '/api/products/10001': true,
        '/api/categories': true,
        '/api/categories/bakeware': false
      }
    )
    t.comment('a deletion')
    await changedBy(
      () => b.inject({ method: 'DELETE', url: '/api/products/10001', headers: editor }),
      {
        '/api/products/10001': true,
        '/api/products?limit=5': true,
        '/api/categories': true,
        '/api/products/2': false
      }
    )
    t.equal((await get(a, '/api/products/10001')).status, 404)
    t.comment('a category, whose slug was asked for before')
    await changedBy(
      () =>
        a.inject({
          method: 'POST',
          url: '/api/categories',
          headers: editor,
          payload: { slug: 'lava', name: 'Lava' }
        }),
      {
        '/api/categories/lava': true,
        '/api/categories': true,
        '/api/products/2': false
      }
    )
    t.comment('a new slug')
    await changedBy(
      () =>
        b.inject({
          method: 'PUT',
          url: '/api/categories/lava',
          headers: editor,
          payload: { slug: 'magma', name: 'Lava' }
        }),
      {
        '/api/categories/lava': true,
        '/api/categories/magma': true,
        '/api/categories': true,
        '/api/products?category=lava': true
      }
    )
  })

  t.test('equivalent queries share one entry', async (t) => {
    await fill('/api/products?limit=7&sort=price')
    t.ok((await get(b, '/api/products?sort=price&page=1&limit=7')).hit)
  })

  t.test(
    'a response to a known user is served to all clients, and revalidated by each client',
    async () => {
      for (const url of [
        '/api/products?limit=9',
        '/api/products/9',
        '/api/categories',
        '/api/categories/bakeware'
      ]) {
        await a.inject({ url, headers: as('admin') })
        for (const headers of [{}, as('reader')]) {
          const answer = await b.inject({ url, headers })
          t.match(
            answer.headers,
            { 'cache-status': /; hit/, 'cache-control': 'public, no-cache' },
            url
          )
          t.equal(
            (
              await b.inject({
                url,
                headers: { ...headers, 'if-none-match': String(answer.headers['etag']) }
              })
            ).statusCode,
            304
          )
        }
      }
      t.equal((await a.inject('/api/products/99999')).headers['cache-control'], 'no-store')
    }
  )

  t.test('a refused write invalidates nothing', async () => {
    await fill('/api/products/3')
    t.equal(
      (
        await a.inject({
          method: 'PUT',
          url: '/api/products/3',
          headers: { ...editor, 'if-match': '"3-9"' },
          payload: mug
        })
      ).statusCode,
      412
    )
    t.ok((await get(b, '/api/products/3')).hit)
  })
})
