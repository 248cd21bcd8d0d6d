import { type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { type Remember } from '../caches.js'
import { STOREFRONT_ERR_REFUSED, STOREFRONT_ERR_UNTRUSTED, UpstreamSilent } from '../errors.js'
import { tags } from '../tags.js'
import {
  type Category,
  CategoryListSchema,
  type Problem,
  ProblemSchema,
  type Product,
  type ProductList,
  ProductListSchema,
  ProductSchema
} from './schemas.js'
import { type Answer, type Upstream } from './upstream.js'

/** Data from the catalog. */
export interface Told<T> {
  readonly body: T
  /** Milliseconds since the epoch. */
  readonly at: number
}

// Milliseconds. Writes invalidate the data at once; the lifetime is for changes without a write.
const FRESH = 60_000
const WHILE_REVALIDATING = 30_000
const LIFETIME = {
  ttl: FRESH,
  staleWhileRevalidate: WHILE_REVALIDATING,
  staleIfError: '6h'
} as const

/** Returns whether the data is only used because the catalog does not answer. */
export const isSaved = ({ at }: Told<unknown>): boolean =>
  Date.now() - at > FRESH + WHILE_REVALIDATING

/** Result of an editor's change. */
export type Change =
  | { readonly kind: 'done', readonly product: Product }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'refused', readonly status: number, readonly problem: Problem }

/** Client of the catalog, with the tags with which its writes invalidate data. */
export class Catalog {
  constructor (
    readonly upstream: Upstream,
    readonly remember: Remember
  ) {}

  /**
   * Returns a product; undefined if the id is unknown.
   * @throws UpstreamSilent
   */
  product (id: number): Promise<Told<Product> | undefined> {
    const path = `/api/products/${id}`
    const options = {
      ...LIFETIME,
      negativeTtl: '10s',
      tags: [tags.everything, tags.product(id)]
    } as const
    return this.remember(
      `catalog:${path}`,
      options,
      async (): Promise<Told<Product> | undefined> => {
        const answer = await this.upstream.call({ path })
        return answer.status === 404 ? undefined : this.#told(ProductSchema, answer)
      }
    )
  }

  /**
   * Returns the product's current state in the database, bypassing all caches: for a change.
   * @throws UpstreamSilent
   */
  async currentProduct (
    id: number
  ): Promise<{ readonly product: Product; readonly etag: string } | undefined> {
    const answer = await this.upstream.call({
      path: `/api/products/${id}`,
      headers: { 'cache-control': 'no-cache' }
    })
    if (answer.status === 404) return undefined
    const { body } = this.#told(ProductSchema, answer)
    return { product: body, etag: answer.etag ?? '' }
  }

  /**
   * Returns all categories, by name.
   * @throws UpstreamSilent
   */
  categories (): Promise<Told<readonly Category[]>> {
    const path = '/api/categories'
    const options = { ...LIFETIME, tags: [tags.everything, tags.categoryList] }
    return this.remember(
      `catalog:${path}`,
      options,
      async (): Promise<Told<readonly Category[]>> => {
        const { body, at } = this.#told(CategoryListSchema, await this.upstream.call({ path }))
        return { body: body.items, at }
      }
    )
  }

  /**
   * Returns a page of a list. It is not cached here: fragments cache the rendered result.
   * @throws UpstreamSilent, STOREFRONT_ERR_REFUSED
   */
  async products (
    query: Readonly<Record<string, string | number | undefined>>
  ): Promise<ProductList> {
    const search = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== '') search.set(name, String(value))
    }
    const answer = await this.upstream.call({ path: `/api/products?${search.toString()}` })
    const { status, body } = answer
    if (status === 400 && Value.Check(ProblemSchema, body)) {
      throw new STOREFRONT_ERR_REFUSED(body.detail)
    }
    return this.#told(ProductListSchema, answer).body
  }

  /**
   * Changes a product as the user of the token, if it still has the entity tag.
   * @throws UpstreamSilent: the change may still have been made
   */
  async change (
    id: number,
    fields: object,
    { etag, token }: { etag: string; token: string }
  ): Promise<Change> {
    const answer = await this.upstream.call({
      method: 'PATCH',
      path: `/api/products/${id}`,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'if-match': etag
      },
      body: JSON.stringify(fields)
    })
    const { status, body } = answer
    if (status === 200) return { kind: 'done', product: this.#told(ProductSchema, answer).body }
    if (status === 412) return { kind: 'conflict' }
    if (status === 404) return { kind: 'gone' }
    return {
      kind: 'refused',
      status,
      problem: Value.Check(ProblemSchema, body)
        ? body
        : { detail: `The catalog answered ${status}.` }
    }
  }

  #told<Schema extends TSchema>(schema: Schema, { status, body }: Answer): Told<Static<Schema>> {
    if (status === 401) throw new STOREFRONT_ERR_UNTRUSTED(this.upstream.name)
    if (status !== 200 || !Value.Check(schema, body)) {
      throw new UpstreamSilent(
        this.upstream.name,
        new Error(`its response with status ${status} is invalid`)
      )
    }
    return { body, at: Date.now() }
  }
}
