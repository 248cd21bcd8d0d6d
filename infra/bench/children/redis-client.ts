import { createClient } from '@redis/client'
import { Redis } from 'ioredis'

// Milliseconds. A machine that stalls briefly must not turn hits into misses here.
const COMMAND_TIMEOUT = 5000

/** Connects an ioredis client with the options of a request path, except for a longer timeout. */
export async function connectRedis (url: string): Promise<Redis> {
  const client = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT,
    enableAutoPipelining: true,
    lazyConnect: true
  })
  await client.connect()
  return client
}

/** Connects a node-redis client with the options of `connectRedis`. */
export async function connectNodeRedis (url: string) {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandOptions: { timeout: COMMAND_TIMEOUT }
  })
  await client.connect()
  return client
}
