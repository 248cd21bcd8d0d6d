import type { Kysely, Transaction } from 'kysely'
import type { Invalidations } from '../invalidations.js'
import { checkNamespace, demandMethods, invalid, refuseUnknown } from '../options.js'

/** One write of a key. */
export interface Write<V> {
  readonly key: string
  readonly value: V
  /**
   * Grows with each write of the key, and is the same when a write is repeated. A destination that
   * keeps the last sequence of each key, and ignores a write whose sequence is not above it, is
   * written exactly once and in order.
   */
  readonly sequence: number
}

/**
 * Options of {@link writeBehind}. Times are in milliseconds. Give `write` or `writeInTransaction`.
 */
export interface WriteBehindOptions<S, V> {
  /**
   * The service's own database, migrated with `writeBehindMigration`: the primary, on a connection
   * that waits for locks.
   */
  readonly db: Kysely<S>
  /** Tells the cache of each write, whose keys are those of the cache. */
  readonly outbox: Invalidations<NoInfer<S>>
  /** Names the queue in the database, at most 100 characters. The same for every instance. */
  readonly name: string
  /**
   * Writes to the destination, each key at most once per call. May be called again with what it has
   * written, by the same sequence, if it fails, takes longer than `writeTimeout` or its process
   * dies. An error whose `code` is `WEIR_OUTBOX_UNWRITABLE` gives up.
   */
  readonly write?: (
    writes: readonly Write<V>[],
    context: { readonly signal: AbortSignal }
  ) => Promise<unknown>
  /**
   * Takes the place of `write` where the destination is in `db`: it runs in the transaction that
   * removes the writes. Exactly once.
   */
  readonly writeInTransaction?: (
    trx: Transaction<S>,
    writes: readonly Write<V>[]
  ) => Promise<unknown>
  /**
   * Makes one value of two that follow each other and are not written yet. Default: the later one.
   */
  readonly merge?: (earlier: V, later: V) => V
  /** Tags that end with each write, besides the key. */
  readonly tags?: (value: V, key: string) => readonly string[]
  /**
   * Milliseconds between two looks at the table, for which writes of one key are collected. Default
   * 1000.
   */
  readonly pollInterval?: number
  /** Keys that are written at once. Default 100. */
  readonly batchSize?: number
  /** Keys that may wait. Beyond it `put` of another key fails. Default 10,000. */
  readonly maxPending?: number
  /**
   * Failures after which a write is given up, if its destination has taken others meanwhile.
   * Default 20.
   */
  readonly maxAttempts?: number
  /** After this a write counts as failed. **The same for every instance.** Default 10,000. */
  readonly writeTimeout?: number
}

// setTimeout takes 2^31 - 1 at most, and a lease is a multiple of the timeout.
const LONGEST = 2 ** 28

/** The options with their defaults. @throws OutboxError WEIR_OUTBOX_INVALID_OPTION */
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
    if (fn !== undefined && typeof fn !== 'function') throw invalid(option, fn, 'give a function')
  }
  if ((write === undefined) === (writeInTransaction === undefined)) {
    throw invalid('write', write, 'give either write or writeInTransaction')
  }
  for (const [option, ms] of Object.entries({ pollInterval, writeTimeout })) {
    if (!(Number.isFinite(ms) && ms > 0 && ms <= LONGEST)) {
      throw invalid(option, ms, `give milliseconds, from 1 to ${LONGEST}`)
    }
  }
  for (const [option, count] of Object.entries({ maxPending, maxAttempts })) {
    if (!(Number.isSafeInteger(count) && count > 0)) {
      throw invalid(option, count, 'give a whole number from 1')
    }
  }
  if (!(Number.isInteger(batchSize) && batchSize > 0 && batchSize <= MOST)) {
    throw invalid('batchSize', batchSize, `give a whole number, from 1 to ${MOST}`)
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

/** Values that one statement is given, for databases that take only so many. */
const MOST = 500
