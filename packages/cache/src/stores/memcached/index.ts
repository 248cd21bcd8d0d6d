import type { Duration } from '../../duration.js'
import { CacheError, shown } from '../../errors.js'
import { checkOptions, elsewhere, type Known, STORE } from '../../known-options.js'
import type { Store, StoreNamespace } from '../../store.js'
import { eachOnce } from '../each-once.js'
import { leaseOf } from '../lease-option.js'
import { MemcachedEntries } from './entries.js'
import { Records } from './records.js'
import { Servers } from './servers.js'
import { MemcachedValidity } from './validity.js'

/** Options of {@link memcachedStore}. */
export interface MemcachedStoreOptions {
  /**
   * All servers, as `host:port`, or `host` for port 11211.
   *
   * The list must be the same for every instance, in any order: instances with different lists miss
   * each other's invalidations.
   */
  readonly servers: readonly string[]
  /**
   * Command timeout in ms. The time starts when the command is sent, after earlier commands of a
   * burst. Default 500.
   */
  readonly commandTimeout?: number
  /** Prefix of every key. Default `weir`. */
  readonly prefix?: string
  /**
   * Maximum number of tag records per namespace. Beyond it the oldest are dropped, and the entries
   * they apply to become invalid. Default 10,000.
   */
  readonly maxTags?: number
  /**
   * Time for which an instance may trust its memory after it has read the records, and for which a
   * strict invalidation waits.
   *
   * The same for every instance. Default 5 ms.
   */
  readonly lease?: Duration
}

/**
 * Creates a store in Memcached (1.6) for a fleet: one server or several.
 *
 * Each key lies on one server, chosen by a hash of both, and so do the records of a namespace.
 * While a server does not answer, its keys are unavailable; no other server replaces it.
 * @example memcachedStore({ servers: ['127.0.0.1:11211'] })
 * @throws CacheError WEIR_CACHE_INVALID_OPTION, whose message says what to give;
 *   WEIR_CACHE_MISSING_DRIVER if memcache-client is not installed
 */
export function memcachedStore (options: MemcachedStoreOptions): Store {
  checkOptions('memcachedStore', options, KNOWN)
  const { commandTimeout = 500, prefix = 'weir', maxTags = 10_000, lease = 5 } = options
  const milliseconds = leaseOf(lease)
  if (!(
    Number.isInteger(commandTimeout) &&
    commandTimeout >= 1 &&
    commandTimeout <= LONGEST_TIMEOUT
  )) {
    throw invalid(
      `commandTimeout ${shown(commandTimeout)} is not a whole number of ms from 1 to ${LONGEST_TIMEOUT}`
    )
  }
  if (typeof prefix !== 'string' || !/^[\x21-\x7e]{1,100}$/.test(prefix)) {
    throw invalid(
      `prefix ${shown(prefix)}: use 1 to 100 printable ASCII characters without spaces`
    )
  }
  const servers = new Servers(addressesOf(options.servers), commandTimeout)

  const open = (name: string): StoreNamespace => {
    const records = new Records(prefix, servers.locate(name), maxTags, milliseconds)
    const validity = new MemcachedValidity(records)
    const entries = new MemcachedEntries(servers, prefix, name, records, (above) =>
      validity.fillStamp(above)
    )
    return { entries, validity, system: 'memcached' }
  }
  return {
    namespace: eachOnce(open),
    async close () {
      servers.close()
    }
  }
}

const KNOWN: Known<MemcachedStoreOptions> = {
  servers: elsewhere, commandTimeout: elsewhere, prefix: elsewhere, lease: elsewhere, ...STORE
}
const LONGEST_TIMEOUT = 60_000

/** Returns the servers with their ports. */
function addressesOf (servers: readonly string[]): string[] {
  if (!Array.isArray(servers) || servers.length === 0) {
    throw invalid(`servers ${shown(servers)}: use a list of all servers such as ['host:11211']`)
  }
  const addresses = servers.map((server: unknown) => {
    const [, host, port = '11211'] =
      typeof server === 'string' ? (/^([^\s:/@]+)(?::([1-9]\d{0,4}))?$/.exec(server) ?? []) : []
    if (host === undefined || Number(port) > 65_535) {
      throw invalid(
        `server ${shown(server)} is not host:port: use a name or an IPv4 address, and a port from 1 to 65535 unless it is 11211, as in '127.0.0.1:11211'`
      )
    }
    return `${host.toLowerCase()}:${port}`
  })
  const twice = addresses.find((address, i) => addresses.indexOf(address) !== i)
  if (twice !== undefined) throw invalid(`server ${shown(twice)} is listed twice: list each once`)
  return addresses
}

const invalid = (what: string) =>
  new CacheError('WEIR_CACHE_INVALID_OPTION', `memcachedStore: ${what}`)
