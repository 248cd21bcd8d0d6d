import { guardedStore } from '@weir/cache/guarded'
import { redisStore } from '@weir/cache/redis'
import { sqliteStore } from '@weir/cache/sqlite'
import invalidation from '@weir/fastify/invalidation'
import responseCache from '@weir/fastify/response-cache'
import { createOutbox } from '@weir/outbox'
import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'
import { openDatabase } from './database.js'

const { DATABASE_URL, REDIS_URL, CACHE_FILE = '.data/cache.db', PORT = '3000' } = process.env
if (DATABASE_URL === undefined) {
  const example = 'postgres://postgres:secret@127.0.0.1:5432/postgres'
  console.error(`Set DATABASE_URL to a Postgres database, such as ${example}`)
  process.exit(1)
}

const app = Fastify()
const db = await openDatabase(DATABASE_URL)
const outbox = createOutbox({ db, invalidate: (tags) => app.responseCache.invalidate(tags) })
const shared = REDIS_URL === undefined
  ? sqliteStore({ file: CACHE_FILE })
  : redisStore({ url: REDIS_URL })

// The cache is not read while an invalidation waits in the outbox.
await app.register(responseCache, { store: guardedStore(shared, outbox.isDrained), outbox })
await app.register(invalidation, { outbox })
app.addHook('onReady', () => outbox.start())
app.addHook('onClose', async () => {
  await outbox.stop()
  await shared.close()
  await db.destroy()
})

interface ById { Params: { id: string } }

app.get<ById>('/products/:id', {
  config: { cache: { ttl: '1h', tags: ['product:{id}'] } }
}, async ({ params: { id } }, reply) => {
  const product = await db.selectFrom('products').selectAll()
    .where('id', '=', id).executeTakeFirst()
  return product ?? reply.callNotFound()
})

app.put<ById & { Body: { price: number }, Querystring: { crash?: boolean } }>('/products/:id', {
  schema: {
    body: { type: 'object', required: ['price'], properties: { price: { type: 'integer' } } },
    querystring: { type: 'object', properties: { crash: { type: 'boolean' } } }
  }
}, async ({ params: { id }, body: { price }, query }, reply) => {
  const ticket = await db.transaction().execute(async (trx) => {
    await trx.insertInto('products').values({ id, price })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ price })).execute()
    return outbox.add(trx, [`product:${id}`])
  })
  // Demonstration: this process dies after the commit, before any cache has received the
  // invalidation.
  if (query.crash === true) process.kill(process.pid, 'SIGKILL')
  reply.invalidate(ticket)
  return { id, price }
})

closeWithGrace(() => app.close())
console.log(`Listening on ${await app.listen({ host: '127.0.0.1', port: Number(PORT) })}`)
