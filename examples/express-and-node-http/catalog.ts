import { setTimeout } from 'node:timers/promises'
import { createCache, type Store } from '@weir/cache'
import { makePage, type Page } from './page.js'

// Stands for a database.
const prices = new Map([['kettle', 50], ['teapot', 30]])
let queries = 0

async function load (id: string) {
  queries++
  await setTimeout(300) // a slow query
  return { id, price: prices.get(id) ?? null, queries }
}

/** The catalog of one server: its cache is its own, as that of an instance; the store is shared. */
export function createCatalog (store: Store, name: string) {
  const cache = createCache<Page>({ store, namespace: 'catalog', name })
  const counts = createCache<number>({ store, namespace: 'counts', name })
  const page = cache.wrap(async function page (id: string) { return makePage(await load(id)) }, {
    ttl: '1m',
    tags: (_page, id) => [`product:${id}`]
  })
  return {
    /** The page of a product, and whether it was there already. */
    async product (id: string) {
      const kept = await cache.get(page.key(id))
      return { page: kept ?? await page(id), isHit: kept !== undefined, name }
    },
    /** A value by itself: nothing of HTTP. */
    count: () => counts.remember('products', { ttl: '1m' }, async () => prices.size),
    async save (id: string, price: number) {
      prices.set(id, price)
      // When this resolves, neither server has the old price.
      await Promise.all([cache.invalidate([`product:${id}`]), counts.delete('products')])
    }
  }
}

export type Catalog = ReturnType<typeof createCatalog>
