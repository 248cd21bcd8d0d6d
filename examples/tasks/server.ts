import { guardedStore } from '@weir/cache/guarded'
import { memoryStore } from '@weir/cache/memory'
import auth, { createApiKey, type StoredApiKey } from '@weir/fastify/auth'
import invalidation from '@weir/fastify/invalidation'
import responseCache from '@weir/fastify/response-cache'
import { createOutbox } from '@weir/outbox'
import closeWithGrace from 'close-with-grace'
import Fastify, { type FastifyRequest } from 'fastify'
import { counts, openDatabase } from './database.js'
import { createTaskCaches, createTaskList } from './tasks.js'

const { PORT = '3000' } = process.env
const app = Fastify()
const db = await openDatabase(':memory:')

// Invalidations commit with the data, and are delivered to all caches.
const outbox = createOutbox({
  db,
  invalidate: (tags) => Promise.all(
    [caches.queries, caches.tasks, app.responseCache].map((cache) => cache.invalidate(tags)))
})
const store = guardedStore(memoryStore(), outbox.isDrained)
const caches = createTaskCaches(store)
const tasks = createTaskList(db, outbox, caches)

// A real application keeps the hashes in its database.
const [ann, ben] = [createApiKey('ann'), createApiKey('ben')]
const keys = new Map<string, StoredApiKey>([
  ['ann', { hash: ann.hash, user: { id: 'ann', role: 'editor' } }],
  ['ben', { hash: ben.hash, user: { id: 'ben', role: 'editor' } }]
])
await app.register(auth, { apiKeys: (id) => keys.get(id) })
await app.register(responseCache, { store, outbox })
await app.register(invalidation, { outbox })
app.addHook('onReady', () => outbox.start())
app.addHook('onClose', async () => {
  await outbox.stop()
  await db.destroy()
})

/** Returns the user of a route with a role. */
function ownerOf ({ user }: FastifyRequest): string {
  if (user === null) throw new Error('This route has no role')
  return user.id
}

interface ById { Params: { id: number } }
const taskOf = (request: FastifyRequest<ById>) =>
  ({ owner: ownerOf(request), id: request.params.id })
const byId = { params: { type: 'object', properties: { id: { type: 'integer' } } } }

// Private: the API key keeps the response out of the cache, although the route is cached.
app.get('/tasks', {
  config: { role: 'reader', cache: { ttl: '1m' } }
}, async (request) => tasks.list(ownerOf(request)))

app.get<ById>('/tasks/:id', {
  schema: byId,
  config: { role: 'reader' }
}, async (request, reply) => await tasks.find(taskOf(request)) ?? reply.callNotFound())

app.post<{ Body: { title: string } }>('/tasks', {
  schema: {
    body: { type: 'object', required: ['title'], properties: { title: { type: 'string' } } }
  },
  config: { role: 'editor', invalidates: ['board'] }
}, async (request, reply) => {
  const { value } = await tasks.create({ owner: ownerOf(request), title: request.body.title })
  return reply.code(201).header('location', `/tasks/${value.id}`).send(value)
})

app.put<ById>('/tasks/:id/done', {
  schema: byId,
  config: { role: 'editor', invalidates: ['board'] }
}, async (request) => (await tasks.finish(taskOf(request))).value)

// Declared as public: one user's request fills it for the others.
app.get('/board', {
  config: { role: 'reader', cache: { ttl: '1m', public: true, tags: ['board'] } }
}, async () => db.selectFrom('tasks').groupBy('owner')
  .select(({ fn }) => ['owner', fn.countAll().as('tasks'), fn.sum('done').as('done')]).execute())

app.get('/reads', async () => counts)

closeWithGrace(() => app.close())
console.log(`Listening on ${await app.listen({ host: '127.0.0.1', port: Number(PORT) })}`)
console.log(`export ANN=${ann.key} BEN=${ben.key}`)
