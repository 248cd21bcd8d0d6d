import { type Remember } from '../caches.js'
import { UpstreamSilent } from '../errors.js'
import { tags } from '../tags.js'
import { type Catalog, isSaved } from '../upstream/catalog.js'
import { type Product } from '../upstream/schemas.js'
import { mostAlike } from './vectors.js'

/** Products of the category that are compared: the newest ones. */
const COMPARED = 300
const A_PAGE = 100
const SHOWN = 4

/**
 * Products that are like a product. Ranking them is the expensive part. It is kept for an hour and
 * renewed early, and of all writes only one of the product itself ends it: a new product that is
 * like it may take that long to appear. Names and prices are read anew each time.
 */
export class Recommendations {
  constructor (readonly catalog: Catalog, readonly remember: Remember) {}

  /** @throws UpstreamSilent */
  async of (product: Product, slug: string): Promise<Product[]> {
    const ranking = await this.#ranking(product.id, slug)
    const found = await Promise.all(ranking.map((id) => this.catalog.product(id)))
    const current = found.flatMap((told) => told === undefined ? [] : [told])
    if (current.some(isSaved)) {
      throw new UpstreamSilent(this.catalog.upstream.name, new Error('products are as they were'))
    }
    return current
      .map(({ body }) => body)
      .filter(({ categoryId }) => categoryId === product.categoryId)
  }

  #ranking (id: number, slug: string): Promise<readonly number[]> {
    return this.remember(`ranking:${id}`, {
      ttl: '1h',
      staleWhileRevalidate: '1h',
      staleIfError: '1d',
      earlyRefresh: true,
      // An order that may be old is better than one that takes this long to compute, on each page.
      onOutage: 'stale',
      tags: [tags.everything, tags.product(id)]
    }, async () => {
      const told = await this.catalog.product(id)
      if (told === undefined) return []
      if (isSaved(told)) {
        throw new UpstreamSilent(this.catalog.upstream.name, new Error('the product is as it was'))
      }
      return mostAlike(told.body, await this.#compared(slug), SHOWN)
    })
  }

  async #compared (slug: string): Promise<Product[]> {
    const products: Product[] = []
    let after: string | undefined
    do {
      const { items, next } = await this.catalog.products({ category: slug, limit: A_PAGE, after })
      products.push(...items)
      after = next ?? undefined
    } while (after !== undefined && products.length < COMPARED)
    return products
  }
}
