import type { FastifyInstance } from 'fastify'
import { WEIR_ERR_REGISTERED_TWICE } from '../errors.js'
import type { AdministeredCache } from './administered.js'
import { ResponseKeys } from './response-keys.js'

/** The responses of `@weir/fastify/response-cache`, which are found by the URL itself. */
export function storedResponses (app: FastifyInstance, plugin: string): AdministeredCache {
  if (app.hasDecorator('cacheAdmin')) throw new WEIR_ERR_REGISTERED_TWICE(plugin, 'an application has one cache of responses')
  const { cache } = app.responseCache
  const keys = new ResponseKeys(app)
  app.decorate('cacheAdmin', { keyOf: (url, asking) => keys.of(url, asking) })
  app.addHook('onRoute', (route) => {
    if (![route.method].flat().includes('GET')) return
    route.onRequest = [keys.hook(route), ...[route.onRequest ?? []].flat()]
  })
  return {
    caches: { responses: cache },
    async locate (url, request) {
      const address = await keys.of(url, request)
      return address && [{ cache, ...address }]
    },
    clear: () => cache.clear()
  }
}
