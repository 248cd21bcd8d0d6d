import { once } from 'node:events'
import { redisStore } from '@weir/cache/redis'
import { Redis } from 'ioredis'
import { type Test } from 'tap'
import { startRedis } from '@weir/internal/testing'
import { startOrigin } from './origin.js'
import { type Proxied, proxiedApp, type ProxiedOptions } from './proxied-app.js'

/**
 * Two instances in front of one origin, sharing a Redis of the test's own. For clients they are one
 * site.
 */
export async function twoApps (
  t: Test,
  options: ProxiedOptions = {}
): Promise<readonly [a: Proxied, b: Proxied]> {
  const { url } = await startRedis(t)
  const upstream = await startOrigin(t)
  const start = async (name: string): Promise<Proxied> => {
    // Like the client of the redis plugin, but with a longer timeout than requests have: without an
    // answer in 100 ms an instance goes on by itself, and a busy machine may be slower. Other tests
    // cover that case.
    const client = new Redis(url, {
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      commandTimeout: 10_000
    })
    await once(client, 'ready')
    const store = redisStore({ client })
    t.teardown(async () => {
      await store.close()
      client.disconnect()
    })
    return proxiedApp(t, { store, name, upstream, origin: 'http://site.test', ...options })
  }
  return [await start('a'), await start('b')]
}
