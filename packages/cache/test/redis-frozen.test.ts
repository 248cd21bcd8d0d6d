import { setTimeout } from 'node:timers/promises'
import { startRedis } from '@weir/internal/testing'
import t from 'tap'
import { createCache } from '../src/index.js'
import { redisStore } from '../src/stores/redis/index.js'
import { until } from './redis-node.js'

// Milliseconds.
const COMMAND_TIMEOUT = 200
const FROZEN = 2500
// 200 reads per second.
const READ_EVERY = 5

/**
 * A read under load, measured in reads started before it and during it: a clock that stands still
 * while a busy machine does.
 */
interface Read {
  readonly at: number
  readonly took: number
}

t.test(
  'Redis freezes under load: reads that begin after that is noticed do not wait',
  async (t) => {
    const server = await startRedis(t)
    const client = await server.connect({
      commandTimeout: COMMAND_TIMEOUT,
      enableAutoPipelining: true
    })
    const store = redisStore({ client, lease: 50 })
    t.teardown(() => store.close())
    const cache = createCache({ store, namespace: 'frozen' })

    const reads: Promise<Read>[] = []
    const read = async (key: string): Promise<Read> => {
      const at = reads.length
      t.equal(await cache.remember(key, { ttl: '1h', tags: ['tag'] }, () => key), key)
      return { at, took: reads.length - at }
    }
    const load = setInterval(() => {
      reads.push(read(`key-${reads.length % 20}`))
    }, READ_EVERY)
    t.teardown(() => {
      clearInterval(load)
    })
    await setTimeout(200)
    server.freeze()
    const frozenAt = reads.length
    await setTimeout(FROZEN)
    clearInterval(load)
    const all = await Promise.all(reads)

    const timeout = COMMAND_TIMEOUT / READ_EVERY
    const later = all.filter(({ at }) => at > frozenAt + 1.5 * timeout)
    t.ok(later.length > timeout, `${later.length} reads`)
    t.strictSame(
      later.filter(({ took }) => took > timeout / 4),
      [],
      'no read waits for Redis'
    )
    t.strictSame(
      all.filter(({ took }) => took > 1.5 * timeout),
      [],
      'those before wait for one timeout'
    )

    server.thaw()
    await until('Redis is in use again', async () => (await cache.get('key-0')) !== undefined)
  }
)
