import { within } from '@weir/internal'
import type { Duration } from '../../duration.js'
import { CacheError, shown } from '../../errors.js'
import { checkOptions, elsewhere, type Known, STORE } from '../../known-options.js'
import type { Store, StoreNamespace } from '../../store.js'
import { eachOnce } from '../each-once.js'
import { leaseOf } from '../lease-option.js'
import { FillAnnouncements } from '../fill-announcements.js'
import { LeasedValidity } from '../leased-validity.js'
import { Commands } from './commands.js'
import { incrementsOf, PostgresEntries, readsOf, type Shared } from './entries.js'
import { Feed } from './feed.js'
import { PostgresMirror } from './mirror.js'
import { openPool, type PostgresLocation } from './pool.js'
import { nameOf } from './names.js'
import { PostgresRecords } from './records.js'
import { Schema } from './schema.js'

export type { PostgresClient, PostgresLocation, PostgresPool, PostgresQuery } from './pool.js'

/** Options of {@link postgresStore}: `url` or `pool`, and these. */
export interface PostgresStoreOptions extends PostgresLocation {
  /**
   * Prefix of table and function names, optionally with an existing schema: `weir`, `cache.weir`.
   *
   * Lower-case letters, digits and underscores. Default `weir`.
   */
  readonly prefix?: string
  /**
   * Maximum number of tag records per namespace. Beyond it the oldest are dropped, and the entries
   * they apply to become invalid. Default 100,000.
   */
  readonly maxTags?: number
  /**
   * Time for which an instance may trust its memory after Postgres has last proved it current, and
   * for which a strict invalidation waits.
   *
   * The same for every instance. Default 50 ms.
   */
  readonly lease?: Duration
}

/**
 * Creates a store in Postgres 13 or later, for a fleet without another shared server.
 *
 * The tables `weir_namespaces`, `weir_records`, `weir_entries` and `weir_fills` are created on
 * first use; the user needs the privilege to do so. They are UNLOGGED: cheap to write, and empty
 * after a crash or failover, which causes misses.
 * @example postgresStore({ url: 'postgres://user:password@127.0.0.1:5432/database' })
 * @throws CacheError WEIR_CACHE_INVALID_OPTION, whose message says what to give;
 *   WEIR_CACHE_MISSING_DRIVER if `pg` is not installed
 */
export function postgresStore (options: PostgresStoreOptions): Store {
  checkOptions('postgresStore', options, KNOWN)
  const { prefix = 'weir', maxTags = 100_000, lease = 50, ...location } = options
  const milliseconds = leaseOf(lease)
  if (
    typeof prefix !== 'string' ||
    !/^([a-z_][a-z0-9_]{0,29}\.)?[a-z_][a-z0-9_]{0,29}$/.test(prefix)
  ) {
    throw new CacheError(
      'WEIR_CACHE_INVALID_OPTION',
      `prefix ${shown(prefix)}: use lower-case letters, digits and underscores, such as 'weir', or 'schema.weir'; at most 30 of each`
    )
  }
  const { pool, atOnce, commandTimeout, end } = openPool(location)
  const commands = new Commands(pool, atOnce, new Schema(prefix), commandTimeout)
  const feed = new Feed(commands, milliseconds)
  const shared: Shared = {
    commands,
    announcements: new FillAnnouncements(feed, commands.schema.channel),
    hears: () => feed.hears,
    reads: readsOf(commands),
    increments: incrementsOf(commands)
  }

  const open = (name: string): StoreNamespace => {
    // Postgres takes a 32-bit integer.
    const records = new PostgresRecords(commands, name, Math.min(maxTags, 2 ** 31 - 1))
    const mirror = new PostgresMirror(records, feed, maxTags)
    feed.follow(mirror)
    return {
      entries: new PostgresEntries(shared, records),
      validity: new LeasedValidity(records, mirror, milliseconds),
      system: 'postgresql'
    }
  }
  return {
    namespace: eachOnce(open),
    async namespaces () {
      const rows = await commands.call('namespaces', [])
      return { names: rows.map(([name]) => nameOf(name ?? '')).sort(), complete: true }
    },
    async close () {
      feed.close()
      commands.close()
      // Do not wait for a server that does not answer.
      await within(commandTimeout, end(), () => new Error('it does not end')).catch(() => {})
    }
  }
}

const KNOWN: Known<PostgresStoreOptions> = {
  url: elsewhere,
  pool: elsewhere,
  commandTimeout: elsewhere,
  prefix: elsewhere,
  lease: elsewhere,
  ...STORE
}
