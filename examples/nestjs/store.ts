import { memoryStore } from '@weir/cache/memory'
import { redisStore } from '@weir/cache/redis'

const { REDIS_URL } = process.env

/** Shared by the response cache and the services; with Redis, by all instances. */
export const store = REDIS_URL === undefined ? memoryStore() : redisStore({ url: REDIS_URL })
