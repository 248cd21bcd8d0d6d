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

/** The store's content of a key, as an operation that swaps it has read it. */
export interface Present<T> {
  /** Undefined: the store has nothing. */
  readonly frame?: Buffer
  /** The entry, or all but its value where this instance cannot read that. */
  readonly outline?: L1Entry<unknown>
  /** Undefined also where this instance cannot read the value. */
  readonly entry?: L1Entry<T>
  /**
   * Whether it is fresh and valid, for those too that can read what this instance cannot; if not,
   * the key counts as absent.
   */
  readonly isPresent: boolean
}

/** A frame to come, for so many milliseconds. */
export interface Next {
  readonly make: (stamp: Stamp) => Buffer
  readonly ttl: number
  readonly tags: readonly string[]
}

interface SwapOptions {
  /** Whether to resolve only when no instance has the replaced entry in memory. */
  readonly isStrict: boolean
  /**
   * Whether a counter is replaced whatever its number is by now. A counter in its place takes that
   * over.
   */
  readonly anyNumber?: boolean
}

const NOTHING = { isPresent: false } as const

/**
 * Operations that depend on the value the key has: each reads the store, and swaps what it has read
 * for what is to be there. They are linearizable: each takes effect at one moment between its call
 * and its end, for all instances.
 *
 * A swap is made under a stamp that the store issues after the read, and only if the entry is valid
 * as of that stamp by the store's own records: an invalidation ends either what was read, and
 * nothing is swapped, or what was swapped in. What memories have of the key ends by a record under
 * that same stamp, after the swap: a record before it would end a value that is then not replaced.
 *
 * That a key has nothing is no state of it: between the read and the swap a value may have come and
 * gone, by a record that ends the one to come as well. So nothing is made a state by an empty
 * frame: `pull` leaves one in place of the value until its record is there, and what is put where
 * nothing was takes the place of one. Then a record that ends it on arrival is of an operation that
 * found nothing either, and that followed.
 *
 * An invalid frame is removed by the operation that finds it: nothing counts on it afterwards, in
 * an instance that has not heard of the invalidation yet either.
 */
export class Swapping<T> {
  readonly #doubtful: DoubtfulSwaps

  /**
   * @param fillTimeout milliseconds after which a fill that is under way now is not expected to end
   *   any more
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
   * Undefined if nothing was done, because the store has something else by now, or what was read
   * has been invalidated.
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
    // A fill that began before may end after, and is to find the record.
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
    // No memory has a counter.
    if (next !== undefined && isPresent && wasCounter && isCounter(replacement)) {
      this.#stored(key, next, replacement)
      return swapped
    }
    await orDoubt(validity.replaced(key, stamp, lastUntil))
    if (next !== undefined) this.#stored(key, next, replacement)
    if (options.isStrict && frame !== undefined && !wasCounter) await validity.waitForLeases()
    return swapped
  }

  /** Puts an empty frame where nothing is; undefined if there is something by now. */
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
      // A counter may have gone on since it was read. That T has room for its number is the
      // caller's claim.
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
    // A counter goes with any number: increments elsewhere add to what was invalidated.
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
 * A frame that counts as nothing for every instance. It is a counter's: those are never in memory.
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

/** The version that {@link Cache.getWithVersion} gives. */
export const versionOfPresent = ({ frame, isPresent }: Present<unknown>): Version =>
  encodeVersion(frame !== undefined && isPresent ? versionOf(frame) : undefined)
