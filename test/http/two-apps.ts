import { redisStore } from '@weir/cache/redis'
import redis from '@weir/fastify/redis'
import Fastify from 'fastify'
import { type Test } from 'tap'
import { startRedis } from '../support/redis-server.js'
import { startOrigin } from './origin.js'
import { type Proxied, proxiedApp, type ProxiedOptions } from './proxied-app.js'

/** Two instances in front of one origin, sharing a Redis of the test's own. To their clients they are one site. */
export async function twoApps (t: Test, options: ProxiedOptions = {}): Promise<readonly [a: Proxied, b: Proxied]> {
  const { url } = await startRedis(t)
  const upstream = await startOrigin(t)
  const start = async (name: string): Promise<Proxied> => {
    // The client of an instance, as the redis plugin makes it, lives as long as the instance.
    const connection = Fastify()
    await connection.register(redis, { url })
    await connection.ready()
    const store = redisStore({ client: connection.redis })
    t.teardown(async () => {
      await store.close()
      await connection.close()
    })
    return proxiedApp(t, { store, name, upstream, origin: 'http://site.test', ...options })
  }
  return [await start('a'), await start('b')]
}
