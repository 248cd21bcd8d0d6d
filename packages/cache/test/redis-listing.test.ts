import { startRedis } from '@weir/internal/testing'
import t from 'tap'
import { createCache } from '../src/index.js'
import { frameOf } from './frames.js'
import { openStore } from './redis-place.js'

const KEYS = 100_000
const AT_ONCE = 5000
// Microseconds of one command.
const SLOW = 5000

const server = await startRedis(t)

t.test('100,000 keys are listed without a command that keeps Redis busy', async (t) => {
  const client = await server.connect()
  const prefix = 'app[1]'
  for (let i = 0; i < KEYS; i += AT_ONCE) {
    const pairs = Array.from({ length: AT_ONCE }, (_, j) => [
      `${prefix}:n:{=key ${i + j}}`,
      frameOf(1, 'body', ['tag'])
    ])
    await client.mset(pairs.flat())
    // The database also has keys that are not listed: other namespaces, and the leases of this one.
    await client.mset(pairs.flatMap(([, frame = ''], j) => [`${prefix}:other:{=${i + j}}`, frame]))
  }
  await client.set(`${prefix}:n:{=key 1}:fill`, 'token')
  const cache = createCache({ store: openStore(t, { client, prefix }), namespace: 'n' })
  await client.config('SET', 'slowlog-log-slower-than', SLOW)

  await client.slowlog('RESET')
  const found = new Set<string>()
  let longest = 0
  let cursor: string | undefined
  do {
    const page = await cache.keys({ cursor, limit: 500 })
    for (const { key } of page.keys) found.add(key)
    longest = Math.max(longest, page.keys.length)
    cursor = page.cursor
  } while (cursor !== undefined)
  t.equal(found.size, KEYS)
  t.ok(longest < 600, `${longest} keys on a page at most`)
  // A busy machine takes the processor away from Redis now and then: of 100,000 commands few are
  // interrupted, and commands that are slow by themselves would be many.
  const slow = (await client.slowlog('GET', 100)) as unknown[]
  t.ok(slow.length <= 20, `${slow.length} commands took ${SLOW / 1000} ms`)
  const stats = await client.info('commandstats')
  t.notMatch(stats, /cmdstat_keys:/, 'and none is KEYS')
  const [, average] = /cmdstat_scan:.*usec_per_call=([\d.]+)/.exec(stats) ?? []
  t.ok(Number(average) < SLOW / 5, `SCAN takes ${average} µs`)
})

t.test('a namespace with few of many keys costs pages of a bounded number of commands', async (t) => {
  const client = await server.connect()
  const cache = createCache({ store: openStore(t, { client, prefix: 'app[1]' }), namespace: 'few' })
  for (const key of ['a', 'b', 'c']) await cache.set(key, 1, { ttl: '1h' })
  await client.config('RESETSTAT')
  const page = await cache.keys({ limit: 100 })
  const calls = /cmdstat_scan:calls=(\d+)/.exec(await client.info('commandstats'))?.[1]
  t.ok(Number(calls) <= 20, `${calls} calls`)
  t.ok(page.cursor !== undefined, 'and there is more to come')
})
