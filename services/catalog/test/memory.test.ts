import t from 'tap'
import { as } from './support/access.js'
import { build } from './support/build.js'

const MEBIBYTE = 1024 * 1024
const PAGE = '/api/products?limit=100'

t.test('an instance keeps no more responses in memory than a container has room for', async (t) => {
  const app = await build(t)
  const { cache } = app.responseCache
  const { body } = await app.inject(PAGE)
  const entries = await app.inject({
    path: `/api/catalog/cache/entries?url=${encodeURIComponent(PAGE)}`,
    headers: as('admin')
  })
  const key = entries.json<{ found: { key: string }[] }>().found[0]?.key ?? ''
  const page = (await cache.find(key))?.entry.value
  if (page === undefined) throw new Error(`${key} is not in the cache`)
  // Twice the available memory.
  for (let i = 0; i * body.length < 48 * MEBIBYTE; i++) {
    await cache.set(`${key}&copy=${i}`, page, { ttl: '1m', consistency: 'bounded' })
  }
  const { l1 } = cache.stats()
  t.ok(
    l1.bytes > 20 * MEBIBYTE && l1.bytes <= 24 * MEBIBYTE,
    `${l1.entries} responses of ${l1.bytes} bytes`
  )
  t.ok(l1.evictions > 0)
})
