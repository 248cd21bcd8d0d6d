import type { Counters } from './counters.js'
import { encodeCounter, isCounter } from './counter-frame.js'
import { DoubtfulSwaps } from './doubtful-swaps.js'
import { type Entry, freshness, goneAt, keyTag } from './entry.js'
import { emit } from './events.js'
import { type EntryOptions, makeEntry } from './fill.js'
import { versionOf } from './frame-version.js'
import { reframed } from './reframed.js'
import type { Swapped } from './store.js'
import type { L1Entry, Tiers } from './tiers.js'
import { justAbove, type Stamp } from './validity.js'
import { encodeVersion, type Version } from './version.js'

/** A key's content in the store, as read by an operation that will swap it. */
export interface Present<T> {
  /** Undefined: the store has nothing. */
  readonly frame?: Buffer
  /** The entry, without its value if this instance cannot read that. */
  readonly outline?: L1Entry<unknown>
  /** Also undefined if this instance cannot read the value. */
  readonly entry?: L1Entry<T>
  /**
   * Whether the entry is fresh and valid, even if only other instances can read it. If not, the key
   * counts as absent.
   */
  readonly isPresent: boolean
}

/** A frame to be stored, and its `ttl` in milliseconds. */
export interface Next {
  readonly make: (stamp: Stamp) => Buffer
  readonly ttl: number
  readonly tags: readonly string[]
}

interface SwapOptions {
  /** Whether to resolve only when no instance has the replaced entry in memory. */
  readonly isStrict: boolean
  /**
   * Whether to replace a counter whatever its current number. A counter that replaces it takes over
   * the number.
   */
  readonly anyNumber?: boolean
}

const NOTHING = { isPresent: false } as const

/**
 * Operations that depend on the key's current value: each reads the store and swaps what it has
 * read.
 *
 * They are linearizable: each takes effect at one moment between its call and its end, for all
 * instances.
 *
 * A swap uses a stamp that the store issues after the read, and only if the entry is valid as of
 * that stamp by the store's own records. An invalidation therefore either ends the entry that was
 * read, and nothing is swapped, or ends the entry that was swapped in. After the swap, a record
 * with the same stamp ends the copies in other memories. Written before the swap, it could end a
 * value that is then not replaced.
 *
 * An absent value cannot serve as the state to compare with: between the read and the swap a value
 * may have come and gone, and the record that ended it would end the new value as well. An empty
 * frame represents the absence instead. `pull` leaves one in place of the value until its record is
 * written, and a value stored where none was replaces an empty frame. If a record then ends the new
 * value on arrival, that record belongs to a later operation that also found nothing.
 *
 * The operation that finds an invalid frame removes it. Afterwards no operation relies on it, even
 * on an instance that has not yet heard of the invalidation.
 */
export class Swapping<T> {
  readonly #doubtful: DoubtfulSwaps

  /**
   * @param fillTimeout milliseconds after which a fill in progress now is no longer expected to
   *   finish
   */
  constructor (
    readonly tiers: Tiers<T>,
    readonly counters: Counters,
    readonly name: string,
    readonly fillTimeout: number
  ) {
    this.#doubtful = new DoubtfulSwaps(tiers)
  }

  async read (key: string): Promise<Present<T>> {
    for (;;) {
      const stored = await this.tiers.stored(key)
      if (stored === undefined) return NOTHING
      if (freshness(stored.outline, Date.now()) !== 'fresh') return { ...stored, isPresent: false }
      if (await this.tiers.validity.isValid(stored.outline)) return { ...stored, isPresent: true }
      await this.#remove(key, stored.frame)
    }
  }

  /**
   * Swaps the frames. Undefined if nothing was done, because the store's content changed or was
   * invalidated.
   */
  async swap (
    key: string,
    present: Present<T>,
    next: Next | undefined,
    options: SwapOptions
  ): Promise<Swapped | undefined> {
    const { entries, validity } = this.tiers
    const { outline, isPresent } = present
    const frame = present.frame ?? (await this.#reserved(key))
    if (frame === undefined) return undefined
    const stamp =
      outline !== undefined && isPresent
        ? await validity.stampIfValid(outline)
        : await validity.stamp()
    if (stamp === undefined) {
      await this.#remove(key, frame)
      return undefined
    }
    const seen = frame && versionOf(frame)
    const expected =
      seen !== undefined && options.anyNumber === true ? { ...seen, number: undefined } : seen
    const own = justAbove(stamp)
    const replacement = next === undefined ? emptyFrame(own) : next.make(own)
    // A fill that began earlier may finish later, and must find the record.
    const lastUntil = Math.max(
      outline === undefined ? 0 : goneAt(outline),
      Date.now() + this.fillTimeout
    )
    const orDoubt = <R>(answer: Promise<R>): Promise<R> =>
      answer.catch((error: unknown) => {
        this.#doubtful.add(key, stamp, lastUntil)
        throw error
      })
    const swapped = await orDoubt(
      entries.swap(key, expected, replacement, next?.ttl ?? this.fillTimeout)
    )
    if (swapped === undefined) return undefined
    const wasCounter = frame !== undefined && isCounter(frame)
    // Counters are never in memory.
    if (next !== undefined && isPresent && wasCounter && isCounter(replacement)) {
      this.#stored(key, next, replacement)
      return swapped
    }
    await orDoubt(validity.replaced(key, stamp, lastUntil))
    if (next !== undefined) this.#stored(key, next, replacement)
    if (options.isStrict && frame !== undefined && !wasCounter) await validity.waitForLeases()
    return swapped
  }

  /** Stores an empty frame where there is none; undefined if there is one by now. */
  async #reserved (key: string): Promise<Buffer | undefined> {
    const frame = emptyFrame(justAbove(await this.tiers.validity.stamp()))
    return (await this.tiers.entries.swap(key, undefined, frame, this.fillTimeout)) && frame
  }

  /** See {@link Cache.add}. */
  async add (
    key: string,
    value: T,
    options: Partial<EntryOptions>,
    isStrict: boolean
  ): Promise<boolean> {
    const next = await this.#next(key, value, options)
    for (;;) {
      const present = await this.read(key)
      if (present.isPresent) return false
      if ((await this.swap(key, present, next, { isStrict })) !== undefined) return true
    }
  }

  /** See {@link Cache.compareAndSet}. */
  async compareAndSet (
    key: string,
    version: Version,
    value: T,
    options: Partial<EntryOptions>,
    isStrict: boolean
  ): Promise<boolean> {
    const next = await this.#next(key, value, options)
    for (;;) {
      const present = await this.read(key)
      if (versionOfPresent(present) !== version) return false
      if ((await this.swap(key, present, next, { isStrict })) !== undefined) return true
    }
  }

  /** See {@link Cache.pull}. */
  async pull (key: string, isStrict: boolean): Promise<Entry<T> | undefined> {
    for (;;) {
      const present = await this.read(key)
      if (present.entry === undefined || !present.isPresent) return undefined
      const swapped = await this.swap(key, present, undefined, { isStrict, anyNumber: true })
      if (swapped === undefined) continue
      // A counter may have changed since it was read. The cast relies on the caller: `T` includes
      // its number.
      const number: unknown = swapped.number
      return swapped.number === undefined
        ? present.entry
        : { ...present.entry, value: number as T }
    }
  }

  /** See {@link Cache.touch}. */
  async touch (key: string, lifetime: number, isStrict: boolean): Promise<boolean> {
    for (;;) {
      const present = await this.read(key)
      const { frame, outline, isPresent } = present
      if (frame === undefined || outline === undefined || !isPresent) return false
      const freshUntil = Date.now() + lifetime
      const moved = freshUntil - outline.freshUntil
      const times = {
        freshUntil,
        staleUntil: outline.staleUntil + moved,
        errorUntil: outline.errorUntil + moved
      }
      const next = {
        make: (stamp: Stamp) => reframed(frame, { ...times, stamp }),
        ttl: goneAt({ ...outline, freshUntil }) - Date.now(),
        tags: outline.tags.filter((tag) => tag !== keyTag(key))
      }
      if ((await this.swap(key, present, next, { isStrict, anyNumber: true })) !== undefined) {
        return true
      }
    }
  }

  async #next (key: string, value: T, options: Partial<EntryOptions>): Promise<Next> {
    const entry = makeEntry(value, 0, options, { filledBy: this.name, cost: 0 })
    return {
      make: await this.tiers.frameOf(key, entry),
      ttl: goneAt(entry) - entry.storedAt,
      tags: entry.tags
    }
  }

  async #remove (key: string, frame: Buffer | undefined): Promise<void> {
    const seen = frame && versionOf(frame)
    // A counter is removed whatever its number: increments elsewhere add to the invalidated one.
    if (seen !== undefined) {
      await this.tiers.entries.swap(key, { ...seen, number: undefined }, undefined, 0)
    }
  }

  #stored (key: string, { tags }: Next, frame: Buffer): void {
    this.counters.stores++
    emit('weir:cache:store', () => ({
      namespace: this.tiers.name,
      key,
      tags,
      bytes: frame.length
    }))
  }
}

/**
 * A frame that every instance treats as absent. It is a counter's, because counters are never in
 * memory.
 */
const emptyFrame = (stamp: Stamp): Buffer =>
  encodeCounter({
    value: 0,
    stamp,
    tags: [],
    storedAt: Date.now(),
    freshUntil: 0,
    staleUntil: 0,
    errorUntil: 0,
    keptFor: 0,
    filledBy: '',
    cost: 0
  })

/** The version that {@link Cache.getWithVersion} returns. */
export const versionOfPresent = ({ frame, isPresent }: Present<unknown>): Version =>
  encodeVersion(frame !== undefined && isPresent ? versionOf(frame) : undefined)
