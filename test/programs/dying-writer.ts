import { join } from 'node:path'
import { guardedStore } from '@weir/cache/guarded'
import { sqliteStore } from '@weir/cache/sqlite'
import invalidation from '@weir/fastify/invalidation'
import responseCache from '@weir/fastify/response-cache'
import { createOutbox } from '@weir/outbox'
import { fastify } from 'fastify'
import { connect } from '../coherence/database.js'

/**
 * An instance of a service with an outbox. Its handlers pass no tags to the outbox: `/versions/0`
 * has none, and `/versions` comes from the route's `config.invalidates`. A PUT that is told to die
 * is killed after its commit, before any client is told.
 */
export async function versionsApp (folder: string) {
  const db = connect(join(folder, 'versions.db'), 5000)
  const app = fastify()
  const outbox = createOutbox({ db, invalidate: (tags) => app.responseCache.invalidate(tags) })
  app.addHook('onReady', () => outbox.start())
  app.addHook('onClose', async () => {
    await outbox.stop()
    await db.destroy()
  })
  const store = guardedStore(sqliteStore({ file: join(folder, 'cache.db') }), outbox.isDrained)
  await app.register(responseCache, { store, origin: 'http://versions', outbox })
  await app.register(invalidation, { outbox })

  const versions = db.selectFrom('versions').select('version').orderBy('id')
  app.get('/versions/0', { config: { cache: { ttl: '1h' } } }, async () => versions.execute())
  app.get('/versions', { config: { cache: { ttl: '1h', tags: ['versions'] } } }, async () =>
    versions.execute()
  )

  app.put('/versions/0', { config: { invalidates: ['versions'] } }, async (request, reply) => {
    const ticket = await db.transaction().execute(async (trx) => {
      await trx
        .updateTable('versions')
        .set(({ eb }) => ({ version: eb('version', '+', 1) }))
        .where('id', '=', 0)
        .execute()
      return outbox.add(trx, [])
    })
    if (request.headers['x-die'] !== undefined) process.kill(process.pid, 'SIGKILL')
    reply.invalidate(ticket)
    return 'done'
  })
  return { app, outbox }
}

// Runs in a process of its own, which writes and dies.
const [, , folder, url] = process.argv
if (folder !== undefined && url !== undefined) {
  const { app } = await versionsApp(folder)
  await app.inject({ method: 'PUT', url, headers: { 'x-die': 'yes' } })
}
