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
   * Every server, as `host:port`, or as `host` for port 11211. The same for every instance, in any
   * order: instances that list others do not hear of each other's invalidations.
   */
  readonly servers: readonly string[]
  /**
   * Time limit of a command, in ms. The time counts from when it is sent: those of a burst wait for
   * each other before. Default 500.
   */
  readonly commandTimeout?: number
  /** Before every key. Default `weir`. */
  readonly prefix?: string
  /**
   * Tag records kept per namespace; beyond it the oldest go and what they judged becomes invalid.
   * Default 10,000.
   */
  readonly maxTags?: number
  /**
   * How long an instance may trust its memory after it has asked for the records, and how long a
   * strict invalidation waits before it is done. The same for every instance. Default 5 ms.
   */
  readonly lease?: Duration
}

/**
 * A store in Memcached (1.6), for a fleet: one server or several.
 *
 * Each key lies on one server, by a hash of both, and so do the records of a namespace. A server
 * that does not answer is out, with its keys; no other takes its place.
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
      `prefix ${shown(prefix)}: give 1 to 100 letters, digits or signs of ASCII, without blanks`
    )
  }
  const servers = new Servers(addressesOf(options.servers), commandTimeout)

  const open = (name: string): StoreNamespace => {
    const records = new Records(prefix, servers.locate(name), maxTags, milliseconds)
    const validity = new MemcachedValidity(records)
    const entries = new MemcachedEntries(servers, prefix, name, records, (above) =>
      validity.fillStamp(above)
    )
    return { entries, validity }
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

/** The servers with their ports, each once. */
function addressesOf (servers: readonly string[]): string[] {
  if (!Array.isArray(servers) || servers.length === 0) {
    throw invalid(`servers ${shown(servers)}: give a list such as ['host:11211'], of every server`)
  }
  const addresses = servers.map((server: unknown) => {
    const [, host, port = '11211'] =
      typeof server === 'string' ? (/^([^\s:/@]+)(?::([1-9]\d{0,4}))?$/.exec(server) ?? []) : []
    if (host === undefined || Number(port) > 65_535) {
      throw invalid(
        `server ${shown(server)} is not host:port: give a name or an IPv4 address, and a port from 1 to 65535 unless it is 11211, as in '127.0.0.1:11211'`
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
