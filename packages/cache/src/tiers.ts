import { BoundedMap, type MemoryLimits } from './bounded-map.js'
import { decodeCounter } from './counter-frame.js'
import { DecodedFrames } from './decoded-frames.js'
import { type Entry, freshness, goneAt, keyTag } from './entry.js'
import { CacheError, shown } from './errors.js'
import { type CacheEvents, emit, type Source } from './events.js'
import { decodeFrame, encodeFrame, type Frame } from './frame.js'
import { entryBytes } from './heap.js'
import { type KeysPage, listedKey } from './listing.js'
import type { Claim, Entries, FillLease, FrameId, StoreNamespace } from './store.js'
import type { StoredValue, StoredValues } from './stored-value.js'
import { timedRead } from './timed-reads.js'
import type { Judged, Stamp, Validity } from './validity.js'

/** A valid value and the tier it came from. */
export interface Found<T> {
  readonly entry: Entry<T>
  readonly source: Source
}

/**
 * A value that is good enough, or a reference to the instance that computes one.
 *
 * `stale`: the last valid value that was found but not good enough.
 */
export type Claimed<T> =
  | Found<T> & { readonly kind: 'found' }
  | Exclude<Claim, { kind: 'found' }> & {
    readonly stale: Entry<T> | undefined
    /** End of the time in which other instances may read an entry that this one cannot. */
    readonly unreadableUntil: number
  }

export const isFresh = (found: Found<unknown> | undefined) =>
  found !== undefined && freshness(found.entry, Date.now()) === 'fresh'

/** An entry as it is stored in one of the tiers, usable or not. */
export interface Inspected<T> {
  readonly entry: Entry<T>
  /** Estimated heap bytes in memory, or bytes of the frame in the store. */
  readonly bytes: number
  /** Whether Rule V accepts the entry: it has not been invalidated. */
  readonly valid: boolean
}

interface ReplaceOptions {
  readonly lease?: FillLease | undefined
  readonly wait?: boolean
}

/** An entry in memory. Its tags include that of its key, so they are all the tags Rule V checks. */
export interface L1Entry<T> extends Entry<T>, Judged {
  readonly bytes: number
  /** Set for a counter: it is not kept in memory, because its number may change at any time. */
  readonly isCounter?: true
  validatedAt: Stamp
}

/**
 * A whole entry in the store whose value this instance cannot read, because of its serializer,
 * compression or size.
 */
class Unreadable {
  readonly stamp: Stamp
  readonly storedAt: number
  /** The entry without its value. */
  readonly outline: L1Entry<unknown>

  constructor (key: string, frame: Frame) {
    this.stamp = frame.stamp
    this.storedAt = frame.storedAt
    this.outline = l1Entry<unknown>(key, { ...frame, value: undefined }, 0)
  }
}

/** A key's content in the store, as read. */
export interface Stored<T> {
  readonly frame: Buffer
  /** The entry, without its value if this instance cannot read that. */
  readonly outline: L1Entry<unknown>
  /** Undefined if this instance cannot read it. */
  readonly entry?: L1Entry<T>
}

/**
 * This instance's memory (L1) in front of the shared store (L2).
 *
 * Each entry returned from either tier has passed Rule V after the request for it.
 */
export class Tiers<T> {
  discarded = 0
  readonly l1: BoundedMap<L1Entry<T>> | undefined
  readonly entries: Entries
  readonly validity: Validity
  readonly #decoded: DecodedFrames<L1Entry<T>> | undefined
  readonly #fetches = new Map<string, Promise<L1Entry<T> | undefined>>()

  constructor (
    readonly name: string,
    store: StoreNamespace,
    readonly values: StoredValues<T>,
    limits: MemoryLimits | false
  ) {
    this.entries = store.entries
    this.validity = store.validity
    this.l1 = limits === false ? undefined : new BoundedMap(limits)
    // Not needed with memory: an entry that is read again is one that memory had to evict.
    this.#decoded = limits === false ? new DecodedFrames(DECODED) : undefined
  }

  /** Returns an entry in memory if it can be checked without asking the store. */
  peek (key: string): Found<T> | undefined {
    const entry = this.l1?.get(key)
    if (entry === undefined) return undefined
    const valid = this.validity.isValid(entry)
    if (valid === true) return { entry, source: 'l1' }
    // A read that waits asks again in the same turn, and so shares the command.
    if (valid !== false) valid.catch(() => {})
    return undefined
  }

  async find (key: string): Promise<Found<T> | undefined> {
    // Each awaited promise costs every store read a fraction of a microsecond.
    const recalled = this.l1?.get(key) === undefined ? undefined : await this.#recall(key)
    if (isFresh(recalled)) return recalled
    // Another instance may have replaced the old entry.
    const shared = this.#fetches.get(key)
    let entry = await (shared ?? this.#fetch(key))
    // Changes of a counter leave no record: a read that began earlier may have missed one.
    if (shared !== undefined && entry?.isCounter === true) entry = await this.#load(key)
    const found = this.#judged(entry)
    return (found instanceof Promise ? await found : found) ?? recalled
  }

  /**
   * Like `find`; if nothing is good enough, returns the lease to compute the value, or a reference
   * to its holder.
   * @param known the unusable entry that the caller has just found
   */
  async claim (
    key: string,
    isGood: (found: Found<T>) => boolean,
    known?: Found<T>
  ): Promise<Claimed<T>> {
    // Tell the store which frame this instance already has, so it is not sent again.
    let seen: FrameId | undefined = this.l1?.get(key)
    let last = (await this.#recall(key)) ?? known
    seen ??= last?.entry
    let unreadableUntil = 0
    for (;;) {
      if (last !== undefined && isGood(last)) return { kind: 'found', ...last }
      const claim = await timedRead(this.name, 'claim', () => this.entries.claim(key, seen))
      if (claim.kind !== 'found') return { ...claim, stale: last?.entry, unreadableUntil }
      const entry = await this.#decode(key, claim.frame)
      if (entry === undefined) continue
      seen = entry
      if (entry instanceof Unreadable) {
        unreadableUntil = goneAt(entry.outline)
        continue
      }
      last = (await this.#judged(entry)) ?? last
    }
  }

  /**
   * Returns an entry in memory without checking its validity, for use while the store does not
   * answer.
   */
  unverified (key: string): Entry<T> | undefined {
    const entry = this.l1?.get(key)
    if (entry === undefined) return undefined
    return Math.max(entry.staleUntil, entry.errorUntil) > Date.now() ? entry : undefined
  }

  /** Like `find` for each key; values that are not fresh in memory are read in one round trip. */
  async findMany (keys: readonly string[]): Promise<(Found<T> | undefined)[]> {
    const recalled = await Promise.all(keys.map((key) => this.#recall(key)))
    const missing = keys.filter((_, i) => !isFresh(recalled[i]))
    if (missing.length === 0) return recalled
    const frames = await timedRead(this.name, 'get', () => this.entries.get(missing))
    const read = new Map(
      await Promise.all(
        missing.map(async (key, i) => {
          const bytes = frames[i]
          return [
            key,
            bytes && (await this.#judged(readable(await this.#decode(key, bytes))))
          ] as const
        })
      )
    )
    return keys.map((key, i) => read.get(key) ?? recalled[i])
  }

  /** Returns the key's entries in memory and in the store. Inspecting changes nothing. */
  async inspect (
    key: string
  ): Promise<{ readonly memory?: Inspected<T>; readonly store?: Inspected<T> }> {
    const inMemory = this.l1?.peek(key)
    const [bytes] = await this.entries.get([key])
    const inStore = bytes && readable(await this.#read(key, bytes))
    const inspected = async (entry: L1Entry<T>, bytes: number) => ({
      entry,
      bytes,
      valid: await this.isValid(key, entry)
    })
    return {
      ...(inMemory && { memory: await inspected(inMemory, inMemory.bytes) }),
      ...(inStore && bytes && { store: await inspected(inStore, bytes.length) })
    }
  }

  /** Returns one page of the keys in the store. Listing changes nothing. */
  async keys (cursor: string | undefined, limit: number): Promise<KeysPage> {
    if (this.entries.scan === undefined) {
      throw new CacheError('WEIR_CACHE_CANNOT_LIST', shown(this.name))
    }
    const page = await this.entries.scan(cursor, limit)
    // Concurrently: a store that is asked for records answers many requests in one round trip.
    const keys = await Promise.all(
      page.frames.map((frame) => listedKey(frame, this.entries, this.validity))
    )
    return { keys, cursor: page.cursor }
  }

  /** Returns the entry in the store, usable or not. */
  async stored (key: string): Promise<Stored<T> | undefined> {
    const [frame] = await this.entries.get([key])
    const entry = frame && (await this.#decode(key, frame))
    if (frame === undefined || entry === undefined) return undefined
    return entry instanceof Unreadable
      ? { frame, outline: entry.outline }
      : { frame, outline: entry, entry }
  }

  /** Returns a function that builds the entry's frame for a given stamp. */
  async frameOf (key: string, entry: Entry<T>): Promise<(stamp: Stamp) => Buffer> {
    const { stored } = await this.values.write(key, entry.value)
    return (stamp) => encodeFrame({ ...entry, value: stored, stamp })
  }

  /** Evicts the key's entry from memory. */
  evict (key: string): void {
    this.l1?.delete(key, Infinity)
    this.#decoded?.delete(key, Infinity)
  }

  clearMemory (): void {
    this.l1?.clear()
    this.#decoded?.clear()
  }

  /** Counts the entries in memory that carry one of the tags. Visits every entry. */
  countInMemory (tags: readonly string[]): number {
    let count = 0
    for (const entry of this.l1?.values() ?? []) {
      if (tags.some((tag) => entry.tags.includes(tag))) count++
    }
    return count
  }

  /** Applies Rule V to an entry held elsewhere. */
  async isValid (key: string, entry: Entry<unknown>): Promise<boolean> {
    return this.validity.isValid(judgedBy(key, entry))
  }

  /**
   * Stores the entry in both tiers; resolves when every instance can see it. False if it is known
   * to be invalid.
   * @param lease the lease of the fill, if there was one; it ends when the entry is stored
   * @throws CacheError WEIR_CACHE_UNSERIALIZABLE, WEIR_CACHE_VALUE_TOO_LARGE, or the store's error
   */
  async put (key: string, entry: Entry<T>, lease?: FillLease): Promise<boolean> {
    const written = this.values.write(key, entry.value)
    return this.#keep(key, entry, written instanceof Promise ? await written : written, lease)
  }

  async #keep (
    key: string,
    entry: Entry<T>,
    { stored, size }: StoredValue,
    lease: FillLease | undefined
  ): Promise<boolean> {
    const frame = encodeFrame({ ...entry, value: stored })
    const ttl = goneAt(entry) - Date.now()
    const valid = this.validity.isValid(judgedBy(key, entry))
    if (valid === false) return this.#refuse(key, entry)
    this.l1?.set(key, l1Entry(key, entry, size))
    const [isValid] = await Promise.all([
      // Storing is safe if validity is unknown: each reader checks again.
      valid === true ? true : valid.catch(() => true),
      lease === undefined ? this.entries.set(key, frame, ttl) : lease.store(frame, ttl)
    ])
    if (!isValid) return this.#refuse(key, entry)
    emit('weir:cache:store', () => ({
      namespace: this.name,
      key,
      tags: entry.tags,
      bytes: frame.length
    }))
    return true
  }

  /**
   * Like `put`, replacing an entry that may still be valid. Otherwise some instances could serve
   * the old entry from memory until it expires, while others serve the new one.
   * @param until see {@link Validity.replace}
   * @param wait whether to resolve only when no instance has the replaced entry in memory
   */
  async replace (
    key: string,
    entry: Entry<T>,
    until: number,
    { lease, wait = true }: ReplaceOptions = {}
  ): Promise<boolean> {
    // A rejected value must not end the current one.
    const writing = this.values.write(key, entry.value)
    const written = writing instanceof Promise ? await writing : writing
    const stamp = await this.validity.replace(judgedBy(key, entry), until)
    if (stamp === undefined) return this.#refuse(key, entry)
    const leasesEnd = wait ? this.validity.waitForLeases() : undefined
    try {
      return await this.#keep(key, { ...entry, stamp }, written, lease)
    } finally {
      // The replaced entry has ended, whether or not the new one was stored.
      await leasesEnd
    }
  }

  #refuse (key: string, entry: Entry<T>): false {
    this.#discard(key, 'invalid', entry.stamp)
    return false
  }

  /** Returns an entry in memory, asking the store about its validity if necessary. */
  async #recall (key: string): Promise<Found<T> | undefined> {
    const entry = this.l1?.get(key)
    if (entry === undefined || isGone(entry)) return undefined
    if (!(await this.validity.isValid(entry))) {
      this.#discard(key, 'invalid', entry.stamp)
      return undefined
    }
    // The record of its replacement may have expired with it while the store was asked.
    return isGone(entry) ? undefined : { entry, source: 'l1' }
  }

  /**
   * Starts a read that concurrent readers of the key share. Sharing is safe because each reader
   * checks the entry after arriving.
   */
  #fetch (key: string): Promise<L1Entry<T> | undefined> {
    const fetch = this.#load(key)
    this.#fetches.set(key, fetch)
    return fetch
  }

  async #load (key: string): Promise<L1Entry<T> | undefined> {
    try {
      const [bytes] = await timedRead(this.name, 'get', () => this.entries.get([key]))
      return bytes === undefined ? undefined : readable(await this.#decode(key, bytes))
    } finally {
      this.#fetches.delete(key)
    }
  }

  async #decode (key: string, bytes: Buffer): Promise<L1Entry<T> | Unreadable | undefined> {
    const known = this.#decoded?.get(key, bytes)
    if (known !== undefined) return known
    const read = this.#read(key, bytes)
    const entry = read instanceof Promise ? await read : read
    if (entry instanceof Unreadable) {
      // The frame stays in the store: other instances can read it.
      this.#discard(key, 'unreadable', 0)
      return entry
    }
    if (entry !== undefined) {
      if (entry.isCounter !== true) {
        this.l1?.set(key, entry)
        this.#decoded?.set(key, bytes, entry)
      }
      return entry
    }
    this.#discard(key, 'corrupt', 0)
    // Delete the corrupt frame: the stamp it claims could keep better frames out.
    await this.entries.delete(key)
    return undefined
  }

  /** Decodes a frame; undefined if it is not one, or not whole. A promise if it is compressed. */
  #read (
    key: string,
    bytes: Buffer
  ): L1Entry<T> | Unreadable | undefined | Promise<L1Entry<T> | Unreadable> {
    const counter = decodeCounter(bytes)
    if (counter !== undefined) return l1Counter<T>(key, counter, bytes.length)
    const frame = decodeFrame(bytes)
    if (frame === undefined) return undefined
    try {
      const read = this.values.read(frame.value)
      if (!(read instanceof Promise)) {
        return l1Entry(key, { ...frame, value: read.value }, read.size)
      }
      return read.then(
        ({ value, size }) => l1Entry(key, { ...frame, value }, size),
        () => new Unreadable(key, frame)
      )
    } catch {
      return new Unreadable(key, frame)
    }
  }

  /** Returns an entry from the store if it is usable; a promise if the store has to be asked. */
  #judged (entry: L1Entry<T> | undefined): Found<T> | undefined | Promise<Found<T> | undefined> {
    if (entry === undefined || isGone(entry)) return undefined
    const valid = this.validity.isValid(entry)
    return typeof valid === 'boolean'
      ? this.#found(entry, valid)
      : valid.then((valid) => this.#found(entry, valid))
  }

  #found (entry: L1Entry<T>, valid: boolean): Found<T> | undefined {
    if (valid) return isGone(entry) ? undefined : { entry, source: 'l2' }
    this.#discard(entry.key, 'invalid', entry.stamp)
    return undefined
  }

  /** Memory may already have a later entry than the unusable one: keep it. */
  #discard (key: string, reason: CacheEvents['weir:cache:discard']['reason'], stamp: Stamp): void {
    this.discarded++
    this.l1?.delete(key, stamp)
    this.#decoded?.delete(key, stamp)
    emit('weir:cache:discard', () => ({ namespace: this.name, key, reason }))
  }
}

/**
 * Limits of the decoded entries kept by an instance without memory, so that no frame is parsed
 * twice.
 */
const DECODED = { maxBytes: 16 * 1024 * 1024, maxEntries: 10_000 } as const satisfies MemoryLimits

const readable = <T>(entry: L1Entry<T> | Unreadable | undefined) =>
  entry instanceof Unreadable ? undefined : entry

const isGone = (entry: Entry<unknown>) => goneAt(entry) <= Date.now()

const judgedBy = (key: string, entry: Entry<unknown>): Judged => ({
  key,
  stamp: entry.stamp,
  tags: judgedTags(key, entry)
})

// concat, not spread: a spread array reserves space that is never used.
const judgedTags = (key: string, entry: Pick<Entry<unknown>, 'tags'>) =>
  entry.tags.concat(keyTag(key))

/** Builds a counter's entry. The cast relies on the caller: `T` includes its number. */
function l1Counter<T> (key: string, counter: Entry<number>, bytes: number): L1Entry<T> {
  const value: unknown = counter.value
  return { ...l1Entry(key, { ...counter, value: value as T }, bytes), isCounter: true }
}

/** Field by field: spreading the object would take 150 bytes more. */
function l1Entry<T> (key: string, entry: Entry<T>, size: number): L1Entry<T> {
  const tags = judgedTags(key, entry)
  return {
    key,
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
    validatedAt: entry.stamp
  }
}
