import type { DisposableFile } from '@weir/sqlite'
import { added, numberOf, takingOver } from '../../counter-frame.js'
import { isNews, stampOf } from '../../frame.js'
import { isSeen } from '../../frame-version.js'
import { MOST_HEAD_BYTES } from '../../frame-head.js'
import type {
  Claim,
  Entries,
  FillId,
  FrameId,
  FrameVersion,
  ScanPage,
  Swapped
} from '../../store.js'
import type { Stamp } from '../../validity.js'
import { cursorAfter, keyOf } from '../key-cursor.js'
import { Fills } from './fills.js'
import type { Statements } from './statements.js'

/** A namespace's frames in the file, and the leases to fill them. */
export class SqliteEntries implements Entries {
  readonly #fills: Fills

  /**
   * @param tick issues a stamp
   * @param sweep called after each write, to keep the file within its limits
   */
  constructor (
    readonly file: DisposableFile<Statements>,
    readonly name: string,
    readonly tick: (sql: Statements) => Stamp,
    readonly sweep: (sql: Statements) => void
  ) {
    this.#fills = new Fills(file, name)
  }

  async get (keys: readonly string[]) {
    const now = Date.now()
    return this.file.read((sql) => keys.map((key) => sql.read.get(this.name, key, now)?.frame))
  }

  async set (key: string, frame: Buffer, ttl: number) {
    this.file.read((sql) => { this.#set(sql, key, frame, ttl) })
  }

  async delete (key: string, upTo?: Stamp) {
    this.file.read((sql) =>
      upTo === undefined
        ? sql.delete.run(this.name, key)
        : sql.deleteUpTo.run(this.name, key, upTo)
    )
  }

  async swap (key: string, seen: FrameVersion | undefined, frame: Buffer | undefined, ttl: number) {
    return this.#change((sql): Swapped | undefined => {
      const present = sql.read.get(this.name, key, Date.now())?.frame
      if (!isSeen(present, seen)) return undefined
      const number = present && numberOf(present)
      sql.delete.run(this.name, key)
      if (frame !== undefined) this.#set(sql, key, takingOver(frame, seen, number), ttl)
      return { number }
    })
  }

  async increment (key: string, seen: FrameVersion, by: number) {
    return this.#change((sql) => {
      const present = sql.read.get(this.name, key, Date.now())?.frame
      const sum = present && isSeen(present, seen) ? added(present, by) : undefined
      if (sum?.frame !== undefined) sql.rewrite.run(sum.frame, this.name, key)
      return sum?.number
    })
  }

  async claim (key: string, seen?: FrameId): Promise<Claim> {
    return this.file.read((sql) => {
      const present = () => this.#present(sql, key, seen)
      const set = (sql: Statements, frame: Buffer, ttl: number) => {
        this.#set(sql, key, frame, ttl)
      }
      // Most claims find an entry and need no lock.
      return present() ?? sql.db.transaction((): Claim => {
        return present() ?? this.#fills.claim(sql, key, this.tick, set)
      }).immediate()
    })
  }

  async scan (cursor: string | undefined, limit: number): Promise<ScanPage> {
    const after = keyOf(cursor) ?? ''
    const rows = this.file.read((sql) =>
      sql.scan.all({ namespace: this.name, after, limit, most: MOST_HEAD_BYTES }))
    // Those that have ended count, too: skipping them could take any time.
    const frames = rows.filter(({ goneAt }) => goneAt > Date.now())
    return { frames, cursor: rows.length < limit ? undefined : cursorAfter(rows.at(-1)?.key) }
  }

  async waitsOf (fill: FillId) {
    return this.#fills.waitsOf(fill)
  }

  /** Runs on the file that all processes use, as does every operation whose success is reported. */
  #change<R> (transaction: (sql: Statements) => R): R {
    return this.file.write((sql) => sql.db.transaction(transaction).immediate(sql))
  }

  #present (sql: Statements, key: string, seen: FrameId | undefined): Claim | undefined {
    const frame = sql.read.get(this.name, key, Date.now())?.frame
    return frame !== undefined && isNews(frame, seen) ? { kind: 'found', frame } : undefined
  }

  #set (sql: Statements, key: string, frame: Buffer, ttl: number) {
    sql.write.run(this.name, key, stampOf(frame), Math.ceil(Date.now() + ttl), frame)
    this.sweep(sql)
  }
}
