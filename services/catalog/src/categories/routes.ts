import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { NoQuery, problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { atEdge } from '../edge.js'
import { forEditors } from '../access.js'
import { type WriteRoutesOptions } from '../products/write-routes.js'
import { tags } from '../tags.js'
import { forEverybody, sendValidators, validatorsOf } from '../validators.js'
import { CategoryInputSchema, CategoryList, CategorySchema, CategorySlug } from './schemas.js'
import {
  deleteCategory,
  findCategory,
  insertCategory,
  listCategories,
  replaceCategory
} from './store.js'

/** All routes under /api/categories. */
export const categoryRoutes: FastifyPluginAsyncTypebox<WriteRoutesOptions> = async (
  app,
  { database, outbox }
) => {
  app.get(
    '/api/categories',
    {
      schema: {
        tags: ['categories'],
        summary: 'List all categories, with the number of products in each',
        querystring: NoQuery,
        response: { 200: CategoryList, ...problems }
      },
      config: {
        cache: {
          ...atEdge(app),
          public: true,
          ttl: '60s',
          staleWhileRevalidate: '30s',
          staleIfError: '10m',
          tags: [tags.everything, tags.categoryList]
        }
      }
    },
    async (_request, reply) => {
      const items = await listCategories(database.read)
      reply.header('cache-control', forEverybody)
      return { items }
    }
  )

  app.get(
    '/api/categories/:slug',
    {
      schema: {
        tags: ['categories'],
        summary: 'Read a category',
        params: CategorySlug,
        querystring: NoQuery,
        response: { 200: CategorySchema, ...problems }
      },
      config: {
        examples: ['/api/categories/cookware'],
        cache: {
          ...atEdge(app),
          public: true,
          ttl: '60s',
          staleWhileRevalidate: '30s',
          staleIfError: '10m',
          negative: '10s',
          // Called for refused requests too.
          tags: ({ params }) =>
            Value.Check(CategorySlug, params) ? [tags.everything, tags.category(params.slug)] : []
        }
      }
    },
    async ({ params: { slug } }, reply) => {
      const category = await findCategory(database.read, slug)
      sendValidators(reply, category)
      reply.header('cache-control', forEverybody)
      return category
    }
  )

  app.post(
    '/api/categories',
    {
      schema: {
        tags: ['categories'],
        summary: 'Create a category',
        querystring: NoQuery,
        body: CategoryInputSchema,
        response: { 201: CategorySchema, ...problems }
      },
      config: forEditors
    },
    async ({ body }, reply) => {
      const { category, ticket } = await database.write(async (transaction) => {
        const category = await insertCategory(transaction, body)
        // Set before the commit, because the ticket reads its URI from there: the 404 of the slug
        // may be cached.
        reply.header('location', `/api/categories/${category.slug}`)
        return {
          category,
          ticket: await outbox.add(transaction, [tags.categoryList, tags.category(category.slug)])
        }
      })
      reply.invalidate(ticket)
      sendValidators(reply, category)
      return reply.code(201).send(category)
    }
  )

  app.put(
    '/api/categories/:slug',
    {
      schema: {
        tags: ['categories'],
        summary: 'Replace a category, including its slug',
        params: CategorySlug,
        querystring: NoQuery,
        body: CategoryInputSchema,
        response: { 200: CategorySchema, ...problems }
      },
      config: forEditors
    },
    async (request, reply) => {
      const {
        params: { slug },
        body
      } = request
      const { category, ticket } = await database.write(async (transaction) => {
        const before = await findCategory(transaction, slug)
        request.checkPreconditions(validatorsOf(before))
        const category = await replaceCategory(transaction, before.id, body)
        // Lists of products are requested by slug.
        const renamed =
          category.slug === slug ? [] : [tags.category(category.slug), tags.productLists]
        const ticket = await outbox.add(transaction, [
          tags.categoryList,
          tags.category(slug),
          ...renamed
        ])
        return { category, ticket }
      })
      reply.invalidate(ticket)
      sendValidators(reply, category)
      return category
    }
  )

  app.delete(
    '/api/categories/:slug',
    {
      schema: {
        tags: ['categories'],
        summary: 'Delete a category without products',
        params: CategorySlug,
        querystring: NoQuery,
        response: { 204: Type.Null({ description: 'Deleted' }), ...problems }
      },
      config: forEditors
    },
    async (request, reply) => {
      const {
        params: { slug }
      } = request
      reply.invalidate(
        await database.write(async (transaction) => {
          const category = await findCategory(transaction, slug)
          request.checkPreconditions(validatorsOf(category))
          await deleteCategory(transaction, category)
          return await outbox.add(transaction, [
            tags.categoryList,
            tags.productLists,
            tags.category(slug)
          ])
        })
      )
      return reply.code(204).send(null)
    }
  )
}
