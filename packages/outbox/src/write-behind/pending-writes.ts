import type { Kysely, Selectable } from 'kysely'
import { makeTicketId } from '../rows.js'
import { hashOf } from '../tags.js'
import type { WriteBehindSchema, WritesTable } from './table.js'

/** The database, or a transaction on it. */
export type Db = Kysely<WriteBehindSchema>

/** A write that this instance has taken. */
export interface Taken {
  readonly hash: string
  /** JSON. */
  readonly key: string
  /** JSON. */
  readonly taken: string
  readonly sequence: number
  /** Number of failed attempts. */
  readonly attempts: number
}

interface Taking {
  /** The previous owner: null for none. */
  readonly from: string | null
  readonly owner: string
  readonly sequence: number
  /** Time at which other instances look at them again. */
  readonly until: Date
}

/** A key's row as readers see it. */
export type Waiting = Pick<Selectable<WritesTable>, 'id' | 'next' | 'taken'>

/** The statements for the writes of one queue. */
export class PendingWrites {
  readonly #queue: string

  constructor (queue: string) {
    this.#queue = queue
  }

  /** Replaces the waiting value. True if there was none, and none in flight. */
  async put (trx: Db, key: string, value: string): Promise<boolean> {
    const row = await trx
      .insertInto('weir_writes')
      .values(this.#row(key, value))
      .onConflict((conflict) =>
        conflict.columns(['queue', 'hash']).doUpdateSet((eb) => ({
          next: eb.ref('excluded.next'),
          puts: eb('weir_writes.puts', '+', 1)
        }))
      )
      .returning('puts')
      .executeTakeFirstOrThrow()
    return row.puts === 1
  }

  /**
   * Merges this value into the waiting one. True as for `put`.
   *
   * Its first statement is a write, which locks the row in Postgres and the file in SQLite: no
   * other write comes between it and the second statement.
   */
  async merge (
    trx: Db,
    key: string,
    value: string,
    merged: (earlier: string) => string
  ): Promise<boolean> {
    for (;;) {
      const row = await this.#ofKey(trx.updateTable('weir_writes'), key)
        .set((eb) => ({ puts: eb('puts', '+', 1) }))
        .returning('next')
        .executeTakeFirst()
      if (row !== undefined) {
        const next = row.next === null ? value : merged(row.next)
        await this.#ofKey(trx.updateTable('weir_writes'), key).set({ next }).execute()
        return false
      }
      const { numInsertedOrUpdatedRows } = await trx
        .insertInto('weir_writes')
        .values(this.#row(key, value))
        .onConflict((conflict) => conflict.columns(['queue', 'hash']).doNothing())
        .executeTakeFirstOrThrow()
      if (numInsertedOrUpdatedRows === 1n) return true
    }
  }

  find (db: Db, key: string): Promise<Waiting | undefined> {
    return db
      .selectFrom('weir_writes')
      .select(['id', 'next', 'taken'])
      .where('queue', '=', this.#queue)
      .where('hash', '=', hashOf(key))
      .executeTakeFirst()
  }

  async count (db: Db): Promise<number> {
    const { rows } = await db
      .selectFrom('weir_writes')
      .select(({ fn }) => fn.countAll().as('rows'))
      .where('queue', '=', this.#queue)
      .executeTakeFirstOrThrow()
    // Drivers return a 64-bit count as a number, a string or a BigInt.
    return Number(rows)
  }

  /** Reads the first keys that are due, with the owners of their writes. */
  due (db: Db, now: Date, limit: number): Promise<{ hash: string; owner: string | null }[]> {
    return db
      .selectFrom('weir_writes')
      .select(['hash', 'owner'])
      .where('queue', '=', this.#queue)
      .where('due', '<=', now.toISOString())
      .orderBy('due')
      .limit(limit)
      .execute()
  }

  /**
   * Returns a number above all earlier ones. Locks the queue's row until the transaction ends, so
   * callers take turns.
   */
  async nextSequence (trx: Db): Promise<number> {
    await trx
      .insertInto('weir_write_queues')
      .values({ queue: this.#queue, sequence: 0 })
      .onConflict((conflict) => conflict.column('queue').doNothing())
      .execute()
    const { sequence } = await trx
      .updateTable('weir_write_queues')
      .set((eb) => ({ sequence: eb('sequence', '+', 1) }))
      .where('queue', '=', this.#queue)
      .returning('sequence')
      .executeTakeFirstOrThrow()
    return Number(sequence)
  }

  /**
   * Takes the writes of those keys that `from` still owns: the value in flight unchanged, otherwise
   * the waiting one.
   */
  async take (
    trx: Db,
    hashes: readonly string[],
    { from, owner, sequence, until }: Taking
  ): Promise<Taken[]> {
    const rows = await trx
      .updateTable('weir_writes')
      .set((eb) => ({
        owner,
        due: until.toISOString(),
        // A statement reads columns as they were before it.
        taken: eb.fn.coalesce('taken', 'next'),
        next: eb.case().when('taken', 'is', null).then(null).else(eb.ref('next')).end(),
        sequence: eb.case().when('taken', 'is', null).then(sequence).else(eb.ref('sequence')).end()
      }))
      .where('queue', '=', this.#queue)
      .where('hash', 'in', hashes)
      .where('owner', from === null ? 'is' : '=', from)
      .returning(['hash', 'key', 'taken', 'sequence', 'attempts'])
      .execute()
    return rows.map(({ taken, sequence, ...row }) => ({
      ...row,
      taken: taken ?? 'null',
      sequence: Number(sequence)
    }))
  }

  /** Renews an owner's writes under a new name. Returns the keys that it still owned. */
  async keep (db: Db, owner: string, name: string, until: Date): Promise<Set<string>> {
    const rows = await this.#ofOwner(db.updateTable('weir_writes'), owner)
      .set({ owner: name, due: until.toISOString() })
      .returning('hash')
      .execute()
    return new Set(rows.map(({ hash }) => hash))
  }

  /**
   * Ends an owner's writes: values put since then are next. Returns the number that it still owned.
   */
  async end (trx: Db, owner: string, hashes: readonly string[], now: Date): Promise<number> {
    const gone = await this.#ofOwner(trx.deleteFrom('weir_writes'), owner)
      .where('hash', 'in', hashes)
      .where('next', 'is', null)
      .executeTakeFirst()
    const left = await this.#ofOwner(trx.updateTable('weir_writes'), owner)
      .where('hash', 'in', hashes)
      .set({
        id: makeTicketId(),
        taken: null,
        sequence: null,
        owner: null,
        attempts: 0,
        due: now.toISOString()
      })
      .executeTakeFirst()
    return Number(gone.numDeletedRows + left.numUpdatedRows)
  }

  /** Releases one failed write of an owner, or all. */
  async release (db: Db, owner: string, due: Date, failed?: string): Promise<void> {
    const rows = this.#ofOwner(db.updateTable('weir_writes'), owner)
    const released = { owner: null, due: due.toISOString() }
    if (failed === undefined) await rows.set(released).execute()
    else {
      await rows
        .set((eb) => ({ ...released, attempts: eb('attempts', '+', 1) }))
        .where('hash', '=', failed)
        .execute()
    }
  }

  /** Moves an owner's write to the dead ones. */
  async bury (
    trx: Db,
    owner: string,
    { hash, key, taken, sequence, attempts }: Taken,
    error: string,
    now: Date
  ): Promise<void> {
    if ((await this.end(trx, owner, [hash], now)) === 0) return
    await trx
      .insertInto('weir_dead_writes')
      .values({
        queue: this.#queue,
        sequence,
        hash,
        key,
        value: taken,
        attempts,
        error,
        died: now.toISOString()
      })
      .execute()
  }

  #row (key: string, value: string) {
    const [id, due] = [makeTicketId(), new Date().toISOString()]
    return {
      queue: this.#queue,
      hash: hashOf(key),
      key: JSON.stringify(key),
      id,
      next: value,
      attempts: 0,
      due,
      puts: 1
    }
  }

  #ofKey<Q extends Filtered<Q>>(query: Q, key: string): Q {
    return query.where('queue', '=', this.#queue).where('hash', '=', hashOf(key))
  }

  #ofOwner<Q extends Filtered<Q>>(query: Q, owner: string): Q {
    return query.where('queue', '=', this.#queue).where('owner', '=', owner)
  }
}

/** A statement on `weir_writes` with conditions. */
interface Filtered<Q> {
  where (column: 'queue' | 'hash' | 'owner', operator: '=', value: string): Q
}
