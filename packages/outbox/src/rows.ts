import { randomBytes } from 'node:crypto'
import { within } from '@weir/internal'
import type { Kysely, Transaction } from 'kysely'
import { timedOut } from './errors.js'
import { emit } from './events.js'
import type { OutboxSchema } from './table.js'

/** A row as it is read. */
export interface Row {
  readonly id: string
  readonly tags: unknown
}

/** Rows that are read at once, and whose tags go into one invalidation. */
export const PAGE = 500

/** The statements on the table. Each is bounded by `timeout` ms: a database that does not answer holds nobody up for longer. */
export class Rows {
  readonly #db: Kysely<OutboxSchema>
  readonly #timeout: number

  constructor (db: Kysely<OutboxSchema>, timeout: number) {
    this.#db = db
    this.#timeout = timeout
  }

  /** Up to `limit` rows in the order of their ids, from the first after `after`. */
  page (after: string, limit: number): Promise<Row[]> {
    return this.#bounded(this.#db.selectFrom('weir_outbox').select(['id', 'tags']).where('id', '>', after).orderBy('id').limit(limit).execute())
  }

  /** Every row there is when it is called; pages follow the ids, so that what is added meanwhile hides none. */
  async all (): Promise<Row[]> {
    const rows: Row[] = []
    for (;;) {
      const page = await this.page(rows.at(-1)?.id ?? '', PAGE)
      rows.push(...page)
      if (page.length < PAGE) return rows
    }
  }

  async has (id: string): Promise<boolean> {
    return await this.#bounded(this.#db.selectFrom('weir_outbox').select('id').where('id', '=', id).executeTakeFirst()) !== undefined
  }

  /** Of rows that are delivered. Does not fail: what is left is delivered once more, which does no harm. */
  async remove (ids: readonly string[]): Promise<void> {
    try {
      await this.#bounded(this.#db.deleteFrom('weir_outbox').where('id', 'in', ids).execute())
    } catch (error) {
      emit('weir:outbox:error', { operation: 'delete', error })
    }
  }

  async count (): Promise<number> {
    const { rows } = await this.#bounded(
      this.#db.selectFrom('weir_outbox').select(({ fn }) => fn.countAll().as('rows')).executeTakeFirstOrThrow())
    // Drivers give a 64-bit count as a number, a string or a BigInt.
    return Number(rows)
  }

  #bounded<T> (answer: Promise<T>): Promise<T> {
    return within(this.#timeout, answer, timedOut('The outbox\'s database', this.#timeout))
  }
}

/** Writes a row as part of the caller's transaction, and gives its id. */
export async function insertRow (trx: Transaction<OutboxSchema>, tags: readonly string[]): Promise<string> {
  const id = makeId()
  await trx.insertInto('weir_outbox').values({ id, tags: JSON.stringify(tags), created: new Date().toISOString() }).execute()
  return id
}

/** Milliseconds since the epoch, then 80 random bits: new rows come last in the index, and no two writers make the same. */
const makeId = () => Date.now().toString(16).padStart(12, '0') + randomBytes(10).toString('hex')
