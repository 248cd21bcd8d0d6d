import { within } from '@weir/internal'
import type { Transaction } from 'kysely'
import type { DeliveryOutcome } from '../delivery.js'
import { OutboxError, timedOut } from '../errors.js'
import { emit } from '../events.js'
import { keyTag } from '../key-tag.js'
import { Polling } from '../polling.js'
import { checkTags } from '../tags.js'
import { Drain } from './drain.js'
import { toJson } from './json.js'
import { resolveOptions, type WriteBehindOptions } from './options.js'
import { PendingWrites, type Waiting } from './pending-writes.js'
import type { WriteBehindSchema } from './table.js'

/** See {@link writeBehind}. */
export interface WriteBehind<V> {
  /**
   * Writes a value of the key. Resolves when it is durable in the service's own database, and no
   * instance serves an older one: `queued`, if the cache could not be told yet.
   * @throws OutboxError WEIR_OUTBOX_INVALID_KEY, WEIR_OUTBOX_INVALID_VALUE,
   *   WEIR_OUTBOX_INVALID_TAG; WEIR_OUTBOX_FULL: `maxPending` other keys wait; what `merge`, `tags`
   *   or the database throws
   * @example await stock.put('product:42', 17)
   */
  put (key: string, value: V): Promise<DeliveryOutcome>
  /**
   * The newest acknowledged value: the one that waits, or that of the destination, which `load`
   * gives. With `merge`, that of the destination and those that wait, merged. To be the function of
   * `remember`, under the same key.
   * @example
   * const left = await cache.remember('product:42', { ttl: '1m' }, () =>
   *   stock.read('product:42', () => warehouse.stock(42))
   * )
   */
  read (key: string, load: () => Promise<V>): Promise<V>
  /**
   * Begins to write, at once and then for good. Resolves when what was due has been tried.
   * @example await stock.start()
   */
  start (): Promise<void>
  /**
   * Ends it: writes what is due, for `timeout` ms at most (10,000), and lets go of the rest, which
   * other instances or the next start write. Resolves to how many keys wait. `put` and `read` go on
   * working.
   * @throws what the database fails with
   * @example const left = await stock.stop({ timeout: 5000 })
   */
  stop (options?: { readonly timeout?: number }): Promise<number>
  /**
   * The number of keys that wait to be written, for people and gauges.
   * @example const waiting = await stock.pending()
   */
  pending (): Promise<number>
  /**
   * The oldest of the writes that were given up, a hundred at most.
   * @example const [oldest] = await stock.dead()
   */
  dead (): Promise<DeadWrite<V>[]>
  /**
   * Removes writes that were given up, once they have been seen to: `put` again, or not wanted.
   * @example await stock.discard(await stock.dead())
   */
  discard (dead: readonly Pick<DeadWrite<V>, 'key' | 'sequence'>[]): Promise<void>
}

/**
 * A write that was given up: its destination refused it `maxAttempts` times, or said that it is
 * unwritable.
 */
export interface DeadWrite<V> {
  readonly key: string
  readonly value: V
  readonly sequence: number
  readonly attempts: number
  /** The message of the last error. */
  readonly error: string
  readonly died: Date
}

/** Looks at a row that is being written, before its read is as good as it gets. */
const MOST_LOOKS = 5
const MOST_DEAD = 100
/** Milliseconds that writes under way have to be let go of once the time to stop is over. */
const GRACE = 1000

/**
 * Writes that are acknowledged when they are durable in the service's own database, and reach a
 * slower destination later: coalesced by key, in order for each key, in batches, tried again until
 * they are there. Any number of instances write on one table.
 *
 * Readers of the cache see the newest acknowledged value: a write and its invalidation commit
 * together, through the outbox, and `read` finds what waits. It looks at the table before it asks
 * the destination, so that what is not in the table any more is there.
 * @throws OutboxError WEIR_OUTBOX_INVALID_OPTION
 * @example
 * const stock = writeBehind<number, Shop>({
 *   db,
 *   outbox,
 *   name: 'stock',
 *   write: (writes, { signal }) => warehouse.send(writes, { signal })
 * })
 * stock.start()
 * await stock.put('product:42', 17)
 * const left = await cache.remember('product:42', { ttl: '1m' }, () =>
 *   stock.read('product:42', () => warehouse.stock(42))
 * )
 * await stock.stop()
 */
export function writeBehind<V, S extends WriteBehindSchema = WriteBehindSchema> (
  options: WriteBehindOptions<S, V>
): WriteBehind<V>
export function writeBehind<V> (given: WriteBehindOptions<WriteBehindSchema, V>): WriteBehind<V> {
  const options = resolveOptions(given)
  const { db, outbox, name, merge, tags, maxPending } = options
  const rows = new PendingWrites(name)
  const drain = new Drain<V>(options, rows)
  const polling = new Polling(() => drain.run())
  // The queue is of one type of values: that all who write to it agree is the caller's claim.
  const parsed = (json: string) => JSON.parse(json) as V

  const write = async (
    trx: Transaction<WriteBehindSchema>,
    key: string,
    value: V,
    json: string
  ) => {
    const isNew =
      merge === undefined
        ? await rows.put(trx, key, json)
        : await rows.merge(trx, key, json, (earlier) => toJson(merge(parsed(earlier), value), key))
    if (isNew && (await rows.count(trx)) > maxPending) {
      throw new OutboxError('WEIR_OUTBOX_FULL', `${name}: ${maxPending}`)
    }
    const own = tags(value, key)
    checkTags(own)
    return outbox.add(trx, [keyTag(key), ...own])
  }

  /** Merges the values that wait into the destination's; the second argument is the later. */
  const over = (value: V, { taken, next }: Waiting): V =>
    [taken, next].reduce<V>(
      (value, json) =>
        json === null
          ? value
          : merge === undefined || value === undefined
            ? parsed(json)
            : merge(value, parsed(json)),
      value
    )

  const drainUntil = async (signal: AbortSignal) => {
    await polling.stop()
    for (let before = Infinity; !signal.aborted;) {
      const left = await rows.count(db)
      if (left === 0 || left >= before) return
      before = left
      await drain.run()
    }
  }

  return {
    async put (key, value) {
      keyTag(key)
      const json = toJson(value, key)
      return outbox.deliver(await db.transaction().execute((trx) => write(trx, key, value, json)))
    },
    async read (key, load) {
      keyTag(key)
      let row = await rows.find(db, key)
      if (row === undefined) return load()
      if (merge === undefined) return parsed(row.next ?? row.taken ?? 'null')
      for (let looks = 1; ; looks++) {
        const value = await load()
        // A value that was there all the while is not in the destination yet, where both are one
        // transaction.
        const after = await rows.find(db, key)
        if (after?.id === row?.id || looks === MOST_LOOKS) {
          return after === undefined ? value : over(value, after)
        }
        row = after
      }
    },
    start: () => polling.start(),
    async stop ({ timeout = 10_000 } = {}) {
      const deadline = new AbortController()
      const drained = drainUntil(deadline.signal)
      await within(timeout, drained, timedOut('What was to be written', timeout)).catch(
        (error: unknown) => {
          emit('weir:outbox:error', { operation: 'release', error })
        }
      )
      deadline.abort()
      drain.close()
      const released = drained.catch(() => {}).then(() => rows.count(db))
      return within(GRACE, released, timedOut('The database of the writes', GRACE))
    },
    pending: () => rows.count(db),
    async dead () {
      const found = await db
        .selectFrom('weir_dead_writes')
        .selectAll()
        .where('queue', '=', name)
        .orderBy('sequence')
        .limit(MOST_DEAD)
        .execute()
      return found.map(({ key, value, sequence, attempts, error, died }) => ({
        key: JSON.parse(key) as string,
        value: parsed(value),
        sequence: Number(sequence),
        attempts,
        error,
        died: new Date(died)
      }))
    },
    async discard (dead) {
      await db.transaction().execute(async (trx) => {
        for (const { key, sequence } of dead) {
          await trx
            .deleteFrom('weir_dead_writes')
            .where('queue', '=', name)
            .where('sequence', '=', sequence)
            .where('key', '=', JSON.stringify(key))
            .execute()
        }
      })
    }
  }
}
