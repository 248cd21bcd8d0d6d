import { randomBytes } from 'node:crypto'
import { within } from '@weir/internal'
import { type Kysely, PostgresAdapter, sql } from 'kysely'
import { timedOut } from './errors.js'
import { emit } from './events.js'
import type { OutboxSchema } from './table.js'
import { hashOf } from './tags.js'

/** A row as read. */
export interface Row {
  readonly id: string
  readonly tag: unknown
  /** The span of the write, if it has one and the outbox reads it. */
  readonly traceparent?: string | null | undefined
}

/** Removes delivered rows. */
export type Removal = (ids: readonly string[]) => Promise<void>

/** Maximum number of values per statement, which databases limit. */
const BATCH = 1000
/** Number of rows that one statement writes. */
const INSERTED = 200
const HEX_DIGITS_OF_PLACE = 8
/** Number of timeouts after which a claim is given up, and the database ends it. */
const CLAIMED_FOR = 2

/**
 * The statements for one namespace's rows. Each is limited to `timeout` ms, so that an unresponsive
 * database blocks no caller for longer.
 */
export class Rows {
  readonly #db: Kysely<OutboxSchema>
  readonly #namespace: string
  readonly #timeout: number
  /** Whether rows can be claimed, with `SKIP LOCKED`. */
  readonly #isPostgres: boolean

  readonly #columns: readonly ('id' | 'tag' | 'traceparent')[]

  /** @param isTraced whether the spans of writes are read */
  constructor (db: Kysely<OutboxSchema>, namespace: string, timeout: number, isTraced = false) {
    this.#columns = isTraced ? ['id', 'tag', 'traceparent'] : ['id', 'tag']
    this.#db = db
    this.#namespace = namespace
    this.#timeout = timeout
    this.#isPostgres = db.getExecutor().adapter instanceof PostgresAdapter
  }

  /**
   * Reads up to `limit` rows in order of their ids, from the first after `after`, up to `last` if
   * given.
   */
  page (after: string, limit: number, last?: string): Promise<Row[]> {
    let query = this.#select().select(this.#columns).where('id', '>', after)
    if (last !== undefined) query = query.where('id', '<=', last)
    return this.#bounded(query.orderBy('id').limit(limit).execute())
  }

  /** Reads the last existing id. */
  async last (): Promise<string | undefined> {
    const row = await this.#bounded(
      this.#select().select('id').orderBy('id', 'desc').limit(1).executeTakeFirst()
    )
    return row?.id
  }

  /** Reads up to `limit` rows whose tag has one of these hashes, except released ones. */
  async withHashes (
    hashes: readonly string[],
    limit: number
  ): Promise<{ id: string; hash: string | null }[]> {
    const found: { id: string; hash: string | null }[] = []
    for (const batch of batches(hashes)) {
      if (found.length === limit) break
      const query = this.#select()
        .select(['id', 'hash'])
        .where('hash', 'in', batch)
        .limit(limit - found.length)
      found.push(...(await this.#bounded(query.execute())))
    }
    return found
  }

  /** Reports whether any of these rows exists. */
  async hasAny (ids: readonly string[]): Promise<boolean> {
    for (const batch of batches(ids)) {
      const row = await this.#bounded(
        this.#select().select('id').where('id', 'in', batch).limit(1).executeTakeFirst()
      )
      if (row !== undefined) return true
    }
    return false
  }

  /**
   * Runs `deliver` with those of the rows that no other instance is delivering at the moment, and
   * deletes the ones that it returns.
   *
   * On Postgres, their locks keep other instances away. They end with the connection: the rows of
   * an instance that dies or freezes are free again. Other databases have no such locks: every
   * instance delivers every row.
   * @throws the database's error; rows that were delivered are delivered once more, then
   */
  async claim<T> (
    ids: readonly string[],
    deliver: (mine: ReadonlySet<string>, remove: Removal) => Promise<T>
  ): Promise<T> {
    if (!this.#isPostgres) return await deliver(new Set(ids), (done) => this.remove(done))
    const limit = CLAIMED_FOR * this.#timeout
    // A stricter default of the database would refuse rows that another instance has deleted.
    const transaction = this.#db.transaction().setIsolationLevel('read committed')
    const claimed = transaction.execute(async (trx) => {
      await sql`select set_config('idle_in_transaction_session_timeout', ${String(limit)}, true)`
        .execute(trx)
      const mine = new Set<string>()
      for (const batch of batches(ids)) {
        for (const { id } of await this.#unlocked(trx, batch).execute()) mine.add(id)
      }
      const delivered: string[] = []
      const result = await deliver(mine, async (done) => { delivered.push(...done) })
      for (const batch of batches(delivered)) await this.#deletion(trx, batch).execute()
      return result
    })
    return await within(limit, claimed, timedOut("The outbox's database", limit))
  }

  /**
   * Deletes delivered rows. Never rejects: remaining rows are delivered once more, which is
   * harmless.
   */
  async remove (ids: readonly string[]): Promise<void> {
    try {
      for (const batch of batches(ids)) {
        await this.#bounded(this.#deletion(this.#db, batch).execute())
      }
    } catch (error) {
      emit('weir:outbox:error', { operation: 'delete', error })
    }
  }

  /**
   * Hides rows from `withHashes`, once a lease has passed since they were seen. Never rejects:
   * readers wait for the remaining ones once more.
   */
  async release (ids: readonly string[]): Promise<void> {
    try {
      for (const batch of batches(ids)) {
        await this.#bounded(
          this.#db
            .updateTable('weir_outbox_tags')
            .set({ hash: null })
            .where('namespace', '=', this.#namespace)
            .where('id', 'in', this.#free(batch))
            .execute()
        )
      }
    } catch (error) {
      emit('weir:outbox:error', { operation: 'release', error })
    }
  }

  /** Reads when the oldest row was written, in milliseconds since the epoch. */
  async oldest (): Promise<number | undefined> {
    const row = await this.#bounded(
      this.#select().select('id').orderBy('id').limit(1).executeTakeFirst()
    )
    return row === undefined ? undefined : timeOf(row.id)
  }

  async count (): Promise<number> {
    const { rows } = await this.#bounded(
      this.#select()
        .select(({ fn }) => fn.countAll().as('rows'))
        .executeTakeFirstOrThrow()
    )
    // Drivers return a 64-bit count as a number, a string or a BigInt.
    return Number(rows)
  }

  #deletion (db: Kysely<OutboxSchema>, ids: readonly string[]) {
    return db
      .deleteFrom('weir_outbox_tags')
      .where('namespace', '=', this.#namespace)
      .where('id', 'in', this.#free(ids))
  }

  /**
   * The rows to change: no instance waits for rows that another one has claimed, which deletes them
   * or delivers them once more.
   */
  #free (ids: readonly string[]) {
    return this.#isPostgres ? this.#unlocked(this.#db, ids) : ids
  }

  #unlocked (db: Kysely<OutboxSchema>, ids: readonly string[]) {
    return db
      .selectFrom('weir_outbox_tags')
      .select('id')
      .where('namespace', '=', this.#namespace)
      .where('id', 'in', ids)
      .forUpdate()
      .skipLocked()
  }

  #select () {
    return this.#db.selectFrom('weir_outbox_tags').where('namespace', '=', this.#namespace)
  }

  #bounded<T>(answer: Promise<T>): Promise<T> {
    return within(this.#timeout, answer, timedOut("The outbox's database", this.#timeout))
  }
}

/** Writes a row for each of the ticket's tags. */
export async function insertTicket (
  db: Kysely<OutboxSchema>,
  namespace: string,
  ticket: { readonly id: string; readonly tags: readonly string[] },
  traceparent?: string
): Promise<void> {
  const created = new Date().toISOString()
  const ids = rowIds(ticket)
  const rows = ticket.tags.map((tag, place) => ({
    namespace,
    id: ids[place] ?? '',
    hash: hashOf(tag),
    tag: JSON.stringify(tag),
    created,
    ...traceparent !== undefined && { traceparent }
  }))
  for (let at = 0; at < rows.length; at += INSERTED) {
    await db
      .insertInto('weir_outbox_tags')
      .values(rows.slice(at, at + INSERTED))
      .execute()
  }
}

/**
 * Milliseconds since the epoch, then 80 random bits: new rows come last in the index, and ids of
 * different writers do not collide.
 */
export const makeTicketId = () =>
  Date.now().toString(16).padStart(12, '0') + randomBytes(10).toString('hex')

/** Returns the time with which the id of a ticket or of one of its rows begins. */
const timeOf = (id: string): number => Number.parseInt(id.slice(0, 12), 16)

/** Returns the ids of a ticket's rows. */
export const rowIds = ({
  id,
  tags
}: {
  readonly id: string
  readonly tags: readonly string[]
}): string[] => tags.map((_, place) => id + place.toString(16).padStart(HEX_DIGITS_OF_PLACE, '0'))

/** Returns the id of a ticket's first row. */
export const firstRowId = (ticketId: string) => ticketId + '0'.repeat(HEX_DIGITS_OF_PLACE)

/** Returns the id of the ticket that a row belongs to. */
export const ticketIdOf = (rowId: string) => rowId.slice(0, -HEX_DIGITS_OF_PLACE)

function * batches (values: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < values.length; at += BATCH) yield values.slice(at, at + BATCH)
}
