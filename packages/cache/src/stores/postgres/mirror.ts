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
 * How far the records have been loaded: up to a row of each kind, and the clock of the change that
 * is known to be the last.
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
 * The namespace's records as this instance knows them. They are loaded in the order in which they
 * were committed, so those that are new are those after the last one that is known here, whatever
 * happened to connections and notifications meanwhile.
 */
export class PostgresMirror implements RecordMirror {
  #table = new TagTable(0, 0)
  #epoch: string | undefined
  #position = BEGINNING
  #isComplete = false
  /**
   * When the question was sent whose answer had nothing that is not known here. On the monotonic
   * clock.
   */
  #currentAsOf = -Infinity

  /**
   * @param feed keeps it up to date
   * @param limit of records of a kind
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
   * Takes an answer of the function `news` in.
   * @param rows those of the namespace, at least one
   * @param atOnce how many of a kind an answer has at most
   * @param sent when it was asked for, on the monotonic clock
   * @returns whether there may be more
   */
  take (rows: readonly Row[], atOnce: number, sent: number): boolean {
    const [, epoch, clock, changed, floor] = rows[0] ?? []
    if (typeof epoch !== 'string' || !this.records.isSame(epoch)) {
      // The records are lost. Issuing a stamp makes the row, and raises its floor above all that is
      // known here.
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
