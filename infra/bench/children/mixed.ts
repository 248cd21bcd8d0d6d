// node mixed.js --redis URL --namespace NAME --instance ID --at-once 16
//   --hits 14 --fills 5 --invalidations 1
//
// An instance without memory that sends Redis as much as it can: hits, fills and invalidations in
// these parts, so many at a time.
import { parseArgs } from 'node:util'
import { createCache } from '@weir/cache'
import { redisStore } from '@weir/cache/redis'
import { cpuMicros, serveBenchmark } from './child.js'
import { connectRedis } from './redis-client.js'

const { values } = parseArgs({
  options: {
    redis: { type: 'string', default: '' },
    namespace: { type: 'string', default: '' },
    instance: { type: 'string', default: '' },
    hits: { type: 'string', default: '0' },
    fills: { type: 'string', default: '0' },
    invalidations: { type: 'string', default: '0' },
    'at-once': { type: 'string', default: '1' }
  }
})
const parts = [Number(values.hits), Number(values.fills), Number(values.invalidations)] as const
const KEYS = 100
const BODY = Buffer.alloc(4096, 'x')
const counts = { hits: 0, fills: 0, invalidations: 0 }
const cache = createCache<Buffer>({
  store: redisStore({ client: await connectRedis(values.redis) }),
  namespace: values.namespace,
  l1: false
})
const name = (kind: string, i: number) => `${kind}:${values.instance}:${i}`
const read = (key: string) => cache.remember(key, { ttl: '1m', tags: [key, 'all'] }, () => BODY)

for (let i = 0; i < KEYS; i++) await read(name('hot', i))
let n = 0
async function act (): Promise<void> {
  for (;;) {
    const i = n++
    const turn = i % (parts[0] + parts[1] + parts[2])
    if (turn < parts[0]) {
      await read(name('hot', i % KEYS))
      counts.hits++
    } else if (turn < parts[0] + parts[1]) {
      await read(name('cold', i))
      counts.fills++
    } else {
      await cache.invalidate([name('written', i % 1000)], { consistency: 'bounded' })
      counts.invalidations++
    }
  }
}
for (let i = 0; i < Number(values['at-once']); i++) {
  act().catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
}
serveBenchmark({}, () => ({ cpuMicros: cpuMicros(), ...counts }))
