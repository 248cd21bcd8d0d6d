import { BoundedMap, type MemoryLimits } from './bounded-map.js'
import { type Entry, freshness, goneAt, keyTag } from './entry.js'
import { emit, type Source } from './events.js'
import { decodeFrame, encodeFrame } from './frame.js'
import { entryBytes } from './heap.js'
import type { Serialized, Serializer } from './serializer.js'
import type { Claim, FillLease, Seen, Stamp, StoreNamespace } from './store.js'

/** A value found valid, and where. */
export interface Found<T> {
  readonly entry: Entry<T>
  readonly source: Source
}

/** A value that will do, or who computes one; `stale` is the last that was found, valid and not good enough. */
export type Claimed<T> =
  | Found<T> & { readonly kind: 'found' }
  | Exclude<Claim, { kind: 'found' }> & { readonly stale: Entry<T> | undefined }

export const isFresh = (found: Found<unknown> | undefined) => found !== undefined && freshness(found.entry, Date.now()) === 'fresh'

/** An entry as it lies in one of the tiers, whether it may be used or not. */
export interface Inspected<T> {
  readonly entry: Entry<T>
  /** In memory: estimated, of the heap. In the store: of its frame. */
  readonly bytes: number
  /** By Rule V: it has not been invalidated. */
  readonly valid: boolean
}

/** An entry in memory. Its tags have that of its key among them: they are what it is judged by. */
interface Remembered<T> extends Entry<T> {
  readonly bytes: number
  /** It was valid as far as invalidations below this stamp go: its own at first, a later one when the store has been asked. */
  provenAt: Stamp
}

/**
 * This instance's memory (L1) before the shared store (L2). Whatever comes out of either has been judged by Rule V
 * after it was asked for.
 */
export class Tiers<T> {
  discarded = 0
  readonly l1: BoundedMap<Remembered<T>> | undefined
  readonly #fetches = new Map<string, Promise<Entry<T> | undefined>>()

  constructor (
    readonly name: string,
    readonly l2: StoreNamespace,
    readonly serializer: Serializer<T>,
    limits: MemoryLimits | false
  ) {
    this.l1 = limits === false ? undefined : new BoundedMap(limits)
  }

  /** What memory has, if it can be judged without asking the store. */
  peek (key: string): Found<T> | undefined {
    const remembered = this.l1?.get(key)
    if (remembered === undefined) return undefined
    return this.l2.judge(remembered.provenAt, remembered.tags) === true ? { entry: remembered, source: 'l1' } : undefined
  }

  async find (key: string): Promise<Found<T> | undefined> {
    // Each promise waited for is a microsecond of every read from the store.
    const recalled = this.l1?.get(key) === undefined ? undefined : await this.#recall(key)
    if (isFresh(recalled)) return recalled
    // Another instance may have replaced what is old here.
    return await this.#judged(key, await this.#fetch(key)) ?? recalled
  }

  /** As `find`; where nothing is good enough, the lease to compute the value, or word of who has it. */
  async claim (key: string, isGood: (found: Found<T>) => boolean): Promise<Claimed<T>> {
    // What memory has and cannot be used tells the store which frame not to send.
    let seen: Seen | undefined = this.l1?.get(key)
    // Without memory nearly every read finds something in the store, and a plain read of it costs less than a claim.
    let last = this.l1 === undefined ? await this.find(key) : await this.#recall(key)
    seen ??= last?.entry
    for (;;) {
      if (last !== undefined && isGood(last)) return { kind: 'found', ...last }
      const claim = await this.l2.claim(key, seen)
      if (claim.kind !== 'found') return { ...claim, stale: last?.entry }
      const entry = await this.#decode(key, claim.frame)
      if (entry === undefined) continue
      seen = entry
      last = await this.#judged(key, entry) ?? last
    }
  }

  /** What memory has, whether it is still valid or not: for when there is nobody to ask. */
  unproven (key: string): Entry<T> | undefined {
    const remembered = this.l1?.get(key)
    if (remembered === undefined) return undefined
    return Math.max(remembered.staleUntil, remembered.errorUntil) > Date.now() ? remembered : undefined
  }

  /** As `find` for each key; what memory does not have fresh is read in one round trip. */
  async findMany (keys: readonly string[]): Promise<(Found<T> | undefined)[]> {
    const recalled = await Promise.all(keys.map((key) => this.#recall(key)))
    const missing = keys.filter((_, i) => !isFresh(recalled[i]))
    if (missing.length === 0) return recalled
    const frames = await this.l2.get(missing)
    const read = new Map(await Promise.all(missing.map(async (key, i) => {
      const bytes = frames[i]
      return [key, bytes && await this.#judged(key, await this.#decode(key, bytes))] as const
    })))
    return keys.map((key, i) => read.get(key) ?? recalled[i])
  }

  /** What is under the key, in memory and in the store. Nothing is remembered, renewed or dropped for it. */
  async inspect (key: string): Promise<{ readonly memory?: Inspected<T>, readonly store?: Inspected<T> }> {
    const remembered = this.l1?.peek(key)
    const [bytes] = await this.l2.get([key])
    const stored = bytes && this.#read(bytes)?.entry
    const inspected = async (entry: Entry<T>, bytes: number) => ({ entry, bytes, valid: await this.isValid(key, entry) })
    return {
      ...remembered && { memory: await inspected(remembered, remembered.bytes) },
      ...stored && { store: await inspected(stored, bytes.length) }
    }
  }

  /** How many entries in memory carry one of the tags. Looks at each. */
  countInMemory (tags: readonly string[]): number {
    let count = 0
    for (const entry of this.l1?.values() ?? []) {
      if (tags.some((tag) => entry.tags.includes(tag))) count++
    }
    return count
  }

  /** Rule V for an entry held elsewhere, as of now. */
  isValid (key: string, entry: Entry<unknown>): Promise<boolean> {
    return this.#holds(entry.stamp, judgedTags(key, entry))
  }

  /**
   * Keeps the entry in both tiers; resolves when every instance can see it. False if it is known to be invalid already.
   * @param lease under which the value was computed, if there was one; it ends when the entry is stored
   * @throws CacheError WEIR_CACHE_UNSERIALIZABLE, or whatever the store fails with
   */
  async put (key: string, entry: Entry<T>, lease?: FillLease): Promise<boolean> {
    const value = this.serializer.serialize(entry.value, key)
    const frame = encodeFrame({ ...entry, value })
    const ttl = goneAt(entry) - Date.now()
    const known = this.l2.judge(entry.stamp, judgedTags(key, entry))
    if (known === false) {
      this.#discard(key, 'invalid', entry.stamp)
      return false
    }
    this.#remember(key, entry, this.#sizeOf(value, frame))
    const [valid] = await Promise.all([
      // Where it cannot be told, it may as well be stored: whoever reads it asks again.
      known ?? this.isValid(key, entry).catch(() => true),
      lease === undefined ? this.l2.set(key, entry.stamp, frame, ttl) : lease.store(frame, ttl)
    ])
    if (!valid) {
      this.#discard(key, 'invalid', entry.stamp)
      return false
    }
    emit('weir:cache:store', () => ({ namespace: this.name, key, tags: entry.tags, bytes: frame.length }))
    return true
  }

  /**
   * As `put`, in place of an entry that is still valid: resolves when no instance has that in memory any more. It could have been served
   * until its end otherwise, by some, while others serve the new one.
   */
  async replace (key: string, entry: Entry<T>, lease?: FillLease): Promise<boolean> {
    const stamp = await this.l2.supersede(keyTag(key), judgedTags(key, entry), entry.stamp)
    if (stamp === undefined) {
      this.#discard(key, 'invalid', entry.stamp)
      return false
    }
    const settled = this.l2.settled()
    const stored = await this.put(key, { ...entry, stamp }, lease)
    await settled
    return stored
  }

  /** As `#holds`, and proves the entry for what is known here from now on, so that the store is asked once. */
  async #stillHolds (remembered: Remembered<T>): Promise<boolean> {
    const known = this.l2.judge(remembered.provenAt, remembered.tags)
    if (known !== undefined) return known
    const { knownSince } = this.l2
    if (remembered.stamp <= await this.l2.barrier(remembered.tags)) return false
    if (knownSince !== Infinity) remembered.provenAt = Math.max(remembered.provenAt, knownSince + 1)
    return true
  }

  async #holds (stamp: Stamp, tags: readonly string[]): Promise<boolean> {
    return this.l2.judge(stamp, tags) ?? stamp > await this.l2.barrier(tags)
  }

  /** Memory, judged by asking the store where it does not answer by itself. */
  async #recall (key: string): Promise<Found<T> | undefined> {
    const remembered = this.l1?.get(key)
    if (remembered === undefined) return undefined
    if (goneAt(remembered) <= Date.now()) return undefined
    if (await this.#stillHolds(remembered)) return { entry: remembered, source: 'l1' }
    this.#discard(key, 'invalid', remembered.stamp)
    return undefined
  }

  /** Readers of one key at one time share a read. Each judges what it gets after it arrived, so sharing is safe. */
  #fetch (key: string): Promise<Entry<T> | undefined> {
    let fetch = this.#fetches.get(key)
    if (fetch === undefined) {
      fetch = this.#load(key)
      this.#fetches.set(key, fetch)
    }
    return fetch
  }

  async #load (key: string): Promise<Entry<T> | undefined> {
    try {
      const [bytes] = await this.l2.get([key])
      return bytes === undefined ? undefined : await this.#decode(key, bytes)
    } finally {
      this.#fetches.delete(key)
    }
  }

  async #decode (key: string, bytes: Buffer): Promise<Entry<T> | undefined> {
    const read = this.#read(bytes)
    if (read !== undefined) {
      this.#remember(key, read.entry, read.size)
      return read.entry
    }
    this.#discard(key, 'corrupt', 0)
    // It has to go: what it claims for a stamp could keep better frames out.
    await this.l2.delete(key)
    return undefined
  }

  /** The entry in a frame, and its value's size in memory; undefined if it is none, or not whole. */
  #read (bytes: Buffer): { readonly entry: Entry<T>, readonly size: number } | undefined {
    const frame = decodeFrame(bytes, this.l1 !== undefined)
    try {
      return frame && {
        entry: { ...frame, value: this.serializer.deserialize(frame.value) },
        size: this.#sizeOf(frame.value, bytes)
      }
    } catch {
      // A body the serializer cannot read is as good as a torn one.
      return undefined
    }
  }

  async #judged (key: string, entry: Entry<T> | undefined): Promise<Found<T> | undefined> {
    if (entry === undefined || goneAt(entry) <= Date.now()) return undefined
    const tags = judgedTags(key, entry)
    if (this.l2.judge(entry.stamp, tags) ?? await this.#holds(entry.stamp, tags)) return { entry, source: 'l2' }
    this.#discard(key, 'invalid', entry.stamp)
    return undefined
  }

  /** What the value takes in memory, by its serializer, or as many bytes as its frame has. */
  #sizeOf (value: Serialized, frame: Buffer): number {
    const size = this.serializer.sizeOf?.(value)
    return size !== undefined && size >= 0 && size < Infinity ? size : frame.length
  }

  #remember (key: string, entry: Entry<T>, size: number): void {
    const tags = judgedTags(key, entry)
    // Field by field: an object that is spread into another costs 150 bytes more.
    this.l1?.set(key, {
      value: entry.value,
      stamp: entry.stamp,
      tags,
      storedAt: entry.storedAt,
      freshUntil: entry.freshUntil,
      staleUntil: entry.staleUntil,
      errorUntil: entry.errorUntil,
      keptFor: entry.keptFor,
      filledBy: entry.filledBy,
      cost: entry.cost,
      bytes: entryBytes(tags) + size,
      provenAt: entry.stamp
    })
  }

  /** Memory may by now have a later entry than the one that is no good: that stays. */
  #discard (key: string, reason: 'invalid' | 'corrupt', stamp: Stamp): void {
    this.discarded++
    this.l1?.delete(key, stamp)
    emit('weir:cache:discard', () => ({ namespace: this.name, key, reason }))
  }
}

// Joined, not spread: that leaves room in the array which is never used.
const judgedTags = (key: string, entry: Entry<unknown>) => entry.tags.concat(keyTag(key))
