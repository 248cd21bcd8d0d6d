import type { Script } from '@weir/internal'
import { keyTag } from '../../entry.js'
import { CacheError, shown } from '../../errors.js'
import type { TagRecords } from '../../rule-v.js'
import type { Judged, Stamp } from '../../validity.js'
import { Batch } from './batch.js'
import type { Commands } from './commands.js'
import { CLEAR, INVALIDATE, MARK, PAGE, RECORDS, STAMP, SUPERSEDE } from './scripts.js'

/** All records of a namespace: `tags` ascending by stamp, those above the floor. */
export interface AllRecords {
  readonly floor: Stamp
  readonly tags: readonly (readonly [tag: string, stamp: Stamp])[]
}

interface SomeRecords extends TagRecords {
  readonly stamps: ReadonlyMap<string, Stamp>
}

// Others wait while a script runs, and Lua takes no more than some 8,000 arguments at once.
const INVALIDATED_AT_ONCE = 200
const READ_AT_ONCE = 1000

/** A namespace's clock, floor and tag records in Redis. */
export class Records {
  readonly #asked = new Batch((tags) => this.#some(tags))
  #latest: Stamp = 0

  constructor (readonly commands: Commands, readonly key: string, readonly channel: string, readonly maxTags: number) {}

  /** The latest stamp that was seen here. Whatever happens to Redis' clock, none that is issued to this instance is lower. */
  get latest (): Stamp {
    return this.#latest
  }

  see (stamp: Stamp): void {
    this.#latest = Math.max(this.#latest, stamp)
  }

  async stamp (): Promise<Stamp> {
    return this.#stampBy(STAMP, [])
  }

  /** In parts; the whole is done when the last one is. */
  async invalidate (tags: readonly string[]): Promise<Stamp> {
    const parts = inParts(tags, INVALIDATED_AT_ONCE).map((part) => this.#stampBy(INVALIDATE, [this.channel, this.maxTags, ...part]))
    return Math.max(...await Promise.all(parts))
  }

  async clear (): Promise<Stamp> {
    return this.#stampBy(CLEAR, [this.channel])
  }

  async replace ({ key, tags, stamp }: Judged): Promise<Stamp | undefined> {
    const issued = stampOf(await this.#run(SUPERSEDE, [this.channel, stamp, keyTag(key), ...tags]))
    this.see(issued)
    return issued === 0 ? undefined : issued
  }

  /** The records that judge these tags. Many readers in one turn of the event loop cost one command. */
  of (tags: readonly string[]): Promise<TagRecords> {
    return this.#asked.add(tags)
  }

  /**
   * Page by page, so that nobody waits long for a command. A record that changes meanwhile may be read as it was before or after; the floor
   * is that of the last page, so that it covers what was pruned since the first.
   */
  async all (): Promise<AllRecords> {
    const stamps = new Map<string, Stamp>()
    for (let from: Stamp = 0; ;) {
      const reply = await this.#run(PAGE, [from, READ_AT_ONCE])
      if (!Array.isArray(reply)) throw unexpected('give records', reply)
      const [stamp, floor, ...page] = reply.map(String)
      this.see(stampOf(stamp))
      let last = from
      for (let i = 0; i + 1 < page.length; i += 2) {
        const [tag = '', score] = [page[i], page[i + 1]]
        last = stampOf(score)
        // What is read again is later in order, too.
        stamps.delete(tag)
        if (!tag.startsWith(MARK)) stamps.set(tag, last)
      }
      // Fewer than were asked for are the last. A page begins where the one before ended: others may have the same stamp.
      if (page.length < 2 * READ_AT_ONCE) return { floor: stampOf(floor), tags: [...stamps] }
      from = last
    }
  }

  async #some (tags: readonly string[]): Promise<SomeRecords> {
    const parts = await Promise.all(inParts(tags, READ_AT_ONCE).map((part) => this.#part(part)))
    const stamps = new Map<string, Stamp>()
    for (const part of parts) for (const [tag, stamp] of part.stamps) stamps.set(tag, stamp)
    return { floor: Math.max(...parts.map(({ floor }) => floor)), stamps, replaced: NONE }
  }

  async #part (tags: readonly string[]): Promise<SomeRecords> {
    const reply = await this.#run(RECORDS, tags)
    if (!isScores(reply)) throw unexpected('give records', reply)
    const [clock, floor, ...scores] = reply
    // No floor: the records are lost. The stamp's script makes a new one, as of now, below the stamp it issues.
    if (clock === null || floor === null) return { floor: await this.stamp(), stamps: NONE, replaced: NONE }
    const stamps = new Map<string, Stamp>()
    tags.forEach((tag, i) => {
      const score = scores[i]
      if (score !== null) stamps.set(tag, stampOf(score))
    })
    return { floor: stampOf(floor), stamps, replaced: NONE }
  }

  async #stampBy (script: Script, args: (string | number)[]): Promise<Stamp> {
    const stamp = stampOf(await this.#run(script, args))
    this.see(stamp)
    return stamp
  }

  #run (script: Script, args: readonly (string | number)[]): Promise<unknown> {
    return this.commands.evaluate(script, [this.key], [this.#latest, ...args])
  }
}

/** At least one part, also of nothing: the floor is asked for without tags too. */
function inParts (tags: readonly string[], size: number): string[][] {
  return Array.from({ length: Math.max(1, Math.ceil(tags.length / size)) }, (_, i) => tags.slice(i * size, (i + 1) * size))
}

const NONE: ReadonlyMap<string, Stamp> = new Map()

const isScores = (reply: unknown): reply is readonly unknown[] => Array.isArray(reply)

function stampOf (reply: unknown): Stamp {
  const stamp = Number(reply)
  if (Number.isSafeInteger(stamp)) return stamp
  throw unexpected('give a stamp', reply)
}

const unexpected = (what: string, reply: unknown) => new CacheError('WEIR_CACHE_STORE_FAILED', `${what}, but ${shown(reply)}`)
