import { setTimeout } from 'node:timers/promises'
import { Injectable } from '@nestjs/common'
import { cached, createCache } from '@weir/cache'
import { store } from './store.js'

export interface Product {
  readonly id: string
  readonly price: number
}

const cache = createCache<Product>({ store, namespace: 'products' })

@Injectable()
export class ProductsService {
  // Stands for a database.
  readonly #prices = new Map<string, number>()
  #queries = 0

  @cached(cache, { ttl: '1m', tags: (_product: Product, id: string) => [`product:${id}`] })
  async find (id: string): Promise<Product> {
    this.#queries++
    await setTimeout(300) // a slow query
    return { id, price: this.#prices.get(id) ?? 50 }
  }

  async save (id: string, price: number): Promise<void> {
    this.#prices.set(id, price)
    await cache.invalidate([`product:${id}`]) // when this resolves, no instance has the old price
  }

  get queries (): number {
    return this.#queries
  }
}
