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
   * What a write invalidates is committed with it: no crash and no lost Redis comes between them.
   */
  readonly outbox: Outbox
}

/**
 * POST, PUT, PATCH and DELETE of products. If-Match is judged in the write's own transaction: of
 * two writers who read the same version one wins, and the other gets 412.
 */
export const productWriteRoutes: FastifyPluginAsyncTypebox<WriteRoutesOptions> = async (
  app,
  { database, outbox }
) => {
  /**
   * Writes a new version of a product where the request's conditions hold, and with it what that
   * invalidates.
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
        // Before the commit, as the ticket takes its URI from there: the id's 404 may be cached.
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
          "Fields left out get their defaults. If-Match with the ETag that was read makes sure that nobody else's change is lost.",
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
          'As application/merge-patch+json (RFC 7396), null removes a field, which then has its default; a field without one cannot be removed. ' +
          'As application/json, fields have values only.',
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

/** The lists and the page that show it, and the counts where it moved between categories. */
function changed (before: Product, after: Product): string[] {
  const shown = [tags.productLists, tags.product(after.id)]
  return before.categoryId === after.categoryId ? shown : [...shown, tags.categoryList]
}
