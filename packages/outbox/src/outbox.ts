import { AsyncLocalStorage } from 'node:async_hooks'
import { within } from '@weir/internal'
import type { Transaction } from 'kysely'
import { Delivery, type DeliveryOutcome } from './delivery.js'
import { OutboxError, timedOut } from './errors.js'
import { Lease } from './lease.js'
import { type OutboxOptions, resolveOptions } from './options.js'
import { Relay } from './relay.js'
import { insertTicket, makeTicketId, rowIds, Rows } from './rows.js'
import type { OutboxSchema } from './table.js'
import { checkTags } from './tags.js'
import { Settling } from './settling.js'

/**
 * What `add` gives: an invalidation that is written, to be delivered once its transaction has been
 * committed.
 */
export interface Ticket {
  readonly id: string
  readonly tags: readonly string[]
}

/** See {@link createOutbox}. */
export interface Outbox {
  /**
   * Writes an invalidation as part of the transaction that writes the data.
   *
   * Called within `withTags`, it writes those tags as well. Without any there is nothing to write
   * or to deliver.
   * @throws OutboxError WEIR_OUTBOX_INVALID_TAG, WEIR_OUTBOX_NO_TRANSACTION; what the database
   *   fails with
   * @example
   * const ticket = await db.transaction().execute((trx) => outbox.add(trx, ['product:42']))
   */
  add (trx: Transaction<OutboxSchema>, tags: readonly string[]): Promise<Ticket>
  /**
   * Runs `work`; each ticket that `add` of this outbox makes within has these tags as well.
   *
   * Within is also after an `await`, by `AsyncLocalStorage`. The listeners of an event emitter run
   * in the context of the emitter: await a promise of the event, or bind them with
   * `AsyncResource.bind`. `tags` is called for each ticket. Nested calls add up.
   * @example
   * await outbox.withTags(
   *   () => [`page:${url}`],
   *   async () => {
   *     await db.transaction().execute((trx) => outbox.add(trx, ['product:1']))
   * // product:1 and the page
   *   }
   * )
   */
  withTags<T> (tags: () => readonly string[], work: () => T): T
  /**
   * To be awaited between the commit and its acknowledgement. Never rejects, and answers within the
   * lease and a little, one more lease if the database does not answer either.
   * @example const outcome = await outbox.deliver(ticket)
   */
  deliver (ticket: Ticket): Promise<DeliveryOutcome>
  /**
   * To be awaited by who has read the database, before anybody sees what follows from it: resolves
   * when no instance uses its cache that does not know of every invalidation with one of these tags
   * that was committed when it was called. As a rule that is one look at an index that has none of
   * them; if a write with such a tag is between its commit and its acknowledgement, about as long
   * as that takes. Never rejects, and answers within the lease and a little, whatever happens.
   * @example
   * const product = await cache.remember('42', { ttl: '1m', tags: ['product:42'] }, async () => {
   *   const row = await db
   *     .selectFrom('products')
   *     .selectAll()
   *     .where('id', '=', '42')
   *     .executeTakeFirst()
   *   await outbox.settle(['product:42'])
   *   return row
   * })
   */
  settle (tags: readonly string[]): Promise<void>
  /**
   * Whether the cache may be used: to be asked at every read, after it began. Not asked, nothing
   * here protects that read. A call costs 0.1 µs, nearly all of it performance.now(). It may be
   * handed on by itself.
   * @example
   * const cache = createCache({
   *   store: guardedStore(store, outbox.isDrained),
   *   namespace: 'products'
   * })
   */
  readonly isDrained: () => boolean
  /**
   * Writes an invalidation of exactly these tags in a transaction of its own, for what could not be
   * part of the data's: if the process dies between the two, it is lost.
   * @throws OutboxError WEIR_OUTBOX_INVALID_TAG; what the database fails with
   * @example await outbox.deliver(await outbox.queue(['products']))
   */
  queue (tags: readonly string[]): Promise<Ticket>
  /**
   * Begins to look at the table, at once and then for good. Resolves when it has looked for the
   * first time; until then the outbox is not drained.
   * @example await outbox.start()
   */
  start (): Promise<void>
  /**
   * Ends the relay: from now on the outbox is not drained. Resolves when a poll under way has
   * ended, or after `invalidateTimeout`. `add` and `deliver` go on working.
   * @example await outbox.stop()
   */
  stop (): Promise<void>
  /**
   * How many tags wait to be invalidated, for people and gauges.
   * @example const waiting = await outbox.pending()
   */
  pending (): Promise<number>
}

/**
 * Invalidations that are lost neither with the process nor with the cache's store: they are written
 * to a table in the service's own database, in the transaction that writes the data, and leave it
 * when they have been delivered.
 *
 * Each tag of an invalidation is a row of its own. A row is read, delivered and deleted for itself,
 * so that no backlog is too large to make progress with, and it has a namespace: other caches'
 * outboxes in the same table neither see nor delete it.
 *
 * **The promise**: no read that begins after `deliver` has resolved, on any instance, uses what was
 * invalidated, if the reader asks `isDrained()`.
 *
 * **Why it holds.** Let c be the moment of the commit, at which the rows appear, all at once.
 * 1. `delivered`: each tag's invalidation was carried through after c. The writer's own began after
 *    c; anyone else's was of a row that had been read, which is after c; and a row is deleted only
 *    after that. Chunks change nothing of it, since each row stands for its tag alone: `delivered`
 *    takes the last chunk, or the absence of every row.
 * 2. `queued`, at q: the writer has waited since it called `deliver`, which is after c, for longer
 *    than a lease: q > c + LEASE. Take a reader that begins after q and finds the outbox drained.
 *    Then some poll of its instance that left nothing undelivered began less than LEASE before, so
 *    after q - LEASE > c. It read the table page by page, after c: either it saw a row and has
 *    delivered it, or the row was gone, so somebody else had. No row that was there when the poll
 *    began is beyond its last page: the poll goes on to the last id in a table that it has asked
 *    for it later than it began. So it ends, however many are added meanwhile; and if it took
 *    longer than a lease, it was worth nothing, and the next one finds few rows.
 * 3. No answer, because the writer died: nothing was acknowledged, and the rows are there for every
 *    relay as soon as they are committed.
 *
 * **No read goes back** behind one that ended before it began, even while the write is not
 * acknowledged yet, if what was computed from the database is settled (`settle`) before it is
 * stored or seen. For take a version written at c that somebody has seen. It came from a fill that
 * read the database at r > c and was settled at s, before anybody saw it. Settling looked after r
 * for rows with the fill's tags, and rows are committed with their data. So a row with such a tag
 * was
 * - gone, because it was delivered; or
 * - seen, and by s its tag was invalidated by who settled, or the row was gone, or a lease had
 *   passed; or
 * - released, that is, hidden from who settles: a writer or reader had waited a lease since it saw
 *   it; or
 * - one of more than are read at once. Then all of the fill's tags were invalidated from here, or a
 *   lease had passed, by s.
 *
 * From s on 1 and 2 hold as from an acknowledgement: the cache gives nobody what was computed
 * before c, and who computes anew reads the database after c. This takes a database in which a read
 * sees every commit before it (linearizable: no replica), and data and outbox in the same one.
 *
 * Two clocks are never compared, only durations, on monotonic clocks that must run at the same rate
 * to within 5 %; nobody needs to know who the instances are. A poll counts from its *beginning*, so
 * that an answer which took long is worth less and one that took a lease nothing; a stalled event
 * loop, a silent database or a store that refuses invalidations end the lease by doing nothing.
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
  const {
    db,
    invalidate: unbounded,
    namespace,
    pollInterval,
    lease: length,
    invalidateTimeout
  } = resolveOptions(options)
  const invalidate = async (tags: readonly string[]) =>
    within(
      invalidateTimeout,
      Promise.resolve(unbounded(tags)),
      timedOut('The invalidation', invalidateTimeout)
    )
  const rows = new Rows(db, namespace, length)
  const lease = new Lease(length)
  const relay = new Relay({ rows, invalidate, lease, pollInterval, stopTimeout: invalidateTimeout })
  const delivery = new Delivery({ rows, invalidate, lease: length, pollInterval })
  const settling = new Settling({ rows, delivery, lease: length })

  const context = new AsyncLocalStorage<() => readonly string[]>()

  const write = async (
    trx: Transaction<OutboxSchema>, tags: readonly string[], carried: readonly string[]
  ): Promise<Ticket> => {
    checkTags(tags)
    checkTags(carried)
    if (!trx.isTransaction) throw new OutboxError('WEIR_OUTBOX_NO_TRANSACTION', 'add()')
    const distinct = [...new Set([...tags, ...carried])]
    if (distinct.length === 0) return { id: '', tags: [] }
    const ticket = { id: makeTicketId(), tags: distinct }
    await insertTicket(trx, namespace, ticket)
    return ticket
  }

  return {
    add: async (trx, tags) => write(trx, tags, context.getStore()?.() ?? []),
    withTags: (tags, work) => {
      const outer = context.getStore()
      return context.run(() => [...outer?.() ?? [], ...tags()], work)
    },
    queue: (tags) => db.transaction().execute((trx) => write(trx, tags, [])),
    async deliver (ticket) {
      const ids = rowIds(ticket)
      const outcome = await delivery.deliver({ tags: ticket.tags, ids })
      // A lease has passed. It is not waited for, since the database may be what does not answer.
      if (outcome === 'queued') rows.release(ids).catch(() => {})
      return outcome
    },
    settle: (tags) => settling.settle(tags),
    isDrained: () => lease.holds(),
    start: () => relay.start(),
    stop: () => relay.stop(),
    pending: () => rows.count()
  }
}
