import { setTimeout as delay } from 'node:timers/promises'
import { createOutbox, type Outbox } from '@weir/outbox'
import type { Kysely } from 'kysely'
import { connect, type VersionsSchema } from './database.js'
import type { Teardowns } from './teardowns.js'

// Rows per transaction: other processes write in between.
const AT_ONCE = 200
// The number of rows that the load itself may have in the table at any time.
const ALMOST_NONE = 50

/** Fills the outbox like a service that has written for hours while no cache was reachable. */
export class Backlog {
  readonly #db: Kysely<VersionsSchema>
  readonly #outbox: Outbox

  constructor (teardowns: Teardowns, file: string) {
    this.#db = connect(file, 50)
    // Never started: it delivers nothing.
    this.#outbox = createOutbox({
      db: this.#db,
      invalidate: () => Promise.reject(new Error('nothing is delivered here'))
    })
    teardowns.add(() => this.#db.destroy())
  }

  /** Commits `rows` rows with `tags` tags each; no entry has one of the tags. */
  async add (rows: number, tags: number, signal: AbortSignal): Promise<void> {
    for (let row = 0; row < rows && !signal.aborted;) {
      const until = Math.min(row + AT_ONCE, rows)
      try {
        await this.#db.transaction().execute(async (trx) => {
          for (let i = row; i < until; i++) {
            await this.#outbox.add(
              trx,
              Array.from({ length: tags }, (_, tag) => `backlog ${i} ${tag}`)
            )
          }
        })
        row = until
      } catch {
        // Another process is writing.
      }
      await delay(5)
    }
  }

  /**
   * Resolves once the table is almost empty. False if that takes longer than `within`, or the
   * signal comes first.
   */
  async drained (within: number, signal: AbortSignal): Promise<boolean> {
    const end = performance.now() + within
    while (performance.now() < end && !signal.aborted) {
      await delay(100)
      if (await this.#pending() < ALMOST_NONE) return true
    }
    return false
  }

  async #pending (): Promise<number> {
    return this.#outbox.pending().catch(() => Infinity)
  }
}
