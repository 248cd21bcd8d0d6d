import { within } from '@weir/internal'
import type { Transaction } from 'kysely'
import { Delivery, type DeliveryOutcome, type Ticket } from './delivery.js'
import { OutboxError, timedOut } from './errors.js'
import { Lease } from './lease.js'
import { type OutboxOptions, resolveOptions } from './options.js'
import { Relay } from './relay.js'
import { insertRow, Rows } from './rows.js'
import type { OutboxSchema } from './table.js'
import { checkTags } from './tags.js'
import { Settling } from './settling.js'

/** See {@link createOutbox}. */
export interface Outbox {
  /**
   * Writes an invalidation as part of the transaction that writes the data. Without tags there is nothing to write or to deliver.
   * @throws OutboxError WEIR_OUTBOX_INVALID_TAG, WEIR_OUTBOX_NO_TRANSACTION; what the database fails with
   */
  add (trx: Transaction<OutboxSchema>, tags: readonly string[]): Promise<Ticket>
  /**
   * To be awaited between the commit and its acknowledgement. Never rejects, and answers within the lease and a little,
   * one more lease if the database does not answer either.
   */
  deliver (ticket: Ticket): Promise<DeliveryOutcome>
  /**
   * To be awaited by who has read the database, before anybody sees what follows from it: resolves when no instance uses its
   * cache that does not know of every invalidation with one of these tags that was committed when it was called. As a rule that is
   * one look at an empty table; if a write with such a tag is between its commit and its acknowledgement, about as long as that
   * takes. Never rejects, and answers within the lease and a little, whatever happens.
   */
  settle (tags: readonly string[]): Promise<void>
  /**
   * Whether the cache may be used: to be asked at every read, after it began. Not asked, nothing here protects that read.
   * A call costs 0.1 µs, nearly all of it performance.now(). It may be handed on by itself.
   */
  readonly isDrained: () => boolean
  /**
   * Writes an invalidation in a transaction of its own, for what could not be part of the data's: if the process dies between
   * the two, it is lost.
   * @throws OutboxError WEIR_OUTBOX_INVALID_TAG; what the database fails with
   */
  queue (tags: readonly string[]): Promise<Ticket>
  /**
   * Begins to look at the table, at once and then for good. Resolves when it has looked for the first time; until then the outbox
   * is not drained.
   */
  start (): Promise<void>
  /**
   * Ends the relay: from now on the outbox is not drained. Resolves when a poll under way has ended, or after `invalidateTimeout`.
   * `add` and `deliver` go on working.
   */
  stop (): Promise<void>
  /** How many invalidations are in the table, for people and gauges. */
  pending (): Promise<number>
}

/**
 * Invalidations that are lost neither with the process nor with the cache's store: they are written to a table in the
 * service's own database, in the transaction that writes the data, and leave it when they have been delivered.
 *
 * **The promise**: no read that begins after `deliver` has resolved, on any instance, uses what was invalidated, if
 * the reader asks `isDrained()`.
 *
 * **Why it holds.** Let c be the moment of the commit, at which the row appears.
 * 1. `delivered`: an invalidation was carried through after c. The writer's own began after c; anyone else's was of a row that
 *    had been read, which is after c; and a row is deleted only after that.
 * 2. `queued`, at q: the writer has waited since it called `deliver`, which is after c, for longer than a lease:
 *    q > c + LEASE. Take a reader that begins after q and finds the outbox drained. Then some poll of its instance that left nothing
 *    undelivered began less than LEASE before, so after q - LEASE > c. It read the table after c: either it saw the row and has
 *    delivered it, or the row was gone, so somebody else had.
 * 3. No answer, because the writer died: nothing was acknowledged, and the row is there for every relay as soon as it is committed.
 *
 * **No read goes back** behind one that ended before it began, even while the write is not acknowledged yet, if what was computed
 * from the database is settled (`settle`) before it is stored or seen. For take a version written at c that somebody has seen. It
 * came from a fill that read the database at r > c and was settled at s, before anybody saw it. Settling looked at the table after r, and
 * a row is committed with its data: so either the row was gone, because it was delivered, or it was seen, and by s it was delivered or
 * a lease had passed. From s on 1 and 2 hold as from an acknowledgement: the cache gives nobody what was computed before c, and who
 * computes anew reads the database after c. This takes a database in which a read sees every commit before it (linearizable: no
 * replica), and data and outbox in the same one.
 *
 * Two clocks are never compared, only durations, on monotonic clocks that must run at the same rate to within 5 %; nobody needs
 * to know who the instances are. A poll counts from its *beginning*, so that an answer which took long is worth less and one that took a
 * lease nothing; a stalled event loop, a silent database or a store that refuses invalidations end the lease by doing nothing.
 * @throws OutboxError WEIR_OUTBOX_INVALID_OPTION
 * @example
 * const outbox = createOutbox({ db, invalidate: (tags) => cache.invalidate(tags) })
 * outbox.start()
 * const ticket = await db.transaction().execute(async (trx) => {
 *   await trx.updateTable('products').set({ price }).where('id', '=', id).execute()
 *   return outbox.add(trx, [`product:${id}`])
 * })
 * await outbox.deliver(ticket) // 'delivered', or 'queued' if nobody could be told
 */
export function createOutbox (options: OutboxOptions): Outbox {
  const { db, invalidate: unbounded, pollInterval, lease: length, invalidateTimeout } = resolveOptions(options)
  const invalidate = async (tags: readonly string[]) => within(invalidateTimeout, unbounded(tags), timedOut('The invalidation', invalidateTimeout))
  const rows = new Rows(db, length)
  const lease = new Lease(length)
  const relay = new Relay({ rows, invalidate, lease, pollInterval, stopTimeout: invalidateTimeout })
  const delivery = new Delivery({ rows, invalidate, lease: length, pollInterval })
  const settling = new Settling({ rows, delivery, lease: length })

  const add = async (trx: Transaction<OutboxSchema>, tags: readonly string[]): Promise<Ticket> => {
    checkTags(tags)
    if (!trx.isTransaction) throw new OutboxError('WEIR_OUTBOX_NO_TRANSACTION', 'add()')
    const distinct = [...new Set(tags)]
    return { id: distinct.length > 0 ? await insertRow(trx, distinct) : '', tags: distinct }
  }

  return {
    add,
    queue: (tags) => db.transaction().execute((trx) => add(trx, tags)),
    deliver: (ticket) => delivery.deliver(ticket),
    settle: (tags) => settling.settle(tags),
    isDrained: () => lease.holds(),
    start: () => relay.start(),
    stop: () => relay.stop(),
    pending: () => rows.count()
  }
}
