import { join } from 'node:path'
import t from 'tap'
import { sqliteStore } from '@weir/metrics/sqlite'
import { build } from './support/build.js'
import { tempDir } from './support/temp-dir.js'

t.test('requests are counted for all instances', async (t) => {
  const directory = await tempDir(t)
  const app = await build(t, directory)
  for (const url of ['/api/products/7', '/api/products/7', '/api/products/0', '/nowhere']) {
    await app.inject(url)
  }
  t.match(
    (await app.inject('/metrics')).body,
    'weir_requests_total{service="catalog",route="GET /api/products/:id",outcome="l1"} 1'
  )
  await app.close()

  const store = sqliteStore({ file: join(directory, 'metrics.db') })
  t.teardown(() => store.close())
  t.match(await store.instances(), [
    { service: 'catalog', instance: 'catalog-0', l1: { entries: 1 } }
  ])
  const [record] = await store.read(0)
  t.strictSame(
    record?.routes.map(({ route, outcomes }) => [
      route,
      Object.entries(outcomes).map(([outcome, { count }]) => `${outcome} ${count}`)
    ]),
    [
      ['404', ['uncached 1']],
      ['GET /api/products/:id', ['l1 1', 'miss 1', 'uncached 1']]
    ]
  )
})
