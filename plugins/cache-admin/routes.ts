import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify'
import type { Role } from '../auth/index.js'
import { WEIR_ERR_NOT_CACHED, WEIR_ERR_NOT_PURGED, WEIR_ERR_PURGE_TARGET } from '../errors.js'
import type { Invalidated } from '../response-cache/index.js'
import { NoQuery } from '../service/no-query.js'
import { problems } from '../service/problem.js'
import type { AdministeredCache, Located } from './administered.js'
import { keyOfTag } from './key-tags.js'
import { look } from './look.js'
import {
  EntriesQuery,
  EntriesSchema,
  type EntryFound,
  type Purge,
  type Purged,
  PurgedSchema,
  PurgeSchema,
  StatsSchema
} from './schemas.js'

export interface AdminRoutesOptions {
  readonly instance: string
  readonly role: Role
  readonly cache: AdministeredCache
}

// Low limit, because operators click; a program can purge 100 names per request.
const rateLimit = {
  group: 'cache-admin',
  policies: [{ name: 'cache-admin', limit: 10, window: '1s', burst: 20 }]
} as const

export async function adminRoutes (
  app: FastifyInstance,
  { instance, role, cache }: AdminRoutesOptions
): Promise<void> {
  const parts = Object.values(cache.caches)
  const [first] = parts
  if (first === undefined) throw new TypeError('there is no cache to administer')
  const { namespace } = first
  const config = { role, rateLimit } satisfies FastifyContextConfig
  const tags = ['cache']

  // Error responses included.
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store')
    done()
  })

  app.post<{ Body: Purge }>(
    '/invalidations',
    {
      schema: {
        tags,
        summary: 'Invalidate by tags, by URLs, or everything',
        description:
          'Applies to all instances: when this request returns, no instance serves the ' +
          'invalidated responses. Caches at the edge are purged, too. Safe to repeat.',
        querystring: NoQuery,
        body: PurgeSchema,
        response: { 200: PurgedSchema, ...problems }
      },
      config
    },
    async (request): Promise<Purged> => {
      const { body } = request
      if (Object.keys(body).length !== 1) {
        throw about(
          'body',
          '',
          new WEIR_ERR_PURGE_TARGET(),
          'must have exactly one of tags, urls and all'
        )
      }
      if (body.all === true) {
        const memory = parts.reduce((sum, part) => sum + part.stats().l1.entries, 0)
        const unconfirmed = await purged(request, cache.clear())
        return { namespace, instance, tags: [], all: true, dropped: { memory }, unconfirmed }
      }
      const named = body.tags ?? (await tagsOf(body.urls ?? [], request))
      const distinct = [...new Set(named)]
      const memory = parts.reduce((sum, part) => sum + part.countInMemory(distinct), 0)
      const unconfirmed = await purged(
        request, cache.invalidate?.(distinct) ?? first.invalidate(distinct))
      const tags = distinct.map(keyOfTag)
      return { namespace, instance, tags, all: false, dropped: { memory }, unconfirmed }
    }
  )

  app.get<{ Querystring: { url: string } }>(
    '/entries',
    {
      schema: {
        tags,
        summary: 'Entries stored for a URL',
        description:
          'Reads the memory of the responding instance and the store. Inspecting affects ' +
          'neither counters nor entries.',
        querystring: EntriesQuery,
        response: { 200: EntriesSchema, ...problems }
      },
      config
    },
    async (request) => {
      const { url } = request.query
      const found: EntryFound[] = []
      for (const place of await locate(url, request, ['querystring', '/url'])) {
        found.push(...(await look(place)))
      }
      return { url, instance, found }
    }
  )

  app.get(
    '/stats',
    {
      schema: {
        tags,
        summary: 'Cache counters of this instance',
        querystring: NoQuery,
        response: { 200: StatsSchema, ...problems }
      },
      config
    },
    async () => {
      const caches = Object.fromEntries(
        Object.entries(cache.caches).map(([name, part]) => [name, part.stats()])
      )
      return { namespace, instance, caches }
    }
  )

  async function tagsOf (urls: readonly string[], request: FastifyRequest): Promise<string[]> {
    const located = await Promise.all(
      urls.map((url, i) => locate(url, request, ['body', `/urls/${i}`]))
    )
    return located.flat().map(({ tag }) => tag)
  }

  async function locate (
    url: string,
    request: FastifyRequest,
    [part, path]: [part: string, path: string]
  ): Promise<readonly Located[]> {
    const located = await cache.locate(url, request)
    if (located === undefined) {
      throw about(part, path, new WEIR_ERR_NOT_CACHED(url), 'is not answered from the cache')
    }
    return located
  }
}

/**
 * Creates an error about one field in the form of a schema violation: the problem document names
 * the field.
 */
function about<E extends Error> (
  validationContext: string,
  instancePath: string,
  error: E,
  message: string
): E {
  return Object.assign(error, {
    validationContext,
    validation: [{ keyword: 'cache', instancePath, params: {}, message }]
  })
}

/** Returns the caches at the edge that have not confirmed. */
async function purged (
  request: FastifyRequest, invalidation: Promise<Invalidated | void>
): Promise<string[]> {
  try {
    return [...(await invalidation)?.unconfirmed ?? []]
  } catch (cause) {
    request.log.error({ err: cause }, 'the cache could not be reached for a purge')
    throw new WEIR_ERR_NOT_PURGED({ cause })
  }
}
