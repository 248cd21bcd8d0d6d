import { connectNodeRedis, connectRedis } from './children/redis-client.js'
import type { Surroundings } from './scenario.js'

/** A client of ioredis that lives as long as the scenario. */
export async function connected (around: Surroundings) {
  const client = await connectRedis(around.redis)
  around.defer(() => { client.disconnect() })
  return client
}

/** A client of node-redis that lives as long as the scenario. */
export async function connectedNodeRedis (around: Surroundings) {
  const client = await connectNodeRedis(around.redis)
  around.defer(() => { client.destroy() })
  return client
}
