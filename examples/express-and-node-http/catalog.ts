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

/**
 * Catalog of one server: each server has its own cache, like an instance, and the store is shared.
 */
export function createCatalog (store: Store, name: string) {
  const cache = createCache<Page>({ store, namespace: 'catalog', name })
  const counts = createCache<number>({ store, namespace: 'counts', name })
  const page = cache.wrap(async function page (id: string) { return makePage(await load(id)) }, {
    ttl: '1m',
    tags: (_page, id) => [`product:${id}`]
  })
  return {
    /** Returns the page of a product, and whether it was cached. */
    async product (id: string) {
      const kept = await cache.get(page.key(id))
      return { page: kept ?? await page(id), isHit: kept !== undefined, name }
    },
    /** Caches a plain value, without HTTP. */
    count: () => counts.remember('products', { ttl: '1m' }, async () => prices.size),
    async save (id: string, price: number) {
      prices.set(id, price)
      // When this resolves, neither server has the old price.
      await Promise.all([cache.invalidate([`product:${id}`]), counts.delete('products')])
    }
  }
}

export type Catalog = ReturnType<typeof createCatalog>
