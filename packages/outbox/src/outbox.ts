import { AsyncLocalStorage } from 'node:async_hooks'
import { parseTraceparent, within } from '@weir/internal'
import type { Transaction } from 'kysely'
import { Delivery, type DeliveryOutcome } from './delivery.js'
import { fleetOf } from './edge.js'
import { OutboxError, timedOut } from './errors.js'
import { Lease } from './lease.js'
import { Notices } from './notices.js'
import { type OutboxOptions, resolveOptions } from './options.js'
import { Relay } from './relay.js'
import { insertTicket, makeTicketId, rowIds, Rows } from './rows.js'
import type { OutboxSchema } from './table.js'
import { checkTags } from './tags.js'
import { type DeliveryTrace, tracedDelivery } from './traces.js'
import { Settling } from './settling.js'

/**
 * A written invalidation, returned by `add`, to be delivered after its transaction has been
 * committed.
 */
export interface Ticket {
  readonly id: string
  readonly tags: readonly string[]
}

/** An outbox made by {@link createOutbox}. */
export interface Outbox {
  /**
   * Writes an invalidation as part of the transaction that writes the data.
   *
   * Called within `withTags`, it also writes those tags. Without any tags there is nothing to write
   * or deliver.
   * @throws OutboxError WEIR_OUTBOX_INVALID_TAG, WEIR_OUTBOX_NO_TRANSACTION; the database's error
   * @example
   * const ticket = await db.transaction().execute((trx) => outbox.add(trx, ['product:42']))
   */
  add (trx: Transaction<OutboxSchema>, tags: readonly string[]): Promise<Ticket>
  /**
   * Runs `work`; each ticket that `add` of this outbox creates within it also has these tags.
   *
   * This includes code after an `await`, through `AsyncLocalStorage`. Listeners of an event emitter
   * run in the emitter's context: await a promise of the event, or bind them with
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
   * True if invalidations go on to caches beyond the fleet: all of them belong in a ticket.
   * @example const isFollowed = outbox.hasEdge
   */
  readonly hasEdge: boolean
  /**
   * Delivers the ticket. Await it between the commit and its acknowledgement.
   *
   * Never rejects. Answers within slightly more than the lease, or after one more lease if the
   * database does not answer either. With an edge, also waits for the caches that have `wait`.
   * @example const outcome = await outbox.deliver(ticket)
   */
  deliver (ticket: Ticket): Promise<DeliveryOutcome>
  /**
   * Waits for undelivered invalidations that affect data read from the database.
   *
   * Await it after reading the database, before anything derived from the read becomes visible. It
   * resolves when no instance uses its cache without knowing every invalidation with one of these
   * tags that was committed before the call. Usually that takes one look at an index that has none
   * of them; if a write with such a tag is between its commit and its acknowledgement, about as
   * long as that takes. Never rejects, and always answers within slightly more than the lease.
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
   * Reports whether the cache may be used. Call it during every read.
   *
   * A read that does not call it is not protected. A call costs 0.1 µs, nearly all of it
   * performance.now(). It can be passed on as a function.
   * @example
   * const cache = createCache({
   *   store: guardedStore(store, outbox.isDrained),
   *   namespace: 'products'
   * })
   */
  readonly isDrained: () => boolean
  /**
   * Writes an invalidation of exactly these tags in a transaction of its own.
   *
   * Meant for invalidations that cannot be part of the data's transaction: if the process dies
   * between the two, the invalidation is lost.
   * @throws OutboxError WEIR_OUTBOX_INVALID_TAG; the database's error
   * @example await outbox.deliver(await outbox.queue(['products']))
   */
  queue (tags: readonly string[]): Promise<Ticket>
  /**
   * Starts polling the table, at once and then repeatedly.
   *
   * Resolves after the first poll; until then the outbox is not drained.
   * @example await outbox.start()
   */
  start (): Promise<void>
  /**
   * Stops the relay: from now on the outbox is not drained.
   *
   * Resolves when a poll in progress has ended, or after `invalidateTimeout`. `add` and `deliver`
   * keep working.
   * @example await outbox.stop()
   */
  stop (): Promise<void>
  /**
   * Returns the number of tags waiting to be invalidated, for people and gauges.
   * @example const waiting = await outbox.pending()
   */
  pending (): Promise<number>
  /**
   * Returns the number of tags waiting to be invalidated, and since when the oldest has waited.
   * @throws OutboxError WEIR_OUTBOX_TIMEOUT; the database's error
   * @example
   * const { rows, oldest } = await outbox.backlog()
   * if (oldest !== undefined) console.warn(`${rows} rows, the oldest of ${new Date(oldest)}`)
   */
  backlog (): Promise<Backlog>
}

/** The invalidations that an outbox has not delivered yet. */
export interface Backlog {
  readonly rows: number
  /** Time of the oldest, in milliseconds since the epoch; undefined if there is none. */
  readonly oldest: number | undefined
}

/**
 * Creates an outbox: invalidations that survive the loss of the process and of the cache's store.
 *
 * They are written to a table in the service's own database, in the transaction that writes the
 * data, and removed when they have been delivered.
 *
 * Each tag of an invalidation is a separate row. Rows are read, delivered and deleted individually,
 * so that any backlog makes progress. Each row has a namespace: outboxes of other caches in the
 * same table neither see nor delete it.
 *
 * **The guarantee**: no read that begins after `deliver` has resolved, on any instance, uses an
 * invalidated value, provided the reader calls `isDrained()`.
 *
 * **Why it holds.** Let c be the moment of the commit, at which all rows appear at once.
 * 1. `delivered`: each tag's invalidation was executed after c. The writer's own began after c; any
 *    other was of a row that had been read, which is after c; and a row is deleted only after that.
 *    Chunks do not change this, since each row stands for its tag alone: `delivered` requires the
 *    last chunk, or the absence of every row. On Postgres a relay locks the rows that it delivers,
 *    and others pass over them: a lock decides who delivers a row, never whether it is delivered.
 * 2. `queued`, at q: since the call of `deliver`, which is after c, the writer has waited for
 *    longer than a lease: q > c + LEASE. Consider a reader that begins after q and finds the outbox
 *    drained. Some poll of its instance that left nothing undelivered then began less than LEASE
 *    earlier, so after q - LEASE > c. It read the table page by page, after c: either it saw a row
 *    and delivered it, or the row was gone, because another instance had. A row that another
 *    instance had locked, it looked for again at its end: one that was still there counted as
 *    undelivered, so that the poll renewed nothing, and one that was gone had been delivered. Locks
 *    end with their connection, so that the next poll of another instance delivers the rows of one
 *    that has died. No row that existed when
 *    the poll began is beyond its last page: the poll continues to the last id in the table, which
 *    it requested after it began. It therefore ends, however many rows are added meanwhile; and if
 *    it took longer than a lease, it was worthless, and the next one finds few rows.
 * 3. No answer, because the writer died: nothing was acknowledged, and the rows are visible to
 *    every relay as soon as they are committed.
 *
 * **Reads never go back in time**, even before the write is acknowledged, if results computed from
 * the database are settled (`settle`) before they are stored or become visible. Consider a version
 * written at c that a reader has seen. It came from a fill that read the database at r > c and was
 * settled at s, before it became visible. Settling looked for rows with the fill's tags after r,
 * and rows are committed with their data. So a row with such a tag was
 * - gone, because it was delivered; or
 * - seen, and by s the settling instance had invalidated its tag, or the row was gone, or a lease
 *   had passed; or
 * - released, that is, hidden from settling: a writer or reader had waited a lease since it saw it;
 *   or
 * - one of more than are read at once. Then, by s, all of the fill's tags had been invalidated from
 *   here, or a lease had passed.
 *
 * From s on, 1 and 2 hold as from an acknowledgement: the cache returns nothing that was computed
 * before c, and new computations read the database after c. This requires a database in which a
 * read sees every earlier commit (linearizable: no replica), and data and outbox in the same
 * database.
 *
 * Clocks are never compared, only durations, on monotonic clocks whose rates must agree to within
 * 5%; the set of instances need not be known. A poll counts from its *start*, so a slow answer is
 * worth less, and one that took a whole lease is worth nothing. A stalled event loop, an
 * unresponsive database or a store that rejects invalidations end the lease without any action.
 * @throws OutboxError WEIR_OUTBOX_INVALID_OPTION
 * @example
 * const outbox = createOutbox({ db, invalidate: (tags) => cache.invalidate(tags) })
 * outbox.start()
 * const ticket = await db.transaction().execute(async (trx) => {
 *   await trx.updateTable('products').set({ price }).where('id', '=', id).execute()
 *   return outbox.add(trx, [`product:${id}`])
 * })
 * await outbox.deliver(ticket) // 'delivered', or 'queued' if the store did not answer
 */
export function createOutbox (options: OutboxOptions): Outbox {
  const {
    db,
    invalidate: unbounded,
    namespace,
    notifications,
    pollInterval,
    lease: length,
    invalidateTimeout,
    edge,
    traceparent
  } = resolveOptions(options)
  const passedOn = (tags: readonly string[]) =>
    edge === undefined ? unbounded(tags) : edge.delivering(() => unbounded(tags))
  const invalidate = async (tags: readonly string[]) =>
    within(
      invalidateTimeout,
      Promise.resolve(passedOn(tags)),
      timedOut('The invalidation', invalidateTimeout)
    )
  const deliverer = (by: DeliveryTrace['by']) =>
    (tags: readonly string[], traceparents: readonly string[] = []) =>
      tracedDelivery(() => ({ namespace, by, tags, traceparents }), () => invalidate(tags))
  const rows = new Rows(db, namespace, length, traceparent !== undefined)
  const lease = new Lease(length)
  const relay = new Relay({
    rows,
    invalidate: deliverer('relay'),
    lease,
    pollInterval,
    stopTimeout: invalidateTimeout
  })
  const notices = notifications && new Notices({
    notifications, namespace, rows, onOverdue: () => { relay.pollSoon() }
  })
  const delivery = new Delivery({
    rows,
    invalidate: deliverer('caller'),
    lease: length,
    pollInterval
  })
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
    const span = recordedSpan(traceparent?.())
    for (const one of [namespace, ...edge?.namespaces ?? []]) {
      await insertTicket(trx, one, ticket, span)
    }
    await notices?.announce(trx, ticket.id)
    return ticket
  }

  const queue = (tags: readonly string[]) =>
    db.transaction().execute((trx) => write(trx, tags, []))
  edge?.attach(fleetOf(rows, delivery, queue))

  return {
    add: async (trx, tags) => write(trx, tags, context.getStore()?.() ?? []),
    withTags: (tags, work) => {
      const outer = context.getStore()
      return context.run(() => [...outer?.() ?? [], ...tags()], work)
    },
    queue,
    async deliver (ticket) {
      const ids = rowIds(ticket)
      const outcome = await delivery.deliver({ tags: ticket.tags, ids })
      // A lease has passed. Not awaited, since the database may be the part that does not answer.
      if (outcome === 'queued') rows.release(ids).catch(() => {})
      if (edge === undefined || ids.length === 0) return outcome
      return await edge.confirm(ticket, ids) ? outcome : 'unconfirmed'
    },
    settle: (tags) => settling.settle(tags),
    isDrained: () => lease.holds(),
    start () {
      const first = relay.start()
      notices?.start()
      edge?.start()
      return first
    },
    async stop () {
      notices?.stop()
      await Promise.all([relay.stop(), edge?.stop()])
    },
    hasEdge: edge !== undefined,
    pending: () => rows.count(),
    async backlog () {
      const [count, oldest] = await Promise.all([rows.count(), rows.oldest()])
      return { rows: count, oldest }
    }
  }
}

/** A span that is not recorded leads nowhere. The column has room for version 00. */
const recordedSpan = (text: string | undefined): string | undefined =>
  text?.length === 55 && parseTraceparent(text)?.isSampled === true ? text : undefined
