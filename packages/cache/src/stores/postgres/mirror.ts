import { emit } from '../../events.js'
import { isValid } from '../../rule-v.js'
import { TagTable } from '../../tag-table.js'
import type { Judged, Stamp } from '../../validity.js'
import { applyTo, type Change } from '../change.js'
import type { RecordMirror } from '../leased-validity.js'
import type { Row } from './commands.js'
import type { Feed } from './feed.js'
import { type Bytes, nameOf } from './names.js'
import { type PostgresRecords, stampOf } from './records.js'

/**
 * Progress of loading the records: up to a row of each kind, and the clock of the last known
 * change.
 */
export interface Position {
  readonly seen: Stamp
  readonly tags: Place
  readonly keys: Place
}

interface Place {
  readonly at: Stamp
  readonly id: Bytes
}

const FIRST: Place = { at: 0, id: '\\x' }
const BEGINNING: Position = { seen: -1, tags: FIRST, keys: FIRST }

/**
 * The namespace's records as known to this instance.
 *
 * Records are loaded in commit order, so the new ones are those after the last known one, whatever
 * happened to connections and notifications meanwhile.
 */
export class PostgresMirror implements RecordMirror {
  #table = new TagTable(0, 0)
  #epoch: string | undefined
  #position = BEGINNING
  #isComplete = false
  /**
   * Time at which the last query was sent whose answer contained nothing new. On the monotonic
   * clock.
   */
  #currentAsOf = -Infinity

  /**
   * @param feed keeps the mirror up to date
   * @param limit maximum number of records of each kind
   */
  constructor (
    readonly records: PostgresRecords,
    readonly feed: Pick<Feed, 'lease' | 'used' | 'askSoon'>,
    readonly limit: number
  ) {}

  get position (): Position {
    return this.#position
  }

  get completeFrom (): Stamp {
    return this.#isComplete ? this.#table.floor : Infinity
  }

  get isCurrent (): boolean {
    const now = performance.now()
    this.feed.used(now)
    return now - this.#currentAsOf <= this.feed.lease
  }

  isValid (entry: Judged): boolean | undefined {
    if (!this.isCurrent || (entry.validatedAt ?? entry.stamp) <= this.#table.floor) {
      return undefined
    }
    return isValid(entry, this.#table)
  }

  know (change: Change): void {
    if (this.#isComplete) applyTo(this.#table, change)
  }

  /**
   * Applies an answer of the function `news`.
   * @param rows those of the namespace, at least one
   * @param atOnce maximum number of records of each kind in an answer
   * @param sent when the query was sent, on the monotonic clock
   * @returns whether there may be more
   */
  take (rows: readonly Row[], atOnce: number, sent: number): boolean {
    const [, epoch, clock, changed, floor] = rows[0] ?? []
    if (typeof epoch !== 'string' || !this.records.isSame(epoch)) {
      // The records are lost. Issuing a stamp creates the row, with a floor above everything known
      // here.
      this.#reset(undefined)
      this.records.stamp().then(
        () => {
          this.feed.askSoon()
        },
        () => {}
      )
      return false
    }
    if (epoch !== this.#epoch) {
      const isFirst = this.#epoch === undefined && this.#position === BEGINNING
      this.#reset(epoch)
      if (!isFirst) return true
    }
    const counts = { tags: 0, keys: 0 }
    for (const row of rows) {
      if (typeof row[6] === 'string') counts[this.#record(row)]++
    }
    this.#table.raise(stampOf(floor))
    this.records.see(stampOf(clock))
    if (counts.tags >= atOnce || counts.keys >= atOnce) return true
    this.#position = { ...this.#position, seen: stampOf(changed) }
    this.#currentAsOf = sent
    if (!this.#isComplete) this.#tell(true)
    return false
  }

  #record ([, , , , , isKey, id, at, stamp, name, until]: Row): 'tags' | 'keys' {
    const known = nameOf(name ?? '')
    const place = { at: stampOf(at), id: id ?? '' }
    if (isKey === 't') {
      this.#table.replace(
        known,
        stampOf(stamp),
        until === null || until === undefined ? Infinity : Number(until)
      )
      this.#position = { ...this.#position, keys: place }
      return 'keys'
    }
    this.#table.record(known, stampOf(stamp))
    this.#position = { ...this.#position, tags: place }
    return 'tags'
  }

  #reset (epoch: string | undefined): void {
    const wasComplete = this.#isComplete
    this.#table = new TagTable(0, this.limit)
    this.#epoch = epoch
    this.#position = BEGINNING
    this.#currentAsOf = -Infinity
    if (wasComplete) this.#tell(false)
  }

  #tell (complete: boolean): void {
    this.#isComplete = complete
    emit('weir:cache:listen', () => ({ namespace: this.records.name, complete }))
  }
}
