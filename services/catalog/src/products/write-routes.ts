import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { NoQuery, problems } from '@weir/fastify/service'
import { type Outbox } from '@weir/outbox'
import { type FastifyRequest } from 'fastify'
import { type Transaction } from 'kysely'
import { type Static, Type } from 'typebox'
import { forEditors } from '../access.js'
import { type CatalogDatabase } from '../db/open.js'
import { type CatalogSchema, type Product } from '../db/schema.js'
import { tags } from '../tags.js'
import { sendValidators, validatorsOf } from '../validators.js'
import {
  ProductId,
  ProductInputSchema,
  type ProductMergePatch,
  ProductMergePatchSchema,
  ProductPatchSchema,
  ProductSchema
} from './schemas.js'
import {
  deleteProduct,
  findProduct,
  insertProduct,
  replaceProduct,
  updateProduct,
  withDefaults
} from './store.js'

export interface WriteRoutesOptions {
  readonly database: CatalogDatabase
  /**
   * Outbox that commits invalidations with their writes, so that neither a crash nor a Redis outage
   * loses one.
   */
  readonly outbox: Outbox
}

/**
 * Routes POST, PUT, PATCH and DELETE of products. If-Match is evaluated in the write's own
 * transaction: of two writers who read the same version one succeeds, and the other gets 412.
 */
export const productWriteRoutes: FastifyPluginAsyncTypebox<WriteRoutesOptions> = async (
  app,
  { database, outbox }
) => {
  /**
   * Writes a new version of a product if the request's conditions hold, together with the
   * invalidation.
   */
  const change = (
    request: FastifyRequest,
    id: number,
    write: (transaction: Transaction<CatalogSchema>) => Promise<Product>
  ) =>
    database.write(async (transaction) => {
      const before = await findProduct(transaction, id)
      request.checkPreconditions(validatorsOf(before))
      const product = await write(transaction)
      return { product, ticket: await outbox.add(transaction, changed(before, product)) }
    })

  app.post(
    '/api/products',
    {
      schema: {
        tags: ['products'],
        summary: 'Create a product',
        querystring: NoQuery,
        body: ProductInputSchema,
        response: { 201: ProductSchema, ...problems }
      },
      config: forEditors
    },
    async ({ body }, reply) => {
      const { product, ticket } = await database.write(async (transaction) => {
        const product = await insertProduct(transaction, body)
        // Set before the commit, because the ticket reads its URI from there: the 404 of the id may
        // be cached.
        reply.header('location', `/api/products/${product.id}`)
        const ticket = await outbox.add(transaction, [
          tags.productLists,
          tags.product(product.id),
          tags.categoryList
        ])
        return { product, ticket }
      })
      reply.invalidate(ticket)
      sendValidators(reply, product)
      return reply.code(201).send(product)
    }
  )

  app.put(
    '/api/products/:id',
    {
      schema: {
        tags: ['products'],
        summary: 'Replace a product',
        description:
          'Omitted fields get their defaults. If-Match with the current ETag prevents ' +
          'overwriting concurrent changes.',
        params: ProductId,
        querystring: NoQuery,
        body: ProductInputSchema,
        response: { 200: ProductSchema, ...problems }
      },
      config: forEditors
    },
    async (request, reply) => {
      const {
        params: { id },
        body
      } = request
      const { product, ticket } = await change(request, id, (transaction) =>
        replaceProduct(transaction, id, body)
      )
      reply.invalidate(ticket)
      sendValidators(reply, product)
      return product
    }
  )

  app.patch<{ Params: Static<typeof ProductId>; Body: ProductMergePatch }>(
    '/api/products/:id',
    {
      schema: {
        tags: ['products'],
        summary: 'Change some fields of a product',
        description:
          'With application/merge-patch+json (RFC 7396), null removes a field, which resets it ' +
          'to its default; a field without a default cannot be removed. With application/json, ' +
          'null is not allowed.',
        params: ProductId,
        querystring: NoQuery,
        body: {
          content: {
            'application/merge-patch+json': { schema: ProductMergePatchSchema },
            'application/json': { schema: ProductPatchSchema }
          }
        },
        response: { 200: ProductSchema, ...problems }
      },
      config: forEditors
    },
    async (request, reply) => {
      const {
        params: { id },
        body
      } = request
      const { product, ticket } = await change(request, id, (transaction) =>
        updateProduct(transaction, id, withDefaults(body))
      )
      reply.invalidate(ticket)
      sendValidators(reply, product)
      return product
    }
  )

  app.delete(
    '/api/products/:id',
    {
      schema: {
        tags: ['products'],
        summary: 'Delete a product',
        params: ProductId,
        querystring: NoQuery,
        response: { 204: Type.Null({ description: 'Deleted' }), ...problems }
      },
      config: forEditors
    },
    async (request, reply) => {
      const {
        params: { id }
      } = request
      reply.invalidate(
        await database.write(async (transaction) => {
          request.checkPreconditions(validatorsOf(await findProduct(transaction, id)))
          await deleteProduct(transaction, id)
          return await outbox.add(transaction, [
            tags.productLists,
            tags.product(id),
            tags.categoryList
          ])
        })
      )
      return reply.code(204).send(null)
    }
  )
}

/**
 * Returns the tags of a changed product: its lists and its page, and the counts if it has moved
 * between categories.
 */
function changed (before: Product, after: Product): string[] {
  const shown = [tags.productLists, tags.product(after.id)]
  return before.categoryId === after.categoryId ? shown : [...shown, tags.categoryList]
}
