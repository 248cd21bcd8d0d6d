import { connectNodeRedis, connectRedis } from './children/redis-client.js'
import type { Surroundings } from './scenario.js'

/** Connects an ioredis client that lives as long as the scenario. */
export async function connected (around: Surroundings) {
  const client = await connectRedis(around.redis)
  around.defer(() => { client.disconnect() })
  return client
}

/** Connects a node-redis client that lives as long as the scenario. */
export async function connectedNodeRedis (around: Surroundings) {
  const client = await connectNodeRedis(around.redis)
  around.defer(() => { client.destroy() })
  return client
}
