import type { Script } from '@weir/internal'
import { CacheError, shown } from '../../errors.js'
import type { TagRecords } from '../../rule-v.js'
import type { Judged, Stamp } from '../../validity.js'
import { Batch } from '../batch.js'
import type { Commands } from './commands.js'
import {
  CLEAR,
  ESCAPED,
  INVALIDATE,
  MARK,
  PAGE,
  PUT,
  RECORD_REPLACED,
  RECORDS,
  REPLACE,
  REPLACED,
  REPLACED_PAGE,
  STAMP,
  STAMP_IF_VALID
} from './scripts.js'

/** A part of a namespace's records, oldest first. */
export interface RecordsPage {
  /** The floor as of this page. The last page's floor covers everything pruned since the first. */
  readonly floor: Stamp
  readonly tags: readonly (readonly [tag: string, stamp: Stamp])[]
  readonly replaced: readonly (readonly [key: string, stamp: Stamp])[]
}

/** Returns the keys of a namespace's records in the order the scripts expect. */
export const recordKeys = (namespace: string): readonly string[] =>
  [`${namespace}:tags`, `${namespace}:replaced`, `${namespace}:replaced-until`]

// Maximum number of tags per script: other clients wait while it runs, and Lua accepts only about
// 8,000 arguments.
const INVALIDATED_AT_ONCE = 200
const READ_AT_ONCE = 500
// Maximum difference between clocks in milliseconds: entries expire by their instance's clock,
// records by that of Redis.
const CLOCK_MARGIN = 10_000

/** A namespace's clock, floor and records in Redis. */
export class Records {
  readonly #asked = new Batch<Judged, TagRecords>((entries) => this.#of(entries))
  #latest: Stamp = 0

  constructor (
    readonly commands: Commands,
    readonly keys: readonly string[],
    readonly channel: string,
    readonly maxTags: number
  ) {}

  /**
   * The latest stamp seen here. Stamps issued to this instance are never lower, whatever happens to
   * Redis' clock.
   */
  get latest (): Stamp {
    return this.#latest
  }

  see (stamp: Stamp): void {
    this.#latest = Math.max(this.#latest, stamp)
  }

  /**
   * Issues a stamp. `beginning`: below every stamp of a new namespace, or 0 if the namespace is not
   * new.
   */
  async stamp (): Promise<{ readonly stamp: Stamp; readonly beginning: Stamp }> {
    const reply = await this.#run(STAMP, [], 1)
    if (!isList(reply)) throw unexpected('return a stamp', reply)
    const stamp = stampOf(reply[0])
    this.see(stamp)
    return { stamp, beginning: stampOf(reply[1]) }
  }

  /** Invalidates in parts; the call is done when the last part is. */
  async invalidate (tags: readonly string[]): Promise<Stamp> {
    const parts = inParts(tags, INVALIDATED_AT_ONCE).map((part) =>
      this.#stampBy(INVALIDATE, [this.maxTags, ...part], 1)
    )
    return Math.max(...(await Promise.all(parts)))
  }

  /** Raises the floor. */
  async clear (): Promise<Stamp> {
    return this.#stampBy(CLEAR, [])
  }

  /** See {@link Validity.replace}. The replacement's own stamp is one below. */
  async replace ({ key, tags, stamp }: Judged, until: number): Promise<Stamp | undefined> {
    const end = Number.isFinite(until) ? endOf(until) : ''
    const issued = stampOf(await this.#run(REPLACE, [this.maxTags, stamp, key, end, ...tags]))
    this.see(Math.abs(issued))
    return issued > 0 ? issued : undefined
  }

  /** See {@link Validity.stampIfValid}. */
  async stampIfValid ({ key, tags, stamp }: Judged): Promise<Stamp | undefined> {
    const issued = await this.#stampBy(STAMP_IF_VALID, [stamp, key, ...tags])
    return issued > 0 ? issued : undefined
  }

  /** See {@link Validity.replaced}. */
  async replaced (key: string, stamp: Stamp, until: number): Promise<void> {
    await this.#stampBy(RECORD_REPLACED, [this.maxTags, stamp, key, endOf(until)])
  }

  /**
   * Reads the records that apply to the entry. Readers in one turn of the event loop share a
   * command.
   */
  of (entry: Judged): Promise<TagRecords> {
    return this.#asked.add(entry)
  }

  /**
   * Reads all records page by page, so that neither Redis nor this process is busy for long.
   *
   * A record that changes meanwhile may be read in its old or its new state.
   */
  async * all (): AsyncGenerator<RecordsPage> {
    for await (const { floor, members } of this.#pages(PAGE, 1)) {
      const names = members.filter(
        ([member]) => !member.startsWith(MARK) || member.startsWith(ESCAPED)
      )
      const put = members.filter(([member]) => member.startsWith(PUT))
      yield {
        floor,
        tags: names.map(([member, stamp]) => [
          member.startsWith(ESCAPED) ? member.slice(ESCAPED.length) : member,
          stamp
        ]),
        replaced: put.map(([member, stamp]) => [member.slice(PUT.length), stamp])
      }
    }
    for await (const { floor, members } of this.#pages(REPLACED_PAGE)) {
      yield { floor, tags: [], replaced: members }
    }
  }

  async * #pages (
    script: Script,
    keys = this.keys.length
  ): AsyncGenerator<{ floor: Stamp; members: (readonly [member: string, stamp: Stamp])[] }> {
    for (let from: Stamp = 0; ;) {
      const { floor, members } = await this.#page(script, from, READ_AT_ONCE, keys)
      yield { floor, members }
      // A page starts where the previous one ended: other records may have the same stamp.
      const last = members.at(-1)?.[1] ?? from
      if (members.length < READ_AT_ONCE) return
      // If more records share a stamp than fit in a page, they come from one invalidation: the rest
      // follows in the next page.
      from = last > from ? last : last + 1
    }
  }

  async #page (script: Script, from: Stamp, count: number, keys = this.keys.length) {
    const reply = await this.#run(script, [from, count], keys)
    if (!isList(reply)) throw unexpected('return records', reply)
    const stamp = stampOf(reply[0])
    this.see(stamp)
    const members: (readonly [member: string, stamp: Stamp])[] = []
    for (let i = 2; i + 1 < reply.length; i += 2) {
      members.push([String(reply[i]), stampOf(reply[i + 1])])
    }
    return { stamp, floor: stampOf(reply[1]), members }
  }

  async #of (entries: readonly Judged[]): Promise<TagRecords> {
    const tags = inParts([...new Set(entries.flatMap((entry) => entry.tags))], READ_AT_ONCE)
    const keys = inParts([...new Set(entries.map((entry) => entry.key))], READ_AT_ONCE)
    const questions = Array.from({ length: Math.max(tags.length, keys.length) }, (_, i) =>
      this.#part(tags[i] ?? [], keys[i] ?? [])
    )
    const records = {
      floor: 0,
      stamps: new Map<string, Stamp>(),
      replaced: new Map<string, Stamp>()
    }
    for (const part of await Promise.all(questions)) {
      records.floor = Math.max(records.floor, part.floor)
      for (const [tag, stamp] of part.stamps) records.stamps.set(tag, stamp)
      for (const [key, stamp] of part.replaced) {
        records.replaced.set(key, Math.max(stamp, records.replaced.get(key) ?? 0))
      }
    }
    return records
  }

  async #part (tags: readonly string[], keys: readonly string[]): Promise<Answer> {
    const question = [tags.length, ...tags, ...keys]
    const { isCluster } = this.commands.connection
    const [reply, apart] = await Promise.all([
      this.#run(RECORDS, question, isCluster ? 1 : 2),
      isCluster && keys.length > 0
        ? this.commands.evaluate(REPLACED, this.keys.slice(1, 2), keys)
        : undefined
    ])
    if (!isList(reply) || !isList(reply[0])) throw unexpected('return records', reply)
    const [[clock, floor, ...scores], together, history, hasReplacements] = reply
    const [replaced, historyApart, isThere] = isList(apart)
      ? apart
      : [together, history, hasReplacements]
    if (!isList(replaced)) throw unexpected('return records', replaced)
    // If there is no floor, the records are lost; if two servers have answered, they may be. The
    // stamp's script creates a floor as of now, below the stamp it issues.
    if (isNone(clock) || isNone(floor) || history !== historyApart) {
      return { floor: (await this.stamp()).stamp, stamps: [], replaced: [] }
    }
    // A script with all keys detects this itself and raises the floor for all instances.
    if (hasReplacements === 1 && isThere !== 1) {
      return { floor: (await this.#page(REPLACED_PAGE, 0, 0)).stamp, stamps: [], replaced: [] }
    }
    return {
      floor: stampOf(floor),
      stamps: known(tags, scores),
      replaced: [...known(keys, scores.slice(tags.length)), ...known(keys, replaced)]
    }
  }

  async #stampBy (
    script: Script,
    args: (string | number)[],
    keys = this.keys.length
  ): Promise<Stamp> {
    const stamp = stampOf(await this.#run(script, args, keys))
    this.see(stamp)
    return stamp
  }

  /** @param keys number of keys passed to the script */
  #run (
    script: Script,
    args: readonly (string | number)[],
    keys = this.keys.length
  ): Promise<unknown> {
    return this.commands.evaluate(script, this.keys.slice(0, keys), [
      this.#latest,
      this.channel,
      ...args
    ])
  }
}

const endOf = (until: number) => Math.ceil(until) + CLOCK_MARGIN

interface Answer {
  readonly floor: Stamp
  readonly stamps: (readonly [tag: string, stamp: Stamp])[]
  readonly replaced: (readonly [key: string, stamp: Stamp])[]
}

/** Returns at least one part, even of no items: the floor is requested even without tags. */
function inParts (items: readonly string[], size: number): string[][] {
  return Array.from({ length: Math.max(1, Math.ceil(items.length / size)) }, (_, i) =>
    items.slice(i * size, (i + 1) * size)
  )
}

function known (
  names: readonly string[],
  scores: readonly unknown[]
): [name: string, stamp: Stamp][] {
  return names.flatMap((name, i) => (isNone(scores[i]) ? [] : [[name, stampOf(scores[i])]]))
}

const isNone = (score: unknown) => score === null || score === undefined

const isList = (reply: unknown): reply is readonly unknown[] => Array.isArray(reply)

/**
 * Rejects null, lists and empty text, which would convert to numbers: a write answered that way was
 * not done.
 */
function stampOf (reply: unknown): Stamp {
  const stamp = typeof reply === 'string' && reply !== '' ? Number(reply) : reply
  if (typeof stamp === 'number' && Number.isSafeInteger(stamp)) return stamp
  throw unexpected('return a stamp', reply)
}

const unexpected = (what: string, reply: unknown) =>
  new CacheError('WEIR_CACHE_STORE_FAILED', `${what}, but ${shown(reply)}`)
