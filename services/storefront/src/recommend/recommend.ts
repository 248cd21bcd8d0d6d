import { type Remember } from '../caches.js'
import { UpstreamSilent } from '../errors.js'
import { tags } from '../tags.js'
import { type Catalog, isSaved } from '../upstream/catalog.js'
import { type Product } from '../upstream/schemas.js'
import { mostAlike } from './vectors.js'

/** Number of the category's newest products that are compared. */
const COMPARED = 300
const A_PAGE = 100
const SHOWN = 4

/**
 * Products similar to a product. Ranking them is expensive. The ranking is cached for an hour and
 * renewed early, and only a write of the product itself invalidates it: a new similar product may
 * take that long to appear. Names and prices are read anew each time.
 */
export class Recommendations {
  constructor (readonly catalog: Catalog, readonly remember: Remember) {}

  /** @throws UpstreamSilent */
  async of (product: Product, slug: string): Promise<Product[]> {
    const ranking = await this.#ranking(product.id, slug)
    const found = await Promise.all(ranking.map((id) => this.catalog.product(id)))
    const current = found.flatMap((told) => told === undefined ? [] : [told])
    if (current.some(isSaved)) {
      throw new UpstreamSilent(this.catalog.upstream.name, new Error('the products are out of ' +
        'date'))
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
      // A possibly outdated order is better than computing it on each page.
      onOutage: 'stale',
      tags: [tags.everything, tags.product(id)]
    }, async () => {
      const told = await this.catalog.product(id)
      if (told === undefined) return []
      if (isSaved(told)) {
        throw new UpstreamSilent(this.catalog.upstream.name, new Error('the product is out of ' +
          'date'))
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
