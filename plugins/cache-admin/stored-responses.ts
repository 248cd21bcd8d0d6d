import type { FastifyInstance } from 'fastify'
import { responseSerializer } from '../response-cache/stored-response.js'
import type { AdministeredCache } from './administered.js'
import type { ResponseKeys } from './response-keys.js'

/** The responses of `@weir/fastify/response-cache`, which are found by the URL itself. */
export function storedResponses (app: FastifyInstance, keys: ResponseKeys): AdministeredCache {
  const { cache } = app.responseCache
  return {
    caches: { responses: cache },
    serializer: responseSerializer,
    async locate (url, request) {
      const address = await keys.of(url, request)
      return address && [{ cache, ...address }]
    },
    clear: () => cache.clear()
  }
}
