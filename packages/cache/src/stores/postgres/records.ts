import { CacheError, shown } from '../../errors.js'
import type { TagRecords } from '../../rule-v.js'
import type { Judged, Stamp } from '../../validity.js'
import { Batch } from '../batch.js'
import type { RecordKeeper } from '../leased-validity.js'
import type { Commands, Row, Value } from './commands.js'
import { type Bytes, idOf, nameBytes, numberOfNamespace } from './names.js'
import type { FunctionName } from './schema.js'

// Maximum number of tags per command: others wait for the namespace's row meanwhile.
const INVALIDATED_AT_ONCE = 200
const READ_AT_ONCE = 2000
// Maximum difference between clocks in milliseconds: entries expire by their instance's clock,
// records by that of Postgres.
const CLOCK_MARGIN = 10_000
// The epoch of a namespace whose row is not known yet. No row has it.
const NO_EPOCH = '00000000-0000-0000-0000-000000000000'

/** A namespace's clock, floor and records in Postgres. */
export class PostgresRecords implements RecordKeeper {
  /** The namespace's number. */
  readonly ns: string
  readonly #asked = new Batch<Judged, TagRecords>((entries) => this.#of(entries))
  #latest: Stamp = 0
  #epoch = NO_EPOCH

  constructor (
    readonly commands: Commands,
    readonly name: string,
    readonly maxTags: number
  ) {
    this.ns = numberOfNamespace(name)
  }

  get latest (): Stamp {
    return this.#latest
  }

  /**
   * A frame may claim any stamp: the clock could not continue from one that is not a safe integer.
   */
  see (stamp: Stamp): void {
    if (Number.isSafeInteger(stamp)) this.#latest = Math.max(this.#latest, stamp)
  }

  async stamp (): Promise<{ readonly stamp: Stamp; readonly beginning: Stamp }> {
    const row = await this.#run('stamp', [])
    return { stamp: stampOf(row[0]), beginning: stampOf(row[2]) }
  }

  /** Invalidates in parts; the call is done when the last part is. */
  async invalidate (tags: readonly string[]): Promise<Stamp> {
    const all = [...new Set(tags)]
    let stamp: Stamp = 0
    for (let from = 0; from === 0 || from < all.length; from += INVALIDATED_AT_ONCE) {
      const part = all.slice(from, from + INVALIDATED_AT_ONCE)
      const row = await this.#run('invalidate', [
        this.#channel,
        this.maxTags,
        part.map((tag) => this.#tag(tag)),
        part.map(nameBytes)
      ])
      stamp = stampOf(row[0])
    }
    return stamp
  }

  async clear (): Promise<Stamp> {
    return stampOf((await this.#run('clear', [this.#channel]))[0])
  }

  async replace (entry: Judged, until: number): Promise<Stamp | undefined> {
    const { key, tags, stamp, validatedAt = stamp } = entry
    const [issued] = await this.#run('replace', [
      this.#channel,
      this.maxTags,
      stamp,
      validatedAt,
      tags.map((tag) => this.#tag(tag)),
      this.#key(key),
      nameBytes(key),
      endOf(until)
    ])
    return issued === null ? undefined : stampOf(issued)
  }

  async stampIfValid ({
    key,
    tags,
    stamp,
    validatedAt = stamp
  }: Judged): Promise<Stamp | undefined> {
    const [issued] = await this.#run('stamp_if_valid', [
      stamp,
      validatedAt,
      [...tags.map((tag) => this.#tag(tag)), this.#key(key)]
    ])
    return issued === null ? undefined : stampOf(issued)
  }

  async replaced (key: string, stamp: Stamp, until: number): Promise<void> {
    await this.#run('replaced', [
      this.#channel,
      this.maxTags,
      stamp,
      this.#key(key),
      nameBytes(key),
      endOf(until)
    ])
  }

  /** Readers in one turn of the event loop share a command. */
  of (entry: Judged): Promise<TagRecords> {
    return this.#asked.add(entry)
  }

  /**
   * Reports whether the row is the known one; the first row seen becomes the known one. Another row
   * means that the records are lost.
   */
  isSame (epoch: string): boolean {
    if (this.#epoch === NO_EPOCH) this.#epoch = epoch
    return this.#epoch === epoch
  }

  get #channel (): string {
    return this.commands.schema.channel
  }

  async #of (entries: readonly Judged[]): Promise<TagRecords> {
    const tags = new Map(
      entries.flatMap((entry) => entry.tags.map((tag) => [this.#tag(tag), tag] as const))
    )
    const keys = new Map(entries.map((entry) => [this.#key(entry.key), entry.key] as const))
    const ids = [...tags.keys(), ...keys.keys()]
    const parts = Array.from({ length: Math.ceil(ids.length / READ_AT_ONCE) }, (_, i) =>
      ids.slice(i * READ_AT_ONCE, (i + 1) * READ_AT_ONCE)
    )
    const records = {
      floor: 0,
      stamps: new Map<string, Stamp>(),
      replaced: new Map<string, Stamp>()
    }
    for (const rows of await Promise.all(
      parts.map((part) => this.commands.call('records', [this.ns, part]))
    )) {
      const [first] = rows
      const [epoch, clock, floor] = first ?? []
      // Nothing is known about earlier records. The stamp's function creates a floor as of now,
      // below the stamp it issues.
      if (typeof epoch !== 'string' || !this.isSame(epoch)) {
        return { ...records, floor: (await this.stamp()).stamp }
      }
      this.see(stampOf(clock))
      records.floor = Math.max(records.floor, stampOf(floor))
      for (const [, , , id, stamp] of rows) {
        if (typeof id !== 'string') continue
        const [tag, key] = [tags.get(id), keys.get(id)]
        if (tag !== undefined) records.stamps.set(tag, stampOf(stamp))
        if (key !== undefined) records.replaced.set(key, stampOf(stamp))
      }
    }
    return records
  }

  /** Every function's first two results are a stamp, or null, and the epoch. */
  async #run (name: FunctionName, values: readonly Value[]): Promise<Row> {
    const [row] = await this.commands.call(name, [
      this.ns,
      nameBytes(this.name),
      this.#latest,
      this.#epoch,
      ...values
    ])
    if (row === undefined) throw unexpected('nothing')
    const [stamp, epoch] = row
    if (typeof stamp === 'string') this.see(stampOf(stamp))
    if (typeof epoch === 'string') this.#epoch = epoch
    return row
  }

  #tag (tag: string): Bytes {
    return idOf(this.name, 'tag', tag)
  }

  #key (key: string): Bytes {
    return idOf(this.name, 'key', key)
  }
}

/** Converts Infinity, for a value that was set explicitly, to null. */
const endOf = (until: number) => Number.isFinite(until) ? Math.ceil(until) + CLOCK_MARGIN : null

/** Parses a stamp as Postgres writes a whole number. */
export function stampOf (text: unknown): Stamp {
  const stamp = typeof text === 'string' && /^-?\d+$/.test(text) ? Number(text) : NaN
  if (Number.isSafeInteger(stamp)) return stamp
  throw unexpected(shown(text))
}

const unexpected = (reply: string) =>
  new CacheError('WEIR_CACHE_STORE_FAILED', `return a stamp, but ${reply}`)
