import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import { memoryStore } from '@weir/cache/memory'
import conditional from '../../conditional/index.js'
import invalidation from '../../invalidation/index.js'
import responseCache, { type ResponseCacheOptions } from '../../response-cache/index.js'

/**
 * Returns an application with the caching plugins, in the order of the README, closed with the
 * test.
 */
export async function cachedApp (
  t: Test, options: Partial<ResponseCacheOptions> = {}, server: FastifyServerOptions = {}
): Promise<FastifyInstance> {
  const app = Fastify(server)
  t.teardown(() => app.close())
  await app.register(conditional)
  await app.register(responseCache, {
    store: memoryStore(),
    origin: 'http://shop.test',
    ...options
  })
  await app.register(invalidation)
  return app
}

/**
 * Returns a promise and the function that settles it: the test decides when a handler continues.
 */
export function gate () {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => { open = resolve })
  return { open, opened }
}

/**
 * Resolves when `count` requests with `x-counted` have reached the routes' own hooks, which run in
 * the same turn: requests that wait for a fill are waiting by then. Call it before the first
 * request.
 */
export function arrivals (app: FastifyInstance, count: number): Promise<void> {
  const { open, opened } = gate()
  let arrived = 0
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.headers['x-counted'] !== undefined && ++arrived === count) open()
    done()
  })
  return opened
}

export const counted = (url: string) => ({ url, headers: { 'x-counted': '1' } })
