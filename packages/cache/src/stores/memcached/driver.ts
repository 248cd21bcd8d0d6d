import type { MemcacheClient, MemcacheClientOptions } from 'memcache-client'
import { loadDriver } from '../load-driver.js'

// Milliseconds that the process may be busy without a break.
const BUSY = 10_000

type Driver = new (options: MemcacheClientOptions) => MemcacheClient

/**
 * Creates a client of memcache-client, which is loaded with the first store.
 *
 * It connects with its first command.
 * @param timeout milliseconds after which the store gives up on a command
 * @throws CacheError WEIR_CACHE_MISSING_DRIVER if the library is not installed
 */
export function createClient (server: string, timeout: number): MemcacheClient {
  const { MemcacheClient: Client } = loadDriver('memcache-client') as { MemcacheClient: Driver }
  // The store times out first, reports it, and ends the connection. The client's own timers would
  // end a good connection after a busy moment, because timers fire before sockets are read.
  const late = timeout + BUSY
  return new Client({
    server: { server, maxConnections: 1 },
    noDelay: true,
    cmdTimeout: late,
    connectTimeout: late
  })
}
