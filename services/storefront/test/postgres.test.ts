import { findPostgres, startPostgres } from '@weir/internal/testing'
import pg from 'pg'
import t from 'tap'
import { survivesFailover } from './failover.js'
import { build, startCatalog, tempDir } from './support/world.js'

t.test('views are counted in the same Postgres as the catalog, by any number of instances', async (t) => {
  const programs = findPostgres()
  if (programs === undefined) throw new Error('Postgres is not installed')
  const server = await startPostgres(t, programs)
  const { host, user, database } = server
  const DATABASE_URL = `postgres://${user}@/${database}?host=${encodeURIComponent(host)}`
  const env = { DATA_DIR: await tempDir(t), DATABASE_URL }
  // Both services create their tables at the same moment.
  const building = [1, 2].map((n) =>
    build(t, { ...env, INSTANCE: `shop-${n}`, CATALOG_ORIGIN: 'http://127.0.0.1:1' }))
  const catalog = await startCatalog(t, env)
  await Promise.all(building)

  const shops = await Promise.all([3, 4].map((n) =>
    build(t, { ...env, INSTANCE: `shop-${n}`, CATALOG_ORIGIN: catalog.origin })))
  await Promise.all(Array.from({ length: 20 }, async (_, i) => {
    const response = await shops[i % 2]?.inject(`/shop/products/${i % 4 === 0 ? 7 : 9}`)
    t.equal(response?.statusCode, 200)
  }))
  await Promise.all(shops.map((shop) => shop.close()))
  const client = new pg.Client({ ...server })
  await client.connect()
  t.teardown(() => client.end())
  const { rows } = await client.query('select product::int, total::int from views order by product')
  t.same(rows, [{ product: 7, total: 5 }, { product: 9, total: 15 }])
  const later = await build(t, { ...env, INSTANCE: 'shop-5', CATALOG_ORIGIN: catalog.origin })
  await later.fragments.delete('most-viewed')
  t.match((await later.inject('/shop/products/8')).body, /Most viewed.*15 views/s)
})

t.test('the primary is lost: signing in, saving and counting go on after the failover', survivesFailover)
