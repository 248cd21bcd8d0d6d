import type { MemcacheClient, MemcacheClientOptions } from 'memcache-client'
import { loadDriver } from '../load-driver.js'

// Milliseconds that the process may be busy at a stretch.
const BUSY = 10_000

type Driver = new (options: MemcacheClientOptions) => MemcacheClient

/**
 * Makes a client of memcache-client, which is loaded with the first store. It connects with its
 * first command.
 * @param timeout milliseconds after which the store gives a command up
 * @throws CacheError WEIR_CACHE_MISSING_DRIVER if it is not installed
 */
export function createClient (server: string, timeout: number): MemcacheClient {
  const { MemcacheClient: Client } = loadDriver('memcache-client') as { MemcacheClient: Driver }
  // The store gives up first, says so, and ends the connection. The client's own timers end a good
  // one after a busy moment: they fire before the sockets are read.
  const late = timeout + BUSY
  return new Client({
    server: { server, maxConnections: 1 },
    noDelay: true,
    cmdTimeout: late,
    connectTimeout: late
  })
}
