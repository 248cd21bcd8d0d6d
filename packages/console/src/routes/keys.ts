import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { CacheError, type ListedKey, type Store } from '@weir/cache'
import { clientOf } from '@weir/fastify/journal'
import { NoQuery, problems } from '@weir/fastify/service'
import {
  CONSOLE_ERR_CANNOT_LIST,
  CONSOLE_ERR_KEYS,
  CONSOLE_ERR_NO_CACHE,
  CONSOLE_ERR_NO_ENTRY,
  CONSOLE_ERR_STORE
} from '../errors.js'
import { type Collector } from '../collector/collector.js'
import { purgeEdges } from '../edge/ask.js'
import { edgesOf } from '../edge/edges.js'
import { type Requests } from '@weir/metrics'
import { type Authorize, guard } from '../guard.js'
import type { Purges } from '../journal/purges.js'
import { Entries, type FoundEntry, TooManyNamespaces } from '../keys/entries.js'
import { stateOf } from '../keys/filter.js'
import { previewOf } from '../keys/preview.js'
import { nameOf } from '../keys/response-key.js'
import {
  EntryQuery,
  EntrySchema,
  InvalidationBody,
  InvalidationSchema,
  KeysQuery,
  KeysSchema,
  NamespacesSchema
} from './keys-schemas.js'

export interface KeysRoutesOptions {
  readonly authorize: Authorize
  /** The store of the caches. If undefined, the routes answer that there is none. */
  readonly store: Store | undefined
  readonly collector: Pick<Collector, 'presences'>
  /** Takes requests to purge edges; if undefined, none can be sent. */
  readonly requests: Requests | undefined
  /** Records invalidations; if undefined, there is no journal. */
  readonly purges: Purges | undefined
}

/**
 * The keys of caches: GET /api/stats/namespaces, /api/stats/keys and /api/stats/keys/entry for
 * clients that may inspect, POST /api/stats/invalidations for those that may invalidate.
 */
export const keysRoutes: FastifyPluginAsyncTypebox<KeysRoutesOptions> = async (
  app,
  { authorize, store, collector, requests, purges }
) => {
  const entries = store && new Entries(store)
  const inspecting = { preParsing: guard(authorize, 'inspect') }

  app.get('/api/stats/namespaces', {
    ...inspecting,
    schema: {
      tags: ['stats'],
      summary: 'Namespaces of caches in the store',
      querystring: NoQuery,
      response: { 200: NamespacesSchema, ...problems }
    }
  }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    const found = await asked(entries, (entries) => entries.namespaces())
    if (found === undefined) throw new CONSOLE_ERR_CANNOT_LIST()
    return { namespaces: [...found.names], complete: found.complete }
  })

  app.get('/api/stats/keys', {
    ...inspecting,
    schema: {
      tags: ['stats'],
      summary: 'Keys of a cache, page by page',
      description:
        'A page has about limit keys, but may have fewer or none if few keys match. ' +
        'Request pages until cursor is null. Inspecting affects neither counters nor entries.',
      querystring: KeysQuery,
      response: { 200: KeysSchema, ...problems }
    }
  }, async ({ query }, reply) => {
    reply.header('cache-control', 'no-store')
    const { namespace, cursor, limit = 50, ...filter } = query
    const page = await asked(entries, (entries) =>
      entries.list(namespace, filter, { cursor, limit }))
    const now = Date.now()
    return {
      namespace,
      keys: page.keys.map((listed) => ({ key: listed.key, ...describe(listed, now) })),
      cursor: page.cursor ?? null,
      examined: page.examined
    }
  })

  app.get('/api/stats/keys/entry', {
    ...inspecting,
    schema: {
      tags: ['stats'],
      summary: 'One entry of a cache',
      querystring: EntryQuery,
      response: { 200: EntrySchema, ...problems }
    }
  }, async ({ query: { namespace, key } }, reply) => {
    reply.header('cache-control', 'no-store')
    const found = await asked(entries, (entries) => entries.find(namespace, key))
    if (found === undefined) throw new CONSOLE_ERR_NO_ENTRY()
    const { entry } = found
    return {
      namespace,
      key,
      ...describe({ key, ...found }, Date.now()),
      errorUntil: entry === undefined ? null : timeOf(entry.errorUntil),
      costMs: entry === undefined ? null : entry.cost / 1000,
      response: responseOf(found),
      preview: previewOf(found)
    }
  })

  app.post('/api/stats/invalidations', {
    preParsing: guard(authorize, 'invalidate'),
    schema: {
      tags: ['stats'],
      summary: 'Invalidate entries of a cache by tags or keys',
      description:
        'When this request returns, no instance serves the invalidated entries. Instances are ' +
        'asked to purge the caches at the edge.',
      querystring: NoQuery,
      body: InvalidationBody,
      response: { 200: InvalidationSchema, ...problems }
    }
  }, async (request, reply) => {
    const { namespace, tags = [], keys = [] } = request.body
    reply.header('cache-control', 'no-store')
    if (tags.length + keys.length === 0) {
      throw new CONSOLE_ERR_KEYS('Nothing to invalidate: give tags or keys')
    }
    const began = performance.now()
    const made = await asked(entries, (entries) => entries.invalidate(namespace, tags, keys))
    const tookMs = Math.round(performance.now() - began)
    await purges?.record(namespace, made, {
      method: request.method, url: request.url, id: request.id, client: clientOf(request)
    })
    const edges = edgesOf(collector.presences.map(({ state }) => state))
    const edge = await purgeEdges(requests, edges, { namespace, tags, keys })
    return { namespace, tags, keys, tookMs, edge }
  })
}

/** Calls the store and maps its errors to a status. */
async function asked<R> (
  entries: Entries | undefined,
  ask: (entries: Entries) => Promise<R>
): Promise<R> {
  if (entries === undefined) throw new CONSOLE_ERR_NO_CACHE()
  try {
    return await ask(entries)
  } catch (error) {
    if (error instanceof TooManyNamespaces) throw new CONSOLE_ERR_STORE(error.message)
    if (!(error instanceof CacheError)) throw error
    if (error.code === 'WEIR_CACHE_CANNOT_LIST') throw new CONSOLE_ERR_CANNOT_LIST()
    if (error.code.startsWith('WEIR_CACHE_INVALID_')) throw new CONSOLE_ERR_KEYS(error.message)
    const reason = error.cause instanceof Error ? error.cause.message : error.message
    throw Object.assign(new CONSOLE_ERR_STORE(reason), { cause: error })
  }
}

// The latest time a Date can represent. Entries without expiry or staleness lie beyond it.
const LATEST = 8_640_000_000_000_000
const timeOf = (time: number) => time > 0 && time <= LATEST ? Math.round(time) : null

function describe (listed: ListedKey, now: number) {
  const { entry, bytes } = listed
  const name = nameOf(listed.key)
  return {
    state: stateOf(listed, now),
    bytes,
    tags: entry === undefined ? [] : entry.tags.filter((tag) => !tag.startsWith('\u0001')),
    storedAt: entry === undefined ? null : timeOf(entry.storedAt),
    freshUntil: entry === undefined ? null : timeOf(entry.freshUntil),
    staleUntil: entry === undefined ? null : timeOf(entry.staleUntil),
    filledBy: entry?.filledBy || null,
    url: name?.url ?? null,
    route: name?.route ?? null,
    selects: [...(name?.selects ?? [])]
  }
}

function responseOf (found: FoundEntry) {
  if (found.cache !== 'response') return null
  const response = found.entry.value
  if (response.isSignpost) return null
  const headers = Object.entries(response.toHeaders()).flatMap(([name, values]) =>
    [values].flat().map((value) => ({ name, value })))
  return { status: response.status, headers }
}
