import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { EdgeSchema } from './table.js'

/**
 * The right to relay a destination's rows, held by one instance at a time.
 *
 * It saves calls, and nothing depends on it: with two holders a purge is sent twice, and rows are
 * deleted only after a confirmation.
 */
export class Claim {
  readonly #holder = randomUUID()
  readonly #db: Kysely<EdgeSchema>
  readonly #destination: string
  readonly #length: number
  #isHeld = false

  constructor (db: Kysely<EdgeSchema>, destination: string, length: number) {
    this.#db = db
    this.#destination = destination
    this.#length = length
  }

  /** Takes or renews the claim. Returns false if another instance has it. */
  async take (): Promise<boolean> {
    const found = await this.#db.selectFrom('weir_edge_claims').selectAll()
      .where('destination', '=', this.#destination).executeTakeFirst()
    const now = Date.now()
    const isMine = found?.holder === this.#holder
    // Drivers return a 64-bit number as a number, a string or a BigInt.
    const left = found === undefined ? 0 : Number(found.until) - now
    if (isMine && left > this.#length / 2) return true
    // A clock that was ahead must not hold the claim for ever.
    const isHeldElsewhere = found !== undefined && !isMine && left > 0 && left <= 2 * this.#length
    this.#isHeld = !isHeldElsewhere && await this.#write(found?.holder, now + this.#length)
    return this.#isHeld
  }

  /** Lets another instance take over at once. */
  async release (): Promise<void> {
    if (!this.#isHeld) return
    this.#isHeld = false
    await this.#db.updateTable('weir_edge_claims').set({ until: 0 })
      .where('destination', '=', this.#destination).where('holder', '=', this.#holder).execute()
  }

  async #write (before: string | undefined, until: number): Promise<boolean> {
    const [destination, holder] = [this.#destination, this.#holder]
    if (before === undefined) {
      try {
        await this.#db.insertInto('weir_edge_claims')
          .values({ destination, holder, until }).execute()
        return true
      } catch {
        // Another instance was first, or the database fails: the next poll tells.
        return false
      }
    }
    const { numUpdatedRows } = await this.#db.updateTable('weir_edge_claims')
      .set({ holder, until })
      .where('destination', '=', destination).where('holder', '=', before)
      .executeTakeFirst()
    return Number(numUpdatedRows) > 0
  }
}
