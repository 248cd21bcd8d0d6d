import type { Kysely, Transaction } from 'kysely'
import type { Invalidations } from '../invalidations.js'
import { checkNamespace, demandMethods, invalid, refuseUnknown } from '../options.js'

/** One write of a key. */
export interface Write<V> {
  readonly key: string
  readonly value: V
  /**
   * Grows with each write of the key, and stays the same when a write is repeated.
   *
   * A destination that stores the last sequence of each key, and ignores writes whose sequence is
   * not higher, is written exactly once and in order.
   */
  readonly sequence: number
}

/**
 * Options of {@link writeBehind}. Times are in milliseconds. Pass `write` or `writeInTransaction`.
 */
export interface WriteBehindOptions<S, V> {
  /**
   * The service's own database, migrated with `writeBehindMigration`: the primary, on a connection
   * that waits for locks.
   */
  readonly db: Kysely<S>
  /** Notifies the cache of each write. Keys are those of the cache. */
  readonly outbox: Invalidations<NoInfer<S>>
  /** Name of the queue in the database, up to 100 characters. The same for every instance. */
  readonly name: string
  /**
   * Writes to the destination, each key at most once per call.
   *
   * It may be called again with values it has already written, with the same sequence, if it fails,
   * takes longer than `writeTimeout`, or its process dies. An error whose `code` is
   * `WEIR_OUTBOX_UNWRITABLE` gives up the write.
   */
  readonly write?: (
    writes: readonly Write<V>[],
    context: { readonly signal: AbortSignal }
  ) => Promise<unknown>
  /**
   * Replaces `write` if the destination is in `db`: runs in the transaction that removes the
   * writes. Exactly once.
   */
  readonly writeInTransaction?: (
    trx: Transaction<S>,
    writes: readonly Write<V>[]
  ) => Promise<unknown>
  /** Merges two consecutive values that are not written yet. Default: the later one. */
  readonly merge?: (earlier: V, later: V) => V
  /** Tags that each write invalidates, besides the key. */
  readonly tags?: (value: V, key: string) => readonly string[]
  /**
   * Milliseconds between reads of the table, in which writes of one key are combined. Default 1000.
   */
  readonly pollInterval?: number
  /** Number of keys written at once. Default 100. */
  readonly batchSize?: number
  /** Maximum number of waiting keys. Beyond it `put` of another key fails. Default 10,000. */
  readonly maxPending?: number
  /**
   * Number of failures after which a write is given up, if its destination has accepted others
   * meanwhile. Default 20.
   */
  readonly maxAttempts?: number
  /** Time after which a write counts as failed. **The same for every instance.** Default 10,000. */
  readonly writeTimeout?: number
}

// setTimeout accepts at most 2^31 - 1, and a lease is a multiple of the timeout.
const LONGEST = 2 ** 28

/** Applies the defaults. @throws OutboxError WEIR_OUTBOX_INVALID_OPTION */
export function resolveOptions<S, V> ({
  db,
  outbox,
  name,
  write,
  writeInTransaction,
  merge,
  tags = () => [],
  pollInterval = 1000,
  batchSize = 100,
  maxPending = 10_000,
  maxAttempts = 20,
  writeTimeout = 10_000,
  ...others
}: WriteBehindOptions<S, V>) {
  refuseUnknown(others)
  demandMethods('db', db, ['transaction'], 'new Kysely() of kysely')
  demandMethods('outbox', outbox, ['add', 'deliver'], 'createOutbox()')
  checkNamespace('name', name)
  for (const [option, fn] of Object.entries({ write, writeInTransaction, merge, tags })) {
    if (fn !== undefined && typeof fn !== 'function') throw invalid(option, fn, 'pass a function')
  }
  if ((write === undefined) === (writeInTransaction === undefined)) {
    throw invalid('write', write, 'pass either write or writeInTransaction')
  }
  for (const [option, ms] of Object.entries({ pollInterval, writeTimeout })) {
    if (!(Number.isFinite(ms) && ms > 0 && ms <= LONGEST)) {
      throw invalid(option, ms, `use milliseconds, from 1 to ${LONGEST}`)
    }
  }
  for (const [option, count] of Object.entries({ maxPending, maxAttempts })) {
    if (!(Number.isSafeInteger(count) && count > 0)) {
      throw invalid(option, count, 'use a whole number from 1')
    }
  }
  if (!(Number.isInteger(batchSize) && batchSize > 0 && batchSize <= MOST)) {
    throw invalid('batchSize', batchSize, `use a whole number, from 1 to ${MOST}`)
  }
  return {
    db,
    outbox,
    name,
    write,
    writeInTransaction,
    merge,
    tags,
    pollInterval,
    batchSize,
    maxPending,
    maxAttempts,
    writeTimeout
  }
}

/** Maximum number of values per statement, which databases limit. */
const MOST = 500
