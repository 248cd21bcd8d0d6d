import t from 'tap'
import { as } from './support/access.js'
import { build } from './support/build.js'
import { tempDir } from './support/temp-dir.js'

t.test('admins purge the catalog\'s cache for all instances, and inspect it', async (t) => {
  const directory = await tempDir(t)
  const [a, b] = [await build(t, directory), await build(t, directory)]
  const purge = (payload: object, role = 'admin') =>
    a.inject({
      method: 'POST',
      url: '/api/catalog/cache/invalidations',
      headers: as(role),
      payload
    })
  const url = '/api/products?limit=5'
  const look = async () =>
    (
      await b.inject({ url: '/api/catalog/cache/entries', query: { url }, headers: as('admin') })
    ).json<{ found: { valid: boolean }[] }>().found
  t.equal((await purge({ all: true }, 'editor')).statusCode, 403)
  for (const [payload, tags] of [
    [
      { urls: ['/api/products?sort=newest&limit=5&utm_source=x'] },
      ['http://catalog/api/products?limit=5&page=1&sort=newest']
    ],
    [{ tags: ['products'] }, ['products']],
    [{ all: true }, []]
  ] as const) {
    const { headers } = await a.inject(url)
    t.match(
      (await look()).filter(({ valid }) => valid),
      [
        {
          where: 'store',
          tags: ['catalog', 'products'],
          etag: headers['etag'],
          filledBy: 'catalog-0'
        }
      ]
    )
    await b.inject(url)
    t.match((await purge(payload)).json(), { namespace: 'responses', tags })
    t.ok((await look()).every(({ valid }) => !valid))
    t.match((await b.inject(url)).headers['cache-status'], /fwd=uri-miss/)
    await purge({ all: true })
  }
})
