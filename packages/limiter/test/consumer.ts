import { Redis } from 'ioredis'
import { createLimiter, type LimitStore, type Policy } from '../src/index.js'
import { redisStore } from '../src/stores/redis/index.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'
import type { Job } from './two-processes.test.js'

/**
 * An instance in a separate process: opens the store, reports that, consumes as often as requested,
 * and reports the number of successes.
 */
const { place, policy, times } = JSON.parse(process.argv[2] ?? '') as Job

const { store, end } = await open()
const limiter = createLimiter({ store, onFailure: 'closed' })
process.send?.('ready')
process.once('message', () => {
  run(limiter, policy).then((result) => {
    process.send?.(result)
    process.disconnect()
    end()
  }, (error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})

async function run (consumer: typeof limiter, policy: Policy) {
  let [allowed, elsewhere] = [0, 0]
  for (let i = 0; i < times; i++) {
    const decision = await consumer.consume('key', [policy])
    if (decision.mode !== 'shared') elsewhere++
    else if (decision.allowed) allowed++
  }
  return { allowed, elsewhere }
}

async function open (): Promise<{ store: LimitStore, end: () => void }> {
  if (place.kind === 'sqlite') {
    const store = sqliteStore({ file: place.file })
    return { store, end: () => { store.close().catch(() => {}) } }
  }
  const client = new Redis({ path: place.path, lazyConnect: true })
  await client.connect()
  return { store: redisStore({ client }), end: () => { client.disconnect() } }
}
