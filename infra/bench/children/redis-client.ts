import { Redis } from 'ioredis'

/**
 * A client with the options of a request path, except that commands may take longer: a machine that stops for a moment should
 * not turn hits into misses here.
 */
export async function connectRedis (url: string): Promise<Redis> {
  const client = new Redis(url, {
    enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 5000, enableAutoPipelining: true, lazyConnect: true
  })
  await client.connect()
  return client
}
