import { createClient } from '@redis/client'
import { Redis } from 'ioredis'

// Milliseconds. A machine that stops for a moment should not turn hits into misses here.
const COMMAND_TIMEOUT = 5000

/** A client of ioredis with the options of a request path, except that commands may take longer. */
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

/** As `connectRedis`, a client of node-redis. */
export async function connectNodeRedis (url: string) {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandOptions: { timeout: COMMAND_TIMEOUT }
  })
  await client.connect()
  return client
}
