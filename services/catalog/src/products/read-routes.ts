import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { NoQuery, problems } from '@weir/fastify/service'
import { Value } from 'typebox/value'
import { atEdge } from '../edge.js'
import { lookUpCategory } from '../categories/store.js'
import { type CatalogDatabase } from '../db/open.js'
import { pageAndCursor, pageTooDeep, priceRangeReversed, unknownCategory } from '../errors.js'
import { tags } from '../tags.js'
import { forEverybody, sendValidators } from '../validators.js'
import { cursorAfter, readCursor } from './cursor.js'
import { linkToNext } from './link.js'
import { listProducts } from './list.js'
import {
  DEEPEST_ROW,
  ProductId,
  ProductList,
  ProductListQuerySchema,
  ProductSchema
} from './schemas.js'
import { findProduct } from './store.js'

/** Routes GET /api/products and /api/products/:id. */
export const productReadRoutes: FastifyPluginAsyncTypebox<{ database: CatalogDatabase }> = async (
  app,
  { database }
) => {
  app.get(
    '/api/products',
    {
      schema: {
        tags: ['products'],
        summary: 'List products',
        description:
          'One page of the products that pass all given filters. An unknown category is a 400, ' +
          'not an empty list. Select pages by number with `page`, or follow `next` (also a ' +
          'Link with rel="next") with `after`: then products written in between neither repeat ' +
          'nor skip others, and the last page costs no more than the first.',
        querystring: ProductListQuerySchema,
        response: { 200: ProductList, ...problems }
      },
      config: {
        examples: [
          '/api/products?limit=20',
          '/api/products?category=cookware&sort=price',
          '/api/products?q=iron'
        ],
        cache: {
          ...atEdge(app),
          public: true,
          ttl: '60s',
          staleWhileRevalidate: '30s',
          staleIfError: '10m',
          tags: [tags.everything, tags.productLists]
        },
        rateLimit: { cost: 2 }
      },
      // Runs before the schema gives every request a page.
      preValidation (request, _reply, done) {
        done('after' in request.query && 'page' in request.query ? pageAndCursor() : undefined)
      }
    },
    async ({ query: { page, limit, after: cursor, ...scope } }, reply) => {
      const { category: slug, ...filter } = scope
      if (page * limit > DEEPEST_ROW) throw pageTooDeep(DEEPEST_ROW)
      if (
        filter.minPrice !== undefined &&
        filter.maxPrice !== undefined &&
        filter.minPrice > filter.maxPrice
      ) { throw priceRangeReversed() }
      const after = cursor === undefined ? undefined : readCursor(cursor, scope)
      const category = slug === undefined ? undefined : await lookUpCategory(database.read, slug)
      if (slug !== undefined && category === undefined) throw unknownCategory('category', slug)
      const { items, hasMore, total } = await listProducts(database.read, {
        ...filter,
        page,
        limit,
        after,
        categoryId: category?.id
      })
      const last = items.at(-1)
      const next = hasMore && last !== undefined ? cursorAfter(last, scope) : null
      reply.header('cache-control', forEverybody)
      if (next !== null) reply.header('link', linkToNext(next, { limit, ...scope }))
      return {
        items,
        limit,
        next,
        ...(total !== undefined && { page, total, pages: Math.ceil(total / limit) })
      }
    }
  )

  app.get(
    '/api/products/:id',
    {
      schema: {
        tags: ['products'],
        summary: 'Read a product',
        params: ProductId,
        querystring: NoQuery,
        response: { 200: ProductSchema, ...problems }
      },
      config: {
        examples: ['/api/products/1'],
        cache: {
          ...atEdge(app),
          public: true,
          ttl: '60s',
          staleWhileRevalidate: '30s',
          staleIfError: '10m',
          negative: '10s',
          // Called for refused requests too.
          tags: ({ params }) =>
            Value.Check(ProductId, params) ? [tags.everything, tags.product(params.id)] : []
        }
      }
    },
    async ({ params: { id } }, reply) => {
      const product = await findProduct(database.read, id)
      sendValidators(reply, product)
      reply.header('cache-control', forEverybody)
      return product
    }
  )
}
