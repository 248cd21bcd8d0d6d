import { join } from 'node:path'
import type { Store } from '@weir/cache'
import { guardedStore } from '@weir/cache/guarded'
import { memcachedStore } from '@weir/cache/memcached'
import { postgresStore } from '@weir/cache/postgres'
import { redisStore } from '@weir/cache/redis'
import { sqliteStore } from '@weir/cache/sqlite'
import conditional from '@weir/fastify/conditional'
import invalidation from '@weir/fastify/invalidation'
import redis from '@weir/fastify/redis'
import responseCache, { type RouteCacheOptions } from '@weir/fastify/response-cache'
import edgePlugin from '@weir/fastify/edge'
import { createOutbox } from '@weir/outbox'
import { openNotifications } from '@weir/postgres'
import { fastify, type FastifyInstance } from 'fastify'
import { connect, versionsOf } from './database.js'
import { EDGE_SECRET } from './edge-settings.js'
import { asOrigin, Engine } from './engine.js'
import { edgeOf, versionsBehind } from './instance-edge.js'
import { MAX_TAGS, type Resource, RESOURCES } from './resources.js'

/*
 * One instance of a service whose resources, `/versions/0` and so on, are just version numbers in a
 * database that all instances share. `GET` returns the version, `PUT` raises it. The header
 * `x-delay` makes a handler wait for that many ms after it has read the version, or after it has
 * committed a new one; `x-fail` makes it fail. The instance is composed like the catalog, plus the
 * engine without HTTP (engine.ts).
 */
const { MEMCACHED: memcached = '' } = process.env
const {
  DATA_DIR: folder = '.',
  INSTANCE: name = 'a',
  STORE_URL: url = '',
  COMMAND_TIMEOUT: commandTimeout = '100'
} = process.env
// Some expire while others are still fresh, most never.
const TTLS = ['1h', '2s', '10m', '250ms'] as const
const BODY = 'x'.repeat(1024)

// A destination of purges and its address. The other region has its versions from another file.
const { EDGE: edgeKind = '', EDGE_URL: edgeUrl = '', REGION_OF: origin = '' } = process.env
const { DATABASE_URL = '', DATABASE_REPLICA_URL: replica = '' } = process.env
const database = DATABASE_URL === '' ? join(folder, 'versions.db') : DATABASE_URL
const currentVersion = origin === '' ? versionsOf(database, replica) : versionsBehind(origin)
const writer = connect(database, 5000)
const relay = connect(database, 50)
const notifications = DATABASE_URL === '' ? undefined : openNotifications({ url: DATABASE_URL })

async function storeFor (app: FastifyInstance): Promise<Store> {
  if (memcached !== '') {
    return memcachedStore({
      servers: [memcached],
      maxTags: MAX_TAGS,
      commandTimeout: Number(commandTimeout)
    })
  }
  if (url === '') return sqliteStore({ file: join(folder, 'cache.db'), maxTags: MAX_TAGS })
  // Not below the default: a late command costs its connection, and on a busy machine reconnecting
  // takes a while.
  if (url.startsWith('postgres:')) {
    return postgresStore({
      url,
      commandTimeout: Math.max(500, Number(commandTimeout)),
      maxTags: MAX_TAGS
    })
  }
  await app.register(redis, { url, commandTimeout: Number(commandTimeout) })
  return redisStore({ client: app.redis, maxTags: MAX_TAGS })
}

process.on('disconnect', () => process.exit())

const app = fastify()
const isAlone = edgeKind === '' && origin === ''
const edge = isAlone ? undefined : edgeOf(edgeKind, edgeUrl, writer)
const outbox = createOutbox({
  db: relay,
  ...(notifications && { notifications }),
  ...(edge && { edge }),
  invalidate: (tags) => app.responseCache.invalidate(tags)
})
// The outbox of the other cache, in the same table.
const engineOutbox = createOutbox({
  db: relay,
  namespace: 'failures',
  ...(notifications && { notifications }),
  invalidate: (tags) => engine.invalidate(tags)
})
const store = await storeFor(app)
const guarded = guardedStore(store, outbox.isDrained)
const engine = new Engine({
  name,
  store,
  guarded: guardedStore(store, engineOutbox.isDrained),
  outbox: engineOutbox,
  currentVersion,
  writer
})
app.addHook('onReady', async () => { await Promise.all([outbox.start(), engineOutbox.start()]) })
await app.register(conditional)
if (edge !== undefined) {
  const accepts = origin === '' ? {} : { regionSecret: EDGE_SECRET }
  await app.register(edgePlugin, { edge, ...accepts })
}
await app.register(responseCache, { store: guarded, name, origin: 'http://versions', outbox })
await app.register(invalidation, { outbox })

function cacheOptions ({ workload, id, index }: Resource): RouteCacheOptions {
  const atEdge = edge === undefined ? {} : { public: true, edge: '1h' } as const
  const of = { tags: [`version:${id}`], ...atEdge }
  if (workload === 'errors') return { ...of, ttl: '250ms', staleIfError: '1h' }
  if (workload === 'variants') {
    return { ...of, ttl: '250ms', staleWhileRevalidate: index % 2 === 0 ? '1h' : '2s' }
  }
  return { ...of, ttl: TTLS[index % TTLS.length] ?? 0 }
}

function addResource (resource: Resource): void {
  const { id, workload } = resource
  const path = `/versions/${id}`

  app.get(path, { config: { cache: cacheOptions(resource) } }, async (request, reply) => {
    const version = await currentVersion(id)
    await asOrigin(request)
    const language = workload === 'variants' ? request.headers['accept-language'] ?? '' : ''
    if (workload === 'variants') reply.header('vary', 'accept-language')
    reply.header('etag', `"${id}.${version}.${language}"`)
    return { id, version, language, body: BODY }
  })

  app.put(path, async (request, reply) => {
    const { version, ticket } = await writer.transaction().execute(async (trx) => ({
      ...(await trx
        .updateTable('versions')
        .set(({ eb }) => ({ version: eb('version', '+', 1) }))
        .where('id', '=', id)
        .returning('version')
        .executeTakeFirstOrThrow()),
      ticket: await outbox.add(trx, [`version:${id}`])
    }))
    await asOrigin(request)
    reply.invalidate(ticket)
    return { written: [{ id, version }] }
  })
}

for (const resource of RESOURCES) {
  if (['versions', 'variants', 'errors'].includes(resource.workload)) addResource(resource)
}
engine.routes(app)

await app.listen({ port: 0, host: '127.0.0.1' })
const address = app.server.address()
process.send?.({ type: 'ready', port: typeof address === 'object' ? address?.port : undefined })
