import type { RouteCacheOptions } from '@weir/fastify/response-cache'
import type { FastifyInstance } from 'fastify'
import { productJson } from './product.js'

/**
 * Registers the cached route that every scenario reads, with the headers of a shop's product.
 * Returns a function that counts the runs of its handler.
 */
export function productRoute (
  app: FastifyInstance, bytes: number, atEdge: RouteCacheOptions = {}
): () => number {
  let runs = 0
  app.get<{ Params: { id: string } }>(
    '/products/:id',
    {
      config: {
        cache: { ...atEdge, ttl: '1h', tags: (request) => ['products', `product:${idOf(request.params)}`] }
      }
    },
    (request, reply) => {
      runs++
      const { id } = request.params
      reply
        .header('content-type', 'application/json; charset=utf-8')
        .header('etag', etagOf(id))
        .header('last-modified', new Date(Date.UTC(2026, 0) + Number(id) * 60_000).toUTCString())
        .send(productJson(id, bytes))
    }
  )
  return () => runs
}

/** The entity tag of a product. */
export const etagOf = (id: string): string => `"${id}-42"`

const idOf = (params: unknown): string =>
  typeof params === 'object' && params !== null && 'id' in params ? String(params.id) : ''
