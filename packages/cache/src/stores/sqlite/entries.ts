import type { Database } from 'better-sqlite3'
import { isNews, stampOf } from '../../frame.js'
import type { Claim, Entries, FrameId } from '../../store.js'
import type { Stamp } from '../../validity.js'
import { Fills } from './fills.js'
import type { Statements } from './statements.js'

/** A namespace's frames in the file, and the leases to fill them. */
export class SqliteEntries implements Entries {
  readonly #fills: Fills

  /**
   * @param tick issues a stamp
   * @param sweep called after each write: to keep the file within its limits
   */
  constructor (
    readonly db: Database, readonly sql: Statements, readonly name: string, readonly tick: () => Stamp, readonly sweep: () => void
  ) {
    this.#fills = new Fills(db, sql, name)
  }

  async get (keys: readonly string[]) {
    const now = Date.now()
    return keys.map((key) => this.sql.read.get(this.name, key, now)?.frame)
  }

  async set (key: string, frame: Buffer, ttl: number) {
    this.#set(key, frame, ttl)
  }

  async delete (key: string) {
    this.sql.delete.run(this.name, key)
  }

  async claim (key: string, seen?: FrameId): Promise<Claim> {
    // Most find something, and need no lock for it.
    return this.#present(key, seen) ?? this.db.transaction((): Claim => {
      return this.#present(key, seen) ?? this.#fills.claim(key, this.tick, (frame, ttl) => { this.#set(key, frame, ttl) })
    }).immediate()
  }

  #present (key: string, seen: FrameId | undefined): Claim | undefined {
    const frame = this.sql.read.get(this.name, key, Date.now())?.frame
    return frame !== undefined && isNews(frame, seen) ? { kind: 'found', frame } : undefined
  }

  #set (key: string, frame: Buffer, ttl: number) {
    this.sql.write.run(this.name, key, stampOf(frame), Math.ceil(Date.now() + ttl), frame)
    this.sweep()
  }
}
