import conditional from '@weir/fastify/conditional'
import invalidation from '@weir/fastify/invalidation'
import rateLimit from '@weir/fastify/rate-limit'
import responseCache from '@weir/fastify/response-cache'
import { memoryStore } from '@weir/cache/memory'
import { memoryStore as limitStore } from '@weir/limiter'
import fastify from 'fastify'
import { type Test } from 'tap'

const TOKEN = 'token-of-an-editor'

/** A shop on a free port, and its counts. */
export interface Shop {
  readonly url: string
  readonly token: string
  /** Requests received, by method and path. */
  readonly arrived: Map<string, number>
  /** Requests computed by handlers, by method and path. */
  readonly computed: Map<string, number>
}

/**
 * Starts an application with the plugins and the paths that the scenarios request; it ends with the
 * test.
 */
export async function startShop (
  t: Test,
  { limit }: { readonly limit?: number } = {}
): Promise<Shop> {
  const app = fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  const arrived = new Map<string, number>()
  const computed = new Map<string, number>()
  const count = (counts: Map<string, number>, method: string, url: string) => {
    const what = `${method} ${url.replace(/\?.*/, '')}`
    counts.set(what, (counts.get(what) ?? 0) + 1)
  }
  app.addHook('onRequest', async ({ method, url }) => {
    count(arrived, method, url)
  })
  if (limit !== undefined) {
    await app.register(rateLimit, { store: limitStore(), limit, window: '1h' })
  }
  await app.register(conditional)
  await app.register(responseCache, { store: memoryStore(), name: 'shop-1' })
  await app.register(invalidation)

  const cache = { ttl: '1m' } as const
  for (const path of [
    '/api/products',
    '/api/products/:id',
    '/api/weather/current',
    '/api/weather/forecast'
  ]) {
    app.get<{ Params: { id?: string } }>(
      path,
      { config: { cache } },
      async ({ method, url, params }) => {
        count(computed, method, url)
        return { id: params.id, price: 1299 }
      }
    )
  }
  app.patch('/api/products/:id', async ({ headers, body }, reply) => {
    if (headers.authorization !== `Bearer ${TOKEN}`) return reply.code(401).send()
    return body
  })
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), token: TOKEN, arrived, computed }
}

export const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0)
