import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { Type } from 'typebox'
import { z } from 'zod'
import type { Subject } from '../subject.js'

const QUERIES = [
  '',
  '?page=2',
  '?page=02',
  '?page=0',
  '?sort=name&page=2',
  '?page=2&sort=name',
  '?tags=a&tags=b',
  '?page=x'
]

/** `fastify-type-provider-zod`: schemas that coerce, default and transform. */
export const zods: Subject = {
  name: 'zod',
  async plugins () {},
  async routes (app, { state }) {
    await app.register(async (child) => {
      child.setValidatorCompiler(validatorCompiler).setSerializerCompiler(serializerCompiler)
      const querystring = z.object({
        page: z.coerce.number().int().min(1).default(1),
        sort: z.enum(['name', 'price']).optional(),
        tags: z
          .union([z.string(), z.array(z.string())])
          .transform((tags) => [tags].flat())
          .optional()
      })
      const response = { 200: z.object({ version: z.number(), query: z.string() }) }
      child.get(
        '/catalog',
        {
          schema: { querystring, response },
          config: { cache: { ttl: '1m', public: true, tags: ['item:1'] } }
        },
        async (request) => ({
          version: state.version('1'),
          query: JSON.stringify(request.query, ['page', 'sort', 'tags']),
          more: 'not in the schema'
        })
      )
    })
  },
  targets: [{ path: '/catalog', isCached: true, isShared: true, queries: QUERIES }]
}

/** `@fastify/type-provider-typebox` with its own compiler. */
export const typeboxes: Subject = {
  name: 'typebox',
  async plugins (app) {
    app.setValidatorCompiler(TypeBoxValidatorCompiler)
  },
  routes (app, { state }) {
    const querystring = Type.Object({
      page: Type.Integer({ minimum: 1, default: 1 }),
      sort: Type.Optional(Type.String())
    })
    app.get(
      '/catalog',
      {
        schema: { querystring },
        config: { cache: { ttl: '1m', public: true, tags: ['item:1'] } }
      },
      async (request) =>
        // Requests with equal declared parameters are equal, in any order.
        ({ version: state.version('1'), query: JSON.stringify(request.query, ['page', 'sort']) })
    )
  },
  targets: [{ path: '/catalog', isCached: true, isShared: true, queries: QUERIES }]
}
