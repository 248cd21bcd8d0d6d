import type { FastifyInstance } from 'fastify'
import type { Kit } from '../../subject.js'

/** Routes found by `@fastify/autoload`, under the name of their folder. */
export default async function products (
  app: FastifyInstance,
  { kit: { state } }: { readonly kit: Kit }
): Promise<void> {
  app.get<{ Params: { id: string } }>(
    '/:id',
    { config: { cache: { ttl: '1m', public: true } } },
    async ({ params: { id } }) => ({ product: id, version: state.version(`product ${id}`) })
  )
  app.put<{ Params: { id: string } }>('/:id', async ({ params: { id } }) => ({
    version: state.bump(`product ${id}`)
  }))
}
