import { createCache } from '@weir/cache'
import { redisStore } from '@weir/cache/redis'
import redis from '@weir/fastify/redis'
import { fastify } from 'fastify'
import type { IdleMessage } from './idle.js'

/* An instance with three namespaces that never gets a request. Reports its CPU time. */
const { REDIS_URL: url = '' } = process.env
const TELL_EVERY = 1000

process.on('disconnect', () => process.exit())

const app = fastify()
await app.register(redis, { url })
const store = redisStore({ client: app.redis })
for (const namespace of ['one', 'two', 'three']) {
  await createCache<string>({ store, namespace }).remember('key', { ttl: '1h' }, () => 'value')
}
await app.ready()
setInterval(() => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpu: (user + system) / 1000 } satisfies IdleMessage)
}, TELL_EVERY)
