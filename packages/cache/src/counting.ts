import { BoundedMap } from './bounded-map.js'
import { encodeCounter } from './counter-frame.js'
import { type Duration, LONGEST } from './duration.js'
import { type Entry, freshness, goneAt } from './entry.js'
import { CacheError, shown } from './errors.js'
import { makeEntry } from './fill.js'
import { decodeFrame } from './frame.js'
import { versionOf } from './frame-version.js'
import type { WriteOptions } from './options.js'
import type { FrameVersion } from './store.js'
import type { Present, Swapping } from './swapping.js'
import type { L1Entry } from './tiers.js'

/** Options of {@link Cache.increment}. They apply when the counter is created. */
export interface CounterOptions extends WriteOptions {
  /** Lifetime of the counter, from its creation. Default: no expiry. */
  readonly ttl?: Duration
  readonly tags?: readonly string[]
}

/** A counter as last read, without its number. */
interface Known<T> {
  readonly entry: L1Entry<T>
  readonly version: FrameVersion
  readonly stamp: number
  readonly bytes: number
}

/**
 * Counters in the store.
 *
 * A counter that this instance knows by its version is changed with a single command. Rule V is
 * checked before the command, and the command changes no other counter. Every counted number
 * therefore belongs to a valid counter.
 */
export class Counting<T> {
  readonly #known = new BoundedMap<Known<T>>()

  constructor (readonly swapping: Swapping<T>) {}

  async increment (key: string, by: number, options: CounterOptions): Promise<number> {
    for (;;) {
      const known = this.#known.get(key)
      const sum = known && (await this.#count(key, known, by))
      if (sum !== undefined) return checkSum(key, sum)
      const present = await this.swapping.read(key)
      if (present.isPresent && present.entry?.isCounter === true) {
        this.#know(key, present.entry, present.frame)
      } else {
        const begun = await this.#begin(key, present, by, options)
        if (begun !== undefined) return begun
      }
    }
  }

  /** Returns the sum; undefined if the counter has ended or was replaced. */
  async #count (
    key: string,
    { entry, version }: Known<T>,
    by: number
  ): Promise<number | undefined> {
    const { entries, validity } = this.swapping.tiers
    const valid = freshness(entry, Date.now()) === 'fresh' && validity.isValid(entry)
    const sum = (typeof valid === 'boolean' ? valid : await valid)
      ? await entries.increment(key, version, by)
      : undefined
    if (sum === undefined) this.#known.delete(key, entry.stamp)
    return sum
  }

  #know (key: string, entry: L1Entry<T>, frame: Buffer | undefined): void {
    const version = frame && versionOf(frame)
    if (version === undefined) return
    const { stamp, bytes } = entry
    this.#known.set(key, { entry, version: { ...version, number: undefined }, stamp, bytes })
  }

  /**
   * Creates a counter from nothing or from a number that was set; undefined if that number is gone.
   */
  async #begin (
    key: string,
    present: Present<T>,
    by: number,
    options: CounterOptions
  ): Promise<number | undefined> {
    const { ttl = LONGEST, tags = [], consistency } = options
    const plain = present.isPresent ? present.frame && decodeFrame(present.frame) : undefined
    const sum = checkSum(key, plain === undefined ? by : integer(key, present.entry) + by)
    const info = { filledBy: this.swapping.name, cost: 0 }
    const counter: Entry<number> =
      plain === undefined ? makeEntry(sum, 0, { ttl, tags }, info) : { ...plain, value: sum }
    const next = {
      make: (stamp: number) => encodeCounter({ ...counter, stamp }),
      ttl: goneAt(counter) - Date.now(),
      tags: counter.tags
    }
    return (await this.swapping.swap(key, present, next, {
      isStrict: consistency !== 'bounded'
    })) === undefined
      ? undefined
      : sum
  }
}

/** @throws CacheError WEIR_CACHE_INVALID_OPTION */
export function checkBy (by: unknown): void {
  if (Number.isSafeInteger(by)) return
  throw new CacheError('WEIR_CACHE_INVALID_OPTION', `by ${shown(by)}: use a safe integer`)
}

function integer (key: string, entry: Entry<unknown> | undefined): number {
  if (entry === undefined) {
    throw new CacheError(
      'WEIR_CACHE_NOT_A_NUMBER',
      `${shown(key)} has a value that this instance cannot read, by its serializer, compression or size`
    )
  }
  const { value } = entry
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw new CacheError(
    'WEIR_CACHE_NOT_A_NUMBER',
    `${shown(key)} has ${shown(value)}, which is not a safe integer`
  )
}

function checkSum (key: string, sum: number): number {
  if (Number.isSafeInteger(sum)) return sum
  throw new CacheError('WEIR_CACHE_NUMBER_TOO_LARGE', `The number of ${shown(key)}`)
}
