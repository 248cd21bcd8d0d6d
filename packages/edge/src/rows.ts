import { randomBytes } from 'node:crypto'
import { within } from '@weir/internal'
import type { Kysely, Transaction } from 'kysely'
import { EdgeError } from './errors.js'
import type { EdgeSchema } from './table.js'
import { arePurgesTraced } from './traces.js'

/** A row of the outbox, as a destination's relay reads it. */
export interface EdgeRow {
  readonly id: string
  readonly tag: string
  readonly created: string
  /** The span of the write. Only read while deliveries are traced. */
  readonly traceparent?: string | null
}

/** A purge that was given up. `id` is that of its row. */
export interface DeadLetter {
  readonly destination: string
  readonly id: string
  readonly tag: string
  /** The last answer of the destination. */
  readonly error: string
  readonly died: string
}

/** The rows of one destination: those that wait, second purges, and dead letters. */
export interface Rows {
  /** Reads the first rows: those of writes that may still be delivering them, too. */
  page (after: string, limit: number): Promise<EdgeRow[]>
  /** Reads second purges that are due. */
  due (limit: number): Promise<EdgeRow[]>
  /** Deletes rows, and notes their second purges, `again` ms from now if that is a number. */
  finish (rows: readonly EdgeRow[], again: number | undefined): Promise<void>
  /** Deletes second purges. */
  finishAgain (rows: readonly EdgeRow[]): Promise<void>
  /** Reports whether any of these rows exists. */
  hasAny (ids: readonly string[]): Promise<boolean>
  /** Moves rows to the dead letters. */
  bury (rows: readonly EdgeRow[], error: string): Promise<void>
  /** Reads dead letters in the order of their writes. */
  dead (limit: number, ids?: readonly string[]): Promise<DeadLetter[]>
  /** Puts dead letters back among the rows. @throws EdgeError if one of them is gone */
  revive (ids: readonly string[]): Promise<void>
  /** Deletes dead letters. */
  discard (ids: readonly string[]): Promise<void>
  /** Counts rows and dead letters, and reads when the oldest row was written. */
  backlog (): Promise<{ pending: number, oldest: string | undefined, dead: number }>
}

const BATCH = 200
const TIMEOUT = 2000

/** Namespace of a destination's rows in the outbox. */
export const namespaceOf = (destination: string) => `edge:${destination}`
/** Namespace of its second purges, whose ids begin with the time at which they are due. */
const againOf = (destination: string) => `edge:${destination}:again`

/** The statements for one destination's rows, each limited in time. */
export class EdgeRows implements Rows {
  readonly #db: Kysely<EdgeSchema>
  readonly #destination: string

  constructor (db: Kysely<EdgeSchema>, destination: string) {
    this.#db = db
    this.#destination = destination
  }

  async page (after: string, limit: number): Promise<EdgeRow[]> {
    const rows = await bounded(this.#select(namespaceOf(this.#destination))
      .where('id', '>', after).orderBy('id').limit(limit).execute())
    return rows.map(decoded)
  }

  async due (limit: number): Promise<EdgeRow[]> {
    const rows = await bounded(this.#select(againOf(this.#destination))
      .where('id', '<=', dueId(Date.now())).orderBy('id').limit(limit).execute())
    return rows.map(decoded)
  }

  async finish (rows: readonly EdgeRow[], again: number | undefined): Promise<void> {
    await bounded(this.#db.transaction().execute(async (trx) => {
      if (again !== undefined) await this.#addAgain(trx, rows, Date.now() + again)
      await this.#remove(trx, namespaceOf(this.#destination), rows)
    }))
  }

  finishAgain (rows: readonly EdgeRow[]): Promise<void> {
    return bounded(this.#remove(this.#db, againOf(this.#destination), rows))
  }

  async hasAny (ids: readonly string[]): Promise<boolean> {
    for (let at = 0; at < ids.length; at += BATCH) {
      const row = await bounded(this.#select(namespaceOf(this.#destination))
        .where('id', 'in', ids.slice(at, at + BATCH)).limit(1).executeTakeFirst())
      if (row !== undefined) return true
    }
    return false
  }

  async bury (rows: readonly EdgeRow[], error: string): Promise<void> {
    const died = new Date().toISOString()
    const destination = this.#destination
    await bounded(this.#db.transaction().execute(async (trx) => {
      for (let at = 0; at < rows.length; at += BATCH) {
        const ids = rows.slice(at, at + BATCH).map(({ id }) => id)
        // A letter may be there already: another relay was as fast.
        await trx.deleteFrom('weir_edge_dead_letters')
          .where('destination', '=', destination).where('id', 'in', ids).execute()
        await trx.insertInto('weir_edge_dead_letters')
          .values(rows.slice(at, at + BATCH).map(({ id, tag }) =>
            ({ destination, id, tag: JSON.stringify(tag), error, died })))
          .execute()
      }
      await this.#remove(trx, namespaceOf(destination), rows)
      await this.#remove(trx, againOf(destination), rows)
    }))
  }

  async dead (limit: number, ids?: readonly string[]): Promise<DeadLetter[]> {
    let query = this.#db.selectFrom('weir_edge_dead_letters').selectAll()
      .where('destination', '=', this.#destination)
    if (ids !== undefined) query = query.where('id', 'in', ids)
    const letters = await bounded(query.orderBy('id').limit(limit).execute())
    return letters.map((letter) => ({ ...letter, tag: tagOf(letter.tag) }))
  }

  async revive (ids: readonly string[]): Promise<void> {
    const [namespace, destination] = [namespaceOf(this.#destination), this.#destination]
    await bounded(this.#db.transaction().execute(async (trx) => {
      for (let at = 0; at < ids.length; at += BATCH) {
        const some = ids.slice(at, at + BATCH)
        const letters = await trx.selectFrom('weir_edge_dead_letters').selectAll()
          .where('destination', '=', destination).where('id', 'in', some).execute()
        const { numDeletedRows } = await trx.deleteFrom('weir_edge_dead_letters')
          .where('destination', '=', destination).where('id', 'in', some).executeTakeFirst()
        // Another instance may delete between the two.
        const isWhole = letters.length === some.length && Number(numDeletedRows) === some.length
        if (!isWhole) throw gone()
        const rows = letters.map(({ id, tag, died }) =>
          ({ namespace, id, hash: null, tag: JSON.stringify(tagOf(tag)), created: died }))
        await trx.insertInto('weir_outbox_tags').values(rows).execute()
      }
    }))
  }

  async discard (ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += BATCH) {
      await bounded(this.#db.deleteFrom('weir_edge_dead_letters')
        .where('destination', '=', this.#destination)
        .where('id', 'in', ids.slice(at, at + BATCH)).execute())
    }
  }

  async backlog (): Promise<{ pending: number, oldest: string | undefined, dead: number }> {
    const { rows, oldest } = await bounded(this.#db.selectFrom('weir_outbox_tags')
      .select(({ fn }) => [fn.countAll().as('rows'), fn.min('created').as('oldest')])
      .where('namespace', '=', namespaceOf(this.#destination)).executeTakeFirstOrThrow())
    const { letters } = await bounded(this.#db.selectFrom('weir_edge_dead_letters')
      .select(({ fn }) => fn.countAll().as('letters'))
      .where('destination', '=', this.#destination).executeTakeFirstOrThrow())
    // Drivers return counts as numbers, strings or BigInts, and no minimum as null.
    const first: string | null | undefined = oldest
    return { pending: Number(rows), oldest: first ?? undefined, dead: Number(letters) }
  }

  #select (namespace: string) {
    // An older table lacks the column of the span, so that is not selected by name.
    return this.#db.selectFrom('weir_outbox_tags').select(['id', 'tag', 'created'])
      .where('namespace', '=', namespace)
      .$if(arePurgesTraced(), (rows) => rows.selectAll())
  }

  async #remove (
    db: Kysely<EdgeSchema>, namespace: string, rows: readonly EdgeRow[]
  ): Promise<void> {
    for (let at = 0; at < rows.length; at += BATCH) {
      await db.deleteFrom('weir_outbox_tags').where('namespace', '=', namespace)
        .where('id', 'in', rows.slice(at, at + BATCH).map(({ id }) => id)).execute()
    }
  }

  async #addAgain (
    trx: Transaction<EdgeSchema>, rows: readonly EdgeRow[], due: number
  ): Promise<void> {
    const namespace = againOf(this.#destination)
    const created = new Date().toISOString()
    const tags = new Set(rows.map(({ tag }) => tag))
    const values = [...tags].map((tag) =>
      ({ namespace, id: dueId(due, true), hash: null, tag: JSON.stringify(tag), created }))
    for (let at = 0; at < values.length; at += BATCH) {
      await trx.insertInto('weir_outbox_tags').values(values.slice(at, at + BATCH)).execute()
    }
  }
}

/** Returns an id that sorts by time, after all others of the same ms unless it is one to insert. */
const dueId = (ms: number, isNew = false) =>
  Math.floor(ms).toString(16).padStart(12, '0') +
  (isNew ? randomBytes(14).toString('hex') : 'g')

const decoded = (row: EdgeRow): EdgeRow => ({ ...row, tag: tagOf(row.tag) })

/** Returns the error of a retry of letters that are not there any more. */
export const gone = () => new EdgeError('WEIR_EDGE_INVALID_OPTION',
  'letters: some are gone, so none was retried: read edge.deadLetters() again')

/** Limits the time of an answer of the database. */
export const bounded = <T>(answer: Promise<T>): Promise<T> =>
  within(TIMEOUT, answer, () => new EdgeError(
    'WEIR_EDGE_UNREACHABLE', `The edge's database did not answer within ${TIMEOUT} ms`))

/** Returns the tag of a row; drivers may have parsed it already. */
export function tagOf (column: string): string {
  try {
    const tag: unknown = JSON.parse(column)
    return typeof tag === 'string' ? tag : column
  } catch {
    return column
  }
}
