import auth from '@weir/fastify/auth'
import rateLimit from '@weir/fastify/rate-limit'
import redis from '@weir/fastify/redis'
import { redisStore } from '@weir/limiter/redis'
import { fastify } from 'fastify'

/*
 * One instance of a service with limits, over the Redis of REDIS_URL and behind a proxy on this
 * machine. /api/products allows 100 a second and 50 at once, /api/products/few 5 an hour,
 * /api/products/one 1 a second. On a message 'report', it sends the times of all requests and of
 * the allowed ones to /api/products, since its start or the previous report.
 */
const {
  REDIS_URL: url = '',
  JWT_SECRET: secret = '',
  INSTANCES: instances = '1',
  REDIS_COMMAND_TIMEOUT: timeout = '100'
} = process.env

/**
 * Requests seen by an instance. Times are milliseconds on the clock that all processes of the
 * machine share.
 */
export interface Report {
  /** All requests: when each arrived, and the latest time at which it was decided. */
  readonly requests: readonly { readonly arrived: number; readonly decided: number }[]
  readonly passes: readonly {
    readonly arrived: number
    readonly handled: number
    readonly mode: string
  }[]
}

const now = () => Number(process.hrtime.bigint()) / 1e6
let requests: { arrived: number, decided: number }[] = []
let passes: { arrived: number, handled: number, mode: string }[] = []

process.on('disconnect', () => process.exit())
process.on('message', (message) => {
  if (message !== 'report') return
  process.send?.({ requests, passes } satisfies Report);
  [requests, passes] = [[], []]
})

const app = fastify({ trustProxy: '127.0.0.1' })
app.decorateRequest('arrived', 0)
app.addHook('onRequest', (request, _reply, done) => {
  request.setDecorator('arrived', now())
  done()
})
app.addHook('onSend', (request, _reply, _payload, done) => {
  requests.push({ arrived: request.getDecorator<number>('arrived'), decided: now() })
  done()
})
await app.register(redis, { url, commandTimeout: Number(timeout) })
await app.register(rateLimit, {
  store: redisStore({ client: app.redis }),
  instances: Number(instances),
  limit: 100,
  window: '1s',
  burst: 50
})
await app.register(auth, { jwt: [{ algorithm: 'HS256', secret }] })

app.get('/api/products', async (request) => {
  passes.push({
    arrived: request.getDecorator<number>('arrived'),
    handled: now(),
    mode: request.rateLimit?.mode ?? ''
  })
  return 'let through'
})
app.get(
  '/api/products/few',
  { config: { rateLimit: { limit: 5, window: '1h' } } },
  async () => 'let through'
)
app.get(
  '/api/products/one',
  { config: { rateLimit: { limit: 1, window: '1s' } } },
  async () => 'let through'
)

const address = await app.listen({ host: '127.0.0.1', port: 0 })
process.send?.({ port: Number(new URL(address).port) })
