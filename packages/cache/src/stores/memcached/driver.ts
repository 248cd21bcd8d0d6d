import type { MemcacheClient, MemcacheClientOptions } from 'memcache-client'
import { loadDriver } from '../load-driver.js'

type Driver = new (options: MemcacheClientOptions) => MemcacheClient

/**
 * Makes a client of memcache-client, which is loaded with the first store. It connects with its
 * first command.
 * @param timeout milliseconds, for a connection as for a command
 * @throws CacheError WEIR_CACHE_MISSING_DRIVER if it is not installed
 */
export function createClient (server: string, timeout: number): MemcacheClient {
  const { MemcacheClient: Client } = loadDriver('memcache-client') as { MemcacheClient: Driver }
  // The store gives up first, and says so; the client then ends the connection.
  const cmdTimeout = timeout + 100
  return new Client({ server: { server, maxConnections: 1 }, noDelay: true, cmdTimeout, connectTimeout: timeout })
}
