import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Store } from '@weir/cache'
import { redisStore } from '@weir/cache/redis'
import { sqliteStore } from '@weir/cache/sqlite'
import conditional from '@weir/fastify/conditional'
import invalidation from '@weir/fastify/invalidation'
import redis from '@weir/fastify/redis'
import responseCache from '@weir/fastify/response-cache'
import { fastify, type FastifyInstance } from 'fastify'

/*
 * One instance of a service with one resource, `/version`: a number in a file that all instances
 * share. `GET` returns it and the number of runs of this instance's handler, after HANDLER_MS;
 * `PUT` raises it. A test can hold the handler: after 'hold' it sends 'read' once it has read the
 * number, and answers after 'go'. `GET /runs` is not cached.
 */
const {
  DATA_DIR: folder = '.',
  INSTANCE: name = 'a',
  REDIS_URL: url = '',
  HANDLER_MS: delay = '0',
  REDIS_COMMAND_TIMEOUT: timeout = '100'
} = process.env
const file = join(folder, 'version')

let runs = 0
let held: Promise<void> | undefined
let go: () => void = () => {}

process.on('message', (message) => {
  if (message === 'hold') held = new Promise((resolve) => { go = resolve })
  if (message === 'go') go()
})
process.on('disconnect', () => process.exit())

async function store (app: FastifyInstance): Promise<Store> {
  if (url === '') return sqliteStore({ file: join(folder, 'cache.db') })
  await app.register(redis, { url, commandTimeout: Number(timeout) })
  return redisStore({ client: app.redis })
}

const app = fastify()
await app.register(conditional)
await app.register(responseCache, { store: await store(app), name, origin: 'http://versions' })
await app.register(invalidation)

app.get('/version', { config: { cache: { ttl: '1h', tags: ['version'] } } }, async () => {
  const answer = { version: Number(readFileSync(file, 'utf8')), runs: ++runs }
  const waiting = held
  held = undefined
  if (waiting !== undefined) {
    process.send?.('read')
    await waiting
  }
  if (delay !== '0') await setTimeout(Number(delay))
  return answer
})

app.get('/runs', async () => ({ runs }))

app.put('/version', { config: { invalidates: ['version'] } }, async () => {
  const version = Number(readFileSync(file, 'utf8')) + 1
  writeFileSync(`${file}.new`, String(version))
  renameSync(`${file}.new`, file)
  return { version }
})

await app.listen({ port: 0 })
const address = app.server.address()
process.send?.({ type: 'ready', port: typeof address === 'object' ? address?.port : undefined })
