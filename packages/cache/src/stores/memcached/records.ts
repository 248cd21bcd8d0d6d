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

/** A head that was read, to be changed. */
interface Draft {
  readonly head: Head
  /** All records up to `head.trimmed` at least. */
  readonly table: TagTable
  readonly loadedAt: Stamp
  readonly known: Known
}

/** The moment from which a namespace is known here. */
export interface Known {
  readonly epoch: string | undefined
  readonly clock: Stamp
}

/**
 * A namespace's records: its head in Memcached, and a mirror of them in memory, which is judged by
 * for a lease after the head was read. No timer reads it.
 *
 * The head may be evicted at any moment. The next that comes makes a new one, of another epoch: its
 * clock and floor are above all stamps seen by the instance that makes it, and each instance that
 * finds it raises both above all that it has seen itself before it goes on. Entries are of an
 * epoch, too: those of another are not there.
 */
export class Records {
  readonly #server: MemcachedServer
  readonly #name: string
  readonly #segmentName: (epoch: string, end: Stamp) => string
  readonly #looks = new Batch<undefined, undefined>(async () => {
    await this.#look()
  })

  readonly #queue: CasQueue<Draft>
  /** What is known here. Long names are looked up by their hashes. */
  readonly mirror: TagRecords = viewOf(() => this.#table)
  #epoch: string | undefined
  /** The epoch that began here. */
  #begun: string | undefined
  #table: TagTable
  #beginning: Stamp = 0
  #clock: Stamp = 0
  #changedAt: Stamp = 0
  /** The highest stamp that was seen in this epoch or an earlier one, of an entry too. */
  #seen: Stamp = 0
  /** On the monotonic clock. */
  #leaseEnd = -Infinity
  /** What was known when the head was last asked for to be changed, and when that was. */
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

  /** Whether what is known here may be judged by without asking. */
  get isLeased (): boolean {
    return performance.now() < this.#leaseEnd
  }

  get known (): Known {
    return { epoch: this.#epoch, clock: this.#clock }
  }

  get beginning (): Stamp {
    return this.#beginning
  }

  /** Whether the epoch was begun by this instance. */
  get isBegunHere (): boolean {
    return this.#epoch !== undefined && this.#epoch === this.#begun
  }

  /** The clock of the last change of a record, or of one that is not below it. */
  get changedAt (): Stamp {
    return this.#changedAt
  }

  /** An entry with this stamp is used here. */
  see (stamp: Stamp): void {
    if (stamp <= LATEST) this.#seen = Math.max(this.#seen, stamp)
  }

  /** Reads the head. Those who ask in one turn of the event loop ask once. */
  async look (): Promise<void> {
    await this.#looks.add(undefined)
  }

  /**
   * Changes the head; the change may be called several times. It knows all records as of the head
   * that it is given.
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
   * Whether entries of this epoch may be used; it is asked for if it is not the one that is known.
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
      // Too many changes at once for a head that is read all the time: the next write takes them
      // out.
      if (bytes.length > 2 * HEAD_BYTES) this.change((head) => head.tick()).catch(() => {})
    }
    if (isBegun) this.#begun = head.epoch
    // Stamps may have been seen meanwhile that a head of another epoch does not know of.
    if (!this.#adopt(head, table, known)) return false
    this.#leaseEnd = Math.max(this.#leaseEnd, this.#asked.at + this.lease)
    return true
  }

  /** The segment is there before the head that goes without its changes. */
  async #trim (head: Head, upTo: Stamp): Promise<void> {
    const from = head.trimmed
    const changes = head.trim(upTo)
    if (changes.length === 0) return
    const segment = encodeSegment({ from, changes })
    await this.#server.set(this.#segmentName(head.epoch, head.trimmed), segment, SEGMENT_LIFETIME)
  }

  /**
   * Whether this instance has seen later stamps than the head can know of: a new one was made by
   * another instance, or an old one is back.
   * @param clock that was known when the head was asked for
   */
  #isBehind (head: Head, clock: Stamp): boolean {
    if (this.#epoch === undefined) return false
    return head.epoch === this.#epoch ? head.clock < clock : head.floor <= Math.floor(this.#seen)
  }

  /** All records up to `head.trimmed`, from what is known here and the segments since. */
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
   * The changes in the segments from `from` on, oldest first. What is lost of them the floor
   * covers.
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
   * Goes on from this head, unless a later one is known by now. False if that is of another epoch,
   * or this one does not know of all that was seen here: then it is not known whether it is the
   * last.
   * @param table all records up to `head.trimmed` at least
   * @param before what was known here when the head was asked for
   */
  #adopt (head: Head, table: TagTable, before: Known): boolean {
    if (head.epoch === this.#epoch) {
      if (head.clock < this.#clock) return true
    } else if (before.epoch !== this.#epoch || this.#isBehind(head, this.#clock)) return false
    // A table that was made beside this one has nothing but what the segments had.
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

/** @param after changes up to this clock are in the table already */
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
// The year 2112, in microseconds: stamps need room above, and between two of them.
const LATEST: Stamp = 2 ** 52
