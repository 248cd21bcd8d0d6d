import { randomBytes } from 'node:crypto'
import { within } from '@weir/internal'
import type { Kysely } from 'kysely'
import { timedOut } from './errors.js'
import { emit } from './events.js'
import type { OutboxSchema } from './table.js'
import { hashOf } from './tags.js'

/** A row as read. */
export interface Row {
  readonly id: string
  readonly tag: unknown
}

/** Maximum number of values per statement, which databases limit. */
const BATCH = 1000
/** Number of rows that one statement writes. */
const INSERTED = 200
const HEX_DIGITS_OF_PLACE = 8

/**
 * The statements for one namespace's rows. Each is limited to `timeout` ms, so that an unresponsive
 * database blocks no caller for longer.
 */
export class Rows {
  readonly #db: Kysely<OutboxSchema>
  readonly #namespace: string
  readonly #timeout: number

  constructor (db: Kysely<OutboxSchema>, namespace: string, timeout: number) {
    this.#db = db
    this.#namespace = namespace
    this.#timeout = timeout
  }

  /**
   * Reads up to `limit` rows in order of their ids, from the first after `after`, up to `last` if
   * given.
   */
  page (after: string, limit: number, last?: string): Promise<Row[]> {
    let query = this.#select().select(['id', 'tag']).where('id', '>', after)
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
   * Deletes delivered rows. Never rejects: remaining rows are delivered once more, which is
   * harmless.
   */
  async remove (ids: readonly string[]): Promise<void> {
    try {
      for (const batch of batches(ids)) {
        await this.#bounded(
          this.#db
            .deleteFrom('weir_outbox_tags')
            .where('namespace', '=', this.#namespace)
            .where('id', 'in', batch)
            .execute()
        )
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
            .where('id', 'in', batch)
            .execute()
        )
      }
    } catch (error) {
      emit('weir:outbox:error', { operation: 'release', error })
    }
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
  ticket: { readonly id: string; readonly tags: readonly string[] }
): Promise<void> {
  const created = new Date().toISOString()
  const ids = rowIds(ticket)
  const rows = ticket.tags.map((tag, place) => ({
    namespace,
    id: ids[place] ?? '',
    hash: hashOf(tag),
    tag: JSON.stringify(tag),
    created
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

/** Returns the ids of a ticket's rows. */
export const rowIds = ({
  id,
  tags
}: {
  readonly id: string
  readonly tags: readonly string[]
}): string[] => tags.map((_, place) => id + place.toString(16).padStart(HEX_DIGITS_OF_PLACE, '0'))

/** Returns the id of the ticket that a row belongs to. */
export const ticketIdOf = (rowId: string) => rowId.slice(0, -HEX_DIGITS_OF_PLACE)

function * batches (values: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < values.length; at += BATCH) yield values.slice(at, at + BATCH)
}
