import { openRedis, type RedisError, type RedisLocation } from '@weir/redis'
import type { Duration } from '../../duration.js'
import { CacheError } from '../../errors.js'
import { checkOptions, elsewhere, type Known, STORE } from '../../known-options.js'
import type { Store, StoreNamespace } from '../../store.js'
import { eachOnce } from '../each-once.js'
import { leaseOf } from '../lease-option.js'
import { Commands } from './commands.js'
import { RedisEntries } from './entries.js'
import { FillAnnouncements } from '../fill-announcements.js'
import { recordKeys, Records } from './records.js'
import { scanNamespaces } from './scan.js'
import { Subscriptions } from './subscriptions.js'
import { TagMirror } from './tag-mirror.js'
import { LeasedValidity } from '../leased-validity.js'

export type { RedisClient, RedisLocation } from '@weir/redis'

/** Options of {@link redisStore}: `url` or `client`, and these. */
export interface RedisStoreOptions extends RedisLocation {
  /** Prefix of every key. Default `weir`. */
  readonly prefix?: string
  /**
   * Maximum number of tag records per namespace. Beyond it the oldest are dropped, and the entries
   * they apply to become invalid. Default 100,000.
   */
  readonly maxTags?: number
  /**
   * Time for which an instance may trust its memory after Redis has last proved it current, and for
   * which a strict invalidation waits.
   *
   * The same for every instance. Default 50 ms.
   */
  readonly lease?: Duration
}

/**
 * Creates a store in Redis (7.0 or later) or Valkey for a fleet: one server, Sentinel or Cluster.
 *
 * Keys: `weir:products:{=KEY}` holds an entry of the namespace `products`,
 * `weir:products:{=KEY}:fill` the lease to fill it, `weir:{products}:tags` all tag records of the
 * namespace. No command touches two slots. Only listing keys scans.
 * @example redisStore({ url: 'redis://127.0.0.1:6379' })
 * @throws CacheError WEIR_CACHE_INVALID_OPTION, whose message says what to give
 */
export function redisStore (options: RedisStoreOptions): Store {
  checkOptions('redisStore', options, KNOWN)
  const { prefix = 'weir', maxTags = 100_000, lease = 50, ...location } = options
  const milliseconds = leaseOf(lease)
  const connection = openRedis(location, prefix, refuse)
  const subscriptions = new Subscriptions(connection, milliseconds)
  const commands = new Commands(connection)

  const open = (name: string): StoreNamespace => {
    const subscription = subscriptions.next()
    const shared = `${prefix}:{${name}}`
    // A client's own prefix applies to keys but not to channels: without adding it here, two
    // applications would receive each other's messages.
    const [bus, fills] = [
      `${connection.keyPrefix}${shared}:bus`,
      `${connection.keyPrefix}${shared}:fills`
    ]
    const records = new Records(commands, recordKeys(shared), bus, maxTags)
    const mirror = subscription && new TagMirror(name, subscription, bus, maxTags, records)
    const validity = new LeasedValidity(records, mirror, milliseconds)
    const announcements = new FillAnnouncements(subscription, fills)
    const entries = new RedisEntries(commands, prefix, name, fills, announcements, (above) =>
      validity.fillStamp(above)
    )
    return { entries, validity, system: 'redis' }
  }
  return {
    namespace: eachOnce(open),
    namespaces: () => scanNamespaces(commands, prefix),
    async close () {
      subscriptions.close()
      commands.close()
      await connection.close()
    }
  }
}

const KNOWN: Known<RedisStoreOptions> = {
  url: elsewhere,
  client: elsewhere,
  commandTimeout: elsewhere,
  prefix: elsewhere,
  lease: elsewhere,
  ...STORE
}

const refuse = (error: RedisError) =>
  new CacheError('WEIR_CACHE_INVALID_OPTION', `redisStore: ${error.message}`, { cause: error })
