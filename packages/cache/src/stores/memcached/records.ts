import { randomBytes } from 'node:crypto'
import type { TagRecords } from '../../rule-v.js'
import { TagTable } from '../../tag-table.js'
import type { Stamp } from '../../validity.js'
import { Batch } from '../batch.js'
import { CasQueue } from './cas-queue.js'
import { type Change, Head, HEAD_BYTES, recordName } from './head.js'
import { decodeSegment, encodeSegment, SEGMENT_LIFETIME, segmentName } from './segment.js'
import type { Item, MemcachedServer } from './server.js'
import type { Location } from './servers.js'

/** A head that was read in order to change it. */
interface Draft {
  readonly head: Head
  /** All records at least up to `head.trimmed`. */
  readonly table: TagTable
  readonly loadedAt: Stamp
  readonly known: Known
}

/** A point in a namespace's history that is known here. */
export interface Known {
  readonly epoch: string | undefined
  readonly clock: Stamp
}

/**
 * A namespace's records: its head in Memcached, and a mirror in memory.
 *
 * The mirror decides validity for one lease after each read of the head. No timer reads the head.
 *
 * The head may be evicted at any moment. The next client creates a new one with another epoch. Its
 * clock and floor are above all stamps seen by the instance that creates it, and each instance that
 * finds it raises both above all stamps it has seen before it continues. Entries belong to an epoch
 * too: those of another epoch count as absent.
 */
export class Records {
  readonly #server: MemcachedServer
  readonly #name: string
  readonly #segmentName: (epoch: string, end: Stamp) => string
  readonly #looks = new Batch<undefined, undefined>(async () => {
    await this.#look()
  })

  readonly #queue: CasQueue<Draft>
  /** The known records. Long names are looked up by their hashes. */
  readonly mirror: TagRecords = viewOf(() => this.#table)
  #epoch: string | undefined
  /** The epoch that this instance started. */
  #begun: string | undefined
  #table: TagTable
  #beginning: Stamp = 0
  #clock: Stamp = 0
  #changedAt: Stamp = 0
  /** The highest stamp seen in this epoch or an earlier one, including those of entries. */
  #seen: Stamp = 0
  /** Monotonic time. */
  #leaseEnd = -Infinity
  /**
   * The state known when the head was last requested for a change, and the time of that request.
   */
  #asked: { readonly at: number; readonly known: Known } = {
    at: -Infinity,
    known: { epoch: undefined, clock: 0 }
  }

  /** @param lease milliseconds; the same for every instance */
  constructor (
    prefix: string,
    { server, digest }: Location,
    readonly maxTags: number,
    readonly lease: number
  ) {
    this.#server = server
    this.#name = `${prefix}:h:${digest}`
    this.#segmentName = (epoch, end) => segmentName(prefix, digest, epoch, end)
    this.#table = new TagTable(0, maxTags)
    this.#queue = new CasQueue<Draft>({
      read: () => {
        this.#asked = { at: performance.now(), known: this.known }
        return this.#read()
      },
      decode: (item) => this.#draft(item),
      write: (draft, item) => this.#write(draft, item)
    })
  }

  /** Whether the known records may decide validity without asking. */
  get isLeased (): boolean {
    return performance.now() < this.#leaseEnd
  }

  get known (): Known {
    return { epoch: this.#epoch, clock: this.#clock }
  }

  get beginning (): Stamp {
    return this.#beginning
  }

  /** Whether this instance started the epoch. */
  get isBegunHere (): boolean {
    return this.#epoch !== undefined && this.#epoch === this.#begun
  }

  /** The clock of the last change of a record, or a later one. */
  get changedAt (): Stamp {
    return this.#changedAt
  }

  /** Notes the stamp of an entry used here. */
  see (stamp: Stamp): void {
    if (stamp <= LATEST) this.#seen = Math.max(this.#seen, stamp)
  }

  /** Reads the head. Callers in one turn of the event loop share the read. */
  async look (): Promise<void> {
    await this.#looks.add(undefined)
  }

  /**
   * Changes the head; `change` may be called several times, with all records as of the head it is
   * given.
   */
  change<R>(change: (head: Head, known: TagRecords) => R, weight?: number): Promise<R> {
    return this.#queue.add(
      ({ head, table }) =>
        change(
          head,
          viewOf(() => table)
        ),
      weight
    )
  }

  /**
   * Reports whether entries of this epoch may be used, reading the head if the epoch is not the
   * known one.
   */
  async isOfEpoch (epoch: string): Promise<boolean> {
    if (epoch !== this.#epoch && (this.#epoch === undefined || !this.isLeased)) await this.look()
    return epoch === this.#epoch
  }

  async #look (): Promise<undefined> {
    const asked = performance.now()
    const { known } = this
    const item = await this.#read()
    const head = item && Head.decode(item.value)
    const table = head && (await this.#tableOf(head))
    if (
      head === undefined ||
      table === undefined ||
      this.#isBehind(head, known.clock) ||
      !this.#adopt(head, table, known)
    ) {
      await this.change((head) => head.tick())
      return
    }
    this.#leaseEnd = Math.max(this.#leaseEnd, asked + this.lease)
  }

  async #read (): Promise<Item | undefined> {
    return (await this.#server.gets([this.#name])).get(this.#name)
  }

  async #draft (item: Item | undefined): Promise<Draft> {
    const { known } = this.#asked
    const found = item && Head.decode(item.value)
    if (found === undefined) {
      const head = Head.begin(randomBytes(EPOCH_BYTES).toString('base64url'), this.#seen)
      return { head, table: new TagTable(head.floor, this.maxTags), loadedAt: head.clock, known }
    }
    const table = await this.#tableOf(found)
    const loadedAt = found.clock
    if (this.#isBehind(found, known.clock)) {
      found.raise(Math.floor(this.#seen) + 1)
      return { head: found, table, loadedAt, known }
    }
    this.#adopt(found, table, known)
    return { head: found, table, loadedAt, known }
  }

  async #write ({ head, table, loadedAt, known }: Draft, item: Item | undefined): Promise<boolean> {
    const isBegun = item === undefined || Head.decode(item.value) === undefined
    if (head.isChanged) {
      if (head.encode().length > HEAD_BYTES) await this.#trim(head, loadedAt)
      const bytes = head.encode()
      if (!(await this.#server.put(this.#name, bytes, 0, item))) return false
      // The head has grown too large for frequent reads: the next write moves changes to a segment.
      if (bytes.length > 2 * HEAD_BYTES) this.change((head) => head.tick()).catch(() => {})
    }
    if (isBegun) this.#begun = head.epoch
    // Stamps may have been seen meanwhile that a head of another epoch does not know.
    if (!this.#adopt(head, table, known)) return false
    this.#leaseEnd = Math.max(this.#leaseEnd, this.#asked.at + this.lease)
    return true
  }

  /** The segment has to exist before the head is written without its changes. */
  async #trim (head: Head, upTo: Stamp): Promise<void> {
    const from = head.trimmed
    const changes = head.trim(upTo)
    if (changes.length === 0) return
    const segment = encodeSegment({ from, changes })
    await this.#server.set(this.#segmentName(head.epoch, head.trimmed), segment, SEGMENT_LIFETIME)
  }

  /**
   * Reports whether this instance has seen later stamps than the head can know: another instance
   * created a new head, or an old one has reappeared.
   * @param clock the known clock when the head was requested
   */
  #isBehind (head: Head, clock: Stamp): boolean {
    if (this.#epoch === undefined) return false
    return head.epoch === this.#epoch ? head.clock < clock : head.floor <= Math.floor(this.#seen)
  }

  /** Returns all records up to `head.trimmed`, from those known here and the segments since. */
  async #tableOf (head: Head): Promise<TagTable> {
    const isKnown = head.epoch === this.#epoch
    const [table, from] = isKnown
      ? [this.#table, this.#clock]
      : [new TagTable(head.floor, this.maxTags), head.beginning]
    const { floor, changes } = await this.#changesSince(from, head)
    table.raise(floor)
    record(table, changes)
    return table
  }

  /**
   * Reads the changes in the segments from `from` on, oldest first. The floor covers lost segments.
   */
  async #changesSince (
    from: Stamp,
    { epoch, trimmed }: Head
  ): Promise<{ floor: Stamp; changes: readonly Change[] }> {
    const parts: (readonly Change[])[] = []
    let [end, count] = [trimmed, 0]
    while (end > from && count < this.maxTags) {
      const name = this.#segmentName(epoch, end)
      const item = (await this.#server.gets([name])).get(name)
      const segment = item && decodeSegment(item.value)
      if (segment === undefined || segment.from >= end) break
      parts.push(segment.changes)
      count += segment.changes.length
      end = segment.from
    }
    return { floor: end > from ? end : 0, changes: parts.reverse().flat() }
  }

  /**
   * Adopts this head unless a later one is known by now.
   *
   * False if the later head is of another epoch, or this one does not know everything seen here:
   * then it may not be the latest.
   * @param table all records at least up to `head.trimmed`
   * @param before the state known here when the head was requested
   */
  #adopt (head: Head, table: TagTable, before: Known): boolean {
    if (head.epoch === this.#epoch) {
      if (head.clock < this.#clock) return true
    } else if (before.epoch !== this.#epoch || this.#isBehind(head, this.#clock)) return false
    // A table built separately contains only what the segments had.
    record(table, head.changes, table === this.#table ? this.#clock : 0)
    table.raise(head.floor)
    this.#table = table
    this.#epoch = head.epoch
    this.#beginning = head.beginning
    this.#clock = head.clock
    this.#changedAt = head.changedAt
    this.see(head.clock)
    return true
  }
}

/** @param after changes up to this clock are already in the table */
function record (table: TagTable, changes: Iterable<Change>, after: Stamp = 0): void {
  for (const { at, name, replaced } of changes) {
    if (at <= after) continue
    if (replaced === undefined) table.record(name, at)
    else table.replace(name, replaced.stamp, replaced.until)
  }
}

function viewOf (table: () => TagTable): TagRecords {
  return {
    get floor () { return table().floor },
    stamps: {
      get size () { return table().stamps.size },
      get: (tag) => table().stamps.get(recordName(tag))
    },
    replaced: {
      get size () { return table().replaced.size },
      get: (key) => table().replaced.get(recordName(key))
    }
  }
}

/** Bytes of an epoch's name. */
export const EPOCH_BYTES = 9
// The year 2112 in microseconds: stamps need room above, and between two of them.
const LATEST: Stamp = 2 ** 52
