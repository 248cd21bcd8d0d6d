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

/** A write-behind made by {@link writeBehind}. */
export interface WriteBehind<V> {
  /**
   * Writes a value of the key.
   *
   * Resolves when the value is durable in the service's own database and no instance serves an
   * older one, or with `queued` if the cache could not be notified yet.
   * @throws OutboxError WEIR_OUTBOX_INVALID_KEY, WEIR_OUTBOX_INVALID_VALUE,
   *   WEIR_OUTBOX_INVALID_TAG; WEIR_OUTBOX_FULL: `maxPending` other keys are waiting; errors of
   *   `merge`, `tags` or the database
   * @example await stock.put('product:42', 17)
   */
  put (key: string, value: V): Promise<DeliveryOutcome>
  /**
   * Returns the newest acknowledged value: the waiting one, or that of the destination, returned by
   * `load`.
   *
   * With `merge`, it is the destination's value merged with the waiting ones. Use it as the
   * function of `remember`, under the same key.
   * @example
   * const left = await cache.remember('product:42', { ttl: '1m' }, () =>
   *   stock.read('product:42', () => warehouse.stock(42))
   * )
   */
  read (key: string, load: () => Promise<V>): Promise<V>
  /**
   * Starts writing, at once and then repeatedly. Resolves when everything that was due has been
   * tried.
   * @example await stock.start()
   */
  start (): Promise<void>
  /**
   * Stops the write-behind and resolves to the number of waiting keys.
   *
   * Writes everything that is due, for at most `timeout` ms (10,000), and releases the rest, which
   * other instances or the next start write. `put` and `read` keep working.
   * @throws the database's error
   * @example const left = await stock.stop({ timeout: 5000 })
   */
  stop (options?: { readonly timeout?: number }): Promise<number>
  /**
   * Returns the number of keys waiting to be written, for people and gauges.
   * @example const waiting = await stock.pending()
   */
  pending (): Promise<number>
  /**
   * Returns the oldest writes that were given up, at most a hundred.
   * @example const [oldest] = await stock.dead()
   */
  dead (): Promise<DeadWrite<V>[]>
  /**
   * Removes writes that were given up, after they have been handled: `put` again, or discarded.
   * @example await stock.discard(await stock.dead())
   */
  discard (dead: readonly Pick<DeadWrite<V>, 'key' | 'sequence'>[]): Promise<void>
}

/**
 * A write that was given up: its destination rejected it `maxAttempts` times, or reported it as
 * unwritable.
 */
export interface DeadWrite<V> {
  readonly key: string
  readonly value: V
  readonly sequence: number
  readonly attempts: number
  /** Message of the last error. */
  readonly error: string
  readonly died: Date
}

/** Number of looks at a row that is being written, after which its read is accepted. */
const MOST_LOOKS = 5
const MOST_DEAD = 100
/** Milliseconds for writes in progress to be released after the time to stop is over. */
const GRACE = 1000

/**
 * Creates a write-behind: writes acknowledged once durable in the service's own database, and sent
 * to a slower destination later.
 *
 * Writes are coalesced by key, in order per key, in batches, and retried until they have arrived.
 * Any number of instances share one table.
 *
 * Readers of the cache see the newest acknowledged value: a write and its invalidation commit
 * together, through the outbox, and `read` finds waiting values. It reads the table before it asks
 * the destination, so values that are no longer in the table have arrived there.
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
  // The cast relies on the callers: all writers of a queue use the same type of values.
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

  /** Merges the waiting values into the destination's; the second argument is the later one. */
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
        // If both are one transaction, a value that was present all the time is not in the
        // destination yet.
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
