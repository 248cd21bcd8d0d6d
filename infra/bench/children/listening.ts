// node listening.js --redis URL --namespace NAME
//
// An instance without requests: it only listens for invalidations by others, and keeps its lease.
import { subscribe } from 'node:diagnostics_channel'
import { parseArgs } from 'node:util'
import { createCache } from '@weir/cache'
import { redisStore } from '@weir/cache/redis'
import { cpuMicros, serveBenchmark } from './child.js'
import { connectRedis } from './redis-client.js'

const { values } = parseArgs({
  options: {
    redis: { type: 'string', default: '' },
    namespace: { type: 'string', default: '' }
  }
})
const client = await connectRedis(values.redis)
let heard = 0
const duplicate = client.duplicate.bind(client)
client.duplicate = (options) => duplicate(options).on('smessage', () => { heard++ })

let isServing = false
subscribe('weir:cache:listen', (message) => {
  const complete =
    typeof message === 'object' &&
    message !== null &&
    'complete' in message &&
    message.complete === true
  if (isServing || !complete) return
  isServing = true
  serveBenchmark({}, () => ({ cpuMicros: cpuMicros(), heard }))
})
createCache({ store: redisStore({ client }), namespace: values.namespace })
