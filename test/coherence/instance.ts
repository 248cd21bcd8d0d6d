import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Store } from '@weir/cache'
import { guardedStore } from '@weir/cache/guarded'
import { redisStore } from '@weir/cache/redis'
import { sqliteStore } from '@weir/cache/sqlite'
import conditional from '@weir/fastify/conditional'
import invalidation from '@weir/fastify/invalidation'
import redis from '@weir/fastify/redis'
import responseCache from '@weir/fastify/response-cache'
import { createOutbox } from '@weir/outbox'
import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify'
import { connect } from './database.js'

/*
 * One instance of a service whose resources, `/versions/0` and so on, have a version and nothing else. They are in a database that all
 * instances share. `GET` answers with the version, `PUT` raises it. The header `x-delay` makes a handler wait for so many ms after it has
 * read the version, or after it has committed a new one. It is put together as the catalog is.
 */
const { DATA_DIR: folder = '.', INSTANCE: name = 'a', REDIS_URL: url = '', RESOURCES: resources = '1' } = process.env
// Some end while others are still good, and most never.
const TTLS = ['1h', '2s', '10m', '250ms'] as const
const BODY = 'x'.repeat(1024)

const reader = connect(join(folder, 'versions.db'), 5000)
const writer = connect(join(folder, 'versions.db'), 5000)
const relay = connect(join(folder, 'versions.db'), 50)

async function store (app: FastifyInstance): Promise<Store> {
  if (url === '') return sqliteStore({ file: join(folder, 'cache.db') })
  await app.register(redis, { url })
  return redisStore({ client: app.redis })
}

async function waitAsTold ({ headers }: FastifyRequest): Promise<void> {
  const ms = Number(headers['x-delay'])
  if (ms > 0) await delay(ms)
}

process.on('disconnect', () => process.exit())

const app = fastify()
const outbox = createOutbox({ db: relay, invalidate: (tags) => app.responseCache.invalidate(tags) })
app.addHook('onReady', () => outbox.start())
await app.register(conditional)
await app.register(responseCache, { store: guardedStore(await store(app), outbox.isDrained), name, origin: 'http://versions', outbox })
await app.register(invalidation, { outbox })

for (let id = 0; id < Number(resources); id++) {
  const tag = `version:${id}`
  const path = `/versions/${id}`

  app.get(path, { config: { cache: { ttl: TTLS[id % TTLS.length] ?? 0, tags: [tag] } } }, async (request, reply) => {
    const { version } = await reader.selectFrom('versions').select('version').where('id', '=', id).executeTakeFirstOrThrow()
    await waitAsTold(request)
    reply.header('etag', `"${id}.${version}"`)
    return { id, version, body: BODY }
  })

  app.put(path, async (request, reply) => {
    const { version, ticket } = await writer.transaction().execute(async (trx) => ({
      ...await trx.updateTable('versions').set(({ eb }) => ({ version: eb('version', '+', 1) })).where('id', '=', id)
        .returning('version').executeTakeFirstOrThrow(),
      ticket: await outbox.add(trx, reply.invalidationTags([tag]))
    }))
    await waitAsTold(request)
    reply.invalidate(ticket)
    return { id, version }
  })
}

await app.listen({ port: 0, host: '127.0.0.1' })
const address = app.server.address()
process.send?.({ type: 'ready', port: typeof address === 'object' ? address?.port : undefined })
