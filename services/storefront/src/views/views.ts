import { type Cache } from '@weir/cache'
import { createOutbox } from '@weir/outbox'
import { writeBehind } from '@weir/outbox/write-behind'
import { cached, withQueryCache } from '@weir/query'
import { type FastifyBaseLogger } from 'fastify'
import { type Kysely, sql } from 'kysely'
import { OUTBOX } from '../db/migrations.js'
import { type OpenDatabase } from '../db/open.js'
import { type StorefrontSchema, type ViewTable } from '../db/schema.js'

/**
 * Milliseconds for which an instance adds up views before it writes them to the shared counters.
 */
const COLLECTED = 100
/** Milliseconds until a retry after a failed write. */
const PAUSE = 1000

export interface ViewsOptions {
  readonly database: OpenDatabase
  /** Counters that all instances share. */
  readonly counters: Cache<number>
  /** Results of queries. */
  readonly queries: Cache<unknown>
  /** False: each query is sent to the database. */
  readonly keepsQueries: boolean
  readonly log: FastifyBaseLogger
}

/**
 * Page views by product. An instance adds up the views of a tenth of a second, adds the sum to the
 * product's shared counter, and writes the new total behind to the table `views`, which keeps the
 * largest. Pages do not wait for any of it.
 *
 * Views are counted at least once: those of a tenth of a second are lost if the process is killed,
 * and counted twice if the store executes an addition but does not answer. A counter that the store
 * has lost restarts with the total in the table.
 */
export class Views {
  readonly #options: ViewsOptions
  readonly #cached: Kysely<StorefrontSchema>
  readonly #outbox
  readonly #totals
  #waiting = new Map<number, number>()
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> | undefined
  #isClosed = false

  constructor (options: ViewsOptions) {
    const { database: { db, notifications }, queries } = options
    this.#options = options
    this.#outbox = createOutbox({
      db,
      namespace: OUTBOX,
      ...(notifications && { notifications }),
      invalidate: (tags) => queries.invalidate(tags)
    })
    this.#cached = withQueryCache(db, {
      cache: queries,
      outbox: this.#outbox,
      primaryKeys: { views: 'product' }
    })
    this.#totals = writeBehind<number, StorefrontSchema>({
      db: this.#cached,
      outbox: this.#outbox,
      name: 'views',
      merge: Math.max,
      writeInTransaction: (transaction, writes) =>
        transaction
          .insertInto('views')
          .values(writes.map(({ key, value }) => ({ product: Number(key), total: value })))
          .onConflict((conflict) =>
            conflict
              .column('product')
              .doUpdateSet({
                total: sql`case when excluded.total > views.total then excluded.total else views.total end`
              })
          )
          .execute()
    })
  }

  async start (): Promise<void> {
    await this.#outbox.start()
    await this.#totals.start()
  }

  /** Counts a view. Returns at once and never throws. */
  count (product: number): void {
    this.#waiting.set(product, (this.#waiting.get(product) ?? 0) + 1)
    this.#flushIn(COLLECTED)
  }

  /** Returns the most viewed products in descending order. */
  async mostViewed (limit: number): Promise<ViewTable[]> {
    return await this.#cached
      .selectFrom('views')
      .select(['product', 'total'])
      .orderBy('total', 'desc')
      .orderBy('product')
      .limit(limit)
      .$call((query) => (this.#options.keepsQueries ? query.$call(cached({ ttl: '1m' })) : query))
      .execute()
  }

  /** Writes all views counted here. */
  async close (): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#flushing
    await this.#flush()
    await this.#totals.stop()
    await this.#outbox.stop()
    const { db, notifications } = this.#options.database
    await notifications?.close()
    await db.destroy()
  }

  #flushIn (ms: number): void {
    if (this.#isClosed) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#flushing ??= this.#flush().finally(() => {
        this.#flushing = undefined
        // More views arrived meanwhile, or were put back.
        if (this.#waiting.size > 0) this.#flushIn(PAUSE)
      })
    }, ms).unref()
  }

  async #flush (): Promise<void> {
    const views = this.#waiting
    this.#waiting = new Map()
    await Promise.all(Array.from(views, async ([product, count]) => {
      try {
        await this.#total(product, count)
      } catch (error) {
        this.#waiting.set(product, (this.#waiting.get(product) ?? 0) + count)
        this.#options.log.debug(
          { err: error, product, count },
          'views could not be counted: they are kept for later'
        )
      }
    }))
  }

  /** Adds to the counter of a product, and writes the new total behind. */
  async #total (product: number, count: number): Promise<void> {
    const { counters, database: { db }, log } = this.#options
    const key = String(product)
    if (await counters.get(key) === undefined) {
      const known = await this.#totals.read(key, async () => {
        const row = await db
          .selectFrom('views')
          .select('total')
          .where('product', '=', product)
          .executeTakeFirst()
        return row?.total ?? 0
      })
      await counters.add(key, known, { ttl: '365d' })
    }
    const total = await counters.increment(key, count)
    // The counter has the views: the next total written is larger.
    await this.#totals.put(key, total).catch((error: unknown) => {
      log.debug({ err: error, product }, 'a total could not be written')
    })
  }
}
