// node reading.js --redis URL --namespace NAME --lease MS
//
// An instance that reads one value from memory ten times a second, and listens for invalidations by
// others.
import { subscribe } from 'node:diagnostics_channel'
import { parseArgs } from 'node:util'
import { createCache } from '@weir/cache'
import { redisStore } from '@weir/cache/redis'
import { cpuMicros, serveBenchmark } from './child.js'
import { connectRedis } from './redis-client.js'

const { values } = parseArgs({
  options: {
    redis: { type: 'string', default: '' },
    namespace: { type: 'string', default: '' },
    lease: { type: 'string', default: '50' }
  }
})
const client = await connectRedis(values.redis)
let [heard, fills] = [0, 0]
const duplicate = client.duplicate.bind(client)
client.duplicate = (options) => duplicate(options).on('smessage', () => { heard++ })

const listening = new Promise<void>((resolve) => {
  subscribe('weir:cache:listen', (message) => {
    if (
      typeof message === 'object' &&
      message !== null &&
      'complete' in message &&
      message.complete === true
    ) { resolve() }
  })
})
const cache = createCache<string>({
  store: redisStore({ client, lease: Number(values.lease) }),
  namespace: values.namespace
})
await listening
const read = () => cache.remember('hot', { ttl: '1h', tags: ['hot'] }, () => {
  fills++
  return 'value'
})
await read()
setInterval(() => {
  read().catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
}, 100)
serveBenchmark({}, () => ({ cpuMicros: cpuMicros(), heard, fills }))
