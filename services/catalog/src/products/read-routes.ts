import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { NoQuery, problems } from '@weir/fastify/service'
import { Value } from 'typebox/value'
import { lookUpCategory } from '../categories/store.js'
import { type CatalogDatabase } from '../db/open.js'
import { pageTooDeep, priceRangeReversed, unknownCategory } from '../errors.js'
import { tags } from '../tags.js'
import { forEverybody, sendValidators } from '../validators.js'
import { listProducts } from './list.js'
import { DEEPEST_ROW, ProductId, ProductList, ProductListQuerySchema, ProductSchema } from './schemas.js'
import { findProduct } from './store.js'

/** GET /api/products and /api/products/:id. */
export const productReadRoutes: FastifyPluginAsyncTypebox<{ database: CatalogDatabase }> = async (app, { database }) => {
  app.get('/api/products', {
    schema: {
      tags: ['products'],
      summary: 'List products',
      description: 'One page of the products that pass all given filters. An unknown category is a 400, not an empty list.',
      querystring: ProductListQuerySchema,
      response: { 200: ProductList, ...problems }
    },
    config: {
      cache: { public: true, ttl: '60s', staleWhileRevalidate: '30s', staleIfError: '10m', tags: [tags.everything, tags.productLists] },
      rateLimit: { cost: 2 }
    }
  }, async ({ query: { category: slug, ...filter } }, reply) => {
    const { page, limit, minPrice, maxPrice } = filter
    if (page * limit > DEEPEST_ROW) throw pageTooDeep(DEEPEST_ROW)
    if (minPrice !== undefined && maxPrice !== undefined && minPrice > maxPrice) throw priceRangeReversed()
    const category = slug === undefined ? undefined : await lookUpCategory(database.read, slug)
    if (slug !== undefined && category === undefined) throw unknownCategory('category', slug)
    const { items, total } = await listProducts(database.read, { ...filter, categoryId: category?.id })
    reply.header('cache-control', forEverybody)
    return { items, page, limit, total, pages: Math.ceil(total / limit) }
  })

  app.get('/api/products/:id', {
    schema: {
      tags: ['products'],
      summary: 'Read a product',
      params: ProductId,
      querystring: NoQuery,
      response: { 200: ProductSchema, ...problems }
    },
    config: {
      cache: {
        public: true,
        ttl: '60s',
        staleWhileRevalidate: '30s',
        staleIfError: '10m',
        negative: '10s',
        // Asked for refused requests too.
        tags: ({ params }) => Value.Check(ProductId, params) ? [tags.everything, tags.product(params.id)] : []
      }
    }
  }, async ({ params: { id } }, reply) => {
    const product = await findProduct(database.read, id)
    sendValidators(reply, product)
    reply.header('cache-control', forEverybody)
    return product
  })
}
