import { type Cache, CacheError } from '@weir/cache'
import type { QueryVariance } from '@weir/http'
import type { FastifyInstance } from 'fastify'
import { WEIR_ERR_REGISTERED_TWICE } from '../errors.js'
import type { AdministeredCache } from './administered.js'
import { type ResponseAddress, ResponseKeys } from './response-keys.js'
import type { StoredResponse } from '../response-cache/stored-response.js'

/** Administers the responses of `@weir/fastify/response-cache`, found by the URL itself. */
export function storedResponses (app: FastifyInstance, plugin: string): AdministeredCache {
  if (app.hasDecorator('cacheAdmin')) {
    throw new WEIR_ERR_REGISTERED_TWICE(plugin, 'an application has one cache of responses')
  }
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
      return address && (await withRuled(cache, address)).map((place) => ({ cache, ...place }))
    },
    invalidate: (tags) => app.responseCache.invalidate(tags),
    clear: () => app.responseCache.clear()
  }
}

type Inspecting = Pick<Cache<StoredResponse>, 'inspect'>

/**
 * Returns the URL's own address and those from No-Vary-Search: the path's, and that of the URL's
 * own last response.
 */
async function withRuled (cache: Inspecting, address: ResponseAddress): Promise<ResponseAddress[]> {
  if (address.rule === undefined) return [address]
  const rules = await Promise.all([address.rule, address.key].map((key) => rulesAt(cache, key)))
  const ruled = rules.flat().map((rule) => address.ruled(rule))
  return [...new Map([address, ...ruled].map((place) => [place.key, place])).values()]
}

async function rulesAt (cache: Inspecting, key: string): Promise<QueryVariance[]> {
  try {
    const { memory, store } = await cache.inspect(key)
    return [memory, store].flatMap((found) => found?.entry.value.ruledBy?.rule ?? [])
  } catch (error) {
    // The error is reported when the entries are read.
    if (error instanceof CacheError) return []
    throw error
  }
}
