import { redisStore } from '@weir/cache/redis'
import type { FastifyInstance } from 'fastify'
import type { TestRedis } from '@weir/internal/testing'
import type { Test } from 'tap'
import { cachedApp } from './cached-app.js'

/**
 * Returns an instance of an application that shares a Redis; it is named in Cache-Status, and
 * closes with the test.
 */
export async function instanceOn (
  t: Test,
  server: TestRedis,
  name: string
): Promise<FastifyInstance> {
  // A busy machine may be slower than an instance would wait; other tests cover that.
  const client = await server.connect({ commandTimeout: 10_000 })
  const store = redisStore({ client, lease: 200 })
  t.teardown(() => store.close())
  return cachedApp(t, { store, name, namespace: t.name.replace(/\W/g, '') })
}
