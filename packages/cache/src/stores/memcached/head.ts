import { isValid, mayReplace, type TagRecords } from '../../rule-v.js'
import { type Judged, nextStamp, type Stamp } from '../../validity.js'
import { digestOf } from './servers.js'

/**
 * A change of a namespace's records. `at` is the clock when it was made: later changes have a later
 * one.
 */
export interface Change {
  readonly at: Stamp
  readonly name: string
  /** Set for a replaced key. Absent: `name` is a tag, invalidated at `at`. */
  readonly replaced?: { readonly stamp: Stamp, readonly until: number }
}

// Changes with every change of the format: an item of another version counts as lost.
const VERSION = 1
// Maximum length of record names.
const LONGEST_NAME = 64
// Maximum difference between clocks in milliseconds: entries expire by their instance's clock,
// records by another's.
const CLOCK_MARGIN = 10_000
/** Size of a head in bytes beyond which the older half of its changes moves to a segment. */
export const HEAD_BYTES = 8192

/**
 * Returns the name of a tag or key in a record.
 *
 * Long names are hashed: if two collide, each also ends the entries of the other, and never fewer.
 */
export const recordName = (name: string): string =>
  name.length <= LONGEST_NAME ? name : digestOf(name)

/**
 * A namespace's head: the item that orders everything else.
 *
 * It holds the clock, the floor and the latest changes; those up to `trimmed` are in other items,
 * the segments. It is read, changed here, and written back if it has not changed meanwhile.
 */
export class Head {
  readonly #changes = new Map<string, Change>()
  #lastAt: Stamp = 0
  #isChanged = false

  /**
   * @param epoch identifies the time from one loss of the head to the next
   * @param beginning the clock at the start of the epoch, below all its stamps
   * @param clock the last stamp issued
   */
  private constructor (
    readonly epoch: string, readonly beginning: Stamp,
    public clock: Stamp, public floor: Stamp, public trimmed: Stamp, changes: readonly Change[]
  ) {
    for (const change of changes) this.#keep(change)
  }

  /**
   * Creates the head of a namespace without one: everything up to now, and up to `known`, is
   * invalid.
   */
  static begin (epoch: string, known: Stamp): Head {
    const now = Math.max(nextStamp(Math.floor(known) + 1), (Date.now() + 1) * 1000)
    const head = new Head(epoch, now, now, now, now, [])
    head.#isChanged = true
    return head
  }

  /** Decodes a head; undefined for anything else. */
  static decode (bytes: Buffer): Head | undefined {
    const list = parsed(bytes)
    if (!isList(list)) return undefined
    const [version, epoch, beginning, clock, floor, trimmed, changes] = list
    const known = changesOf(changes)
    if (version !== VERSION || typeof epoch !== 'string' || known === undefined) return undefined
    if (!isStamp(beginning) || !isStamp(clock) || !isStamp(floor) || !isStamp(trimmed)) {
      return undefined
    }
    return new Head(epoch, beginning, clock, floor, trimmed, known)
  }

  get isChanged (): boolean {
    return this.#isChanged
  }

  /** Changes in the order in which they were made. */
  get changes (): Iterable<Change> {
    return this.#changes.values()
  }

  /** The clock of the last change, or a later one. */
  get changedAt (): Stamp {
    return Math.max(this.floor, this.trimmed, this.#lastAt)
  }

  /** @param above lower bound for the stamp, exclusive */
  tick (above: Stamp = 0): Stamp {
    this.#isChanged = true
    this.clock = nextStamp(Math.max(this.clock, Math.floor(above)))
    return this.clock
  }

  /** Invalidates everything up to `stamp`. */
  raise (stamp: Stamp): void {
    this.#isChanged = true
    this.floor = Math.max(this.floor, stamp)
    this.clock = Math.max(this.clock, this.floor)
    for (const [id, { at }] of this.#changes) if (at <= this.floor) this.#changes.delete(id)
  }

  invalidate (tags: readonly string[]): Stamp {
    const at = this.tick()
    for (const tag of tags) this.#keep({ at, name: recordName(tag) })
    return at
  }

  replaced (key: string, stamp: Stamp, until: number, at = this.tick()): void {
    this.#keep({ at, name: recordName(key), replaced: { stamp, until: until + CLOCK_MARGIN } })
  }

  /** See `Validity.replace`. */
  replace (entry: Judged, until: number, known: TagRecords): Stamp | undefined {
    if (!mayReplace(entry, until, this.#over(known))) return undefined
    const stamp = this.tick()
    this.replaced(entry.key, stamp, until, stamp)
    return this.tick()
  }

  /** See `Validity.stampIfValid`. */
  stampIfValid (entry: Judged, known: TagRecords): Stamp | undefined {
    return isValid(entry, this.#over(known)) ? this.tick() : undefined
  }

  /**
   * Removes the older half of the changes made up to `upTo`.
   * @returns the removed changes; they end at `trimmed`, and begin where the previous ones ended
   */
  trim (upTo: Stamp): Change[] {
    const taken: Change[] = []
    let bytes = this.encode().length
    for (const [id, change] of this.#changes) {
      if (change.at > upTo || bytes <= HEAD_BYTES / 2) break
      bytes -= Buffer.byteLength(JSON.stringify(listOf(change))) + 1
      this.#changes.delete(id)
      this.trimmed = Math.max(this.trimmed, change.at)
      taken.push(change)
    }
    return taken
  }

  encode (): Buffer {
    const { epoch, beginning, clock, floor, trimmed } = this
    const changes = [...this.#changes.values()].map(listOf)
    return Buffer.from(JSON.stringify([VERSION, epoch, beginning, clock, floor, trimmed, changes]))
  }

  /** Keeps only the last change of each name: it covers the earlier ones. */
  #keep (change: Change): void {
    const id = idOf(change)
    const before = this.#changes.get(id)?.replaced
    this.#lastAt = Math.max(this.#lastAt, change.at)
    this.#changes.delete(id)
    const { replaced } = change
    this.#changes.set(
      id,
      replaced && before ? { ...change, replaced: latest(before, replaced) } : change
    )
  }

  /** Combines the records known up to this head with the changes made since it was read. */
  #over (known: TagRecords): TagRecords {
    const changes = this.#changes
    return {
      floor: Math.max(known.floor, this.floor),
      stamps: {
        size: known.stamps.size + changes.size,
        get: (tag) =>
          higher(known.stamps.get(tag), changes.get(idOf({ name: recordName(tag) }))?.at)
      },
      replaced: {
        size: known.replaced.size + changes.size,
        get: (key) => {
          const change = changes.get(idOf({ name: recordName(key), replaced: true }))
          return higher(known.replaced.get(key), change?.replaced?.stamp)
        }
      }
    }
  }
}

type Replaced = NonNullable<Change['replaced']>

const idOf = ({ name, replaced }: { readonly name: string, readonly replaced?: unknown }) =>
  `${replaced === undefined ? 't' : 'k'}${name}`

const latest = (a: Replaced, b: Replaced): Replaced =>
  ({ stamp: Math.max(a.stamp, b.stamp), until: Math.max(a.until, b.until) })

const higher = (a: Stamp | undefined, b: Stamp | undefined) =>
  a === undefined || b === undefined ? a ?? b : Math.max(a, b)

export const listOf = ({ at, name, replaced }: Change) =>
  replaced === undefined ? [at, name] : [at, name, replaced.stamp, endOf(replaced.until)]

/** Parses a list of changes; undefined if one is unreadable, because it would be lost. */
export function changesOf (list: unknown): readonly Change[] | undefined {
  const changes = isList(list) ? list.map(changeOf) : [undefined]
  return changes.every((change) => change !== undefined) ? changes : undefined
}

function changeOf (list: unknown): Change | undefined {
  const [at, name, stamp, until] = isList(list) ? list : []
  if (!isStamp(at) || typeof name !== 'string') return undefined
  if (!isStamp(stamp)) return { at, name }
  return { at, name, replaced: { stamp, until: typeof until === 'number' ? until : Infinity } }
}

const endOf = (until: number): number | null => Number.isFinite(until) ? Math.ceil(until) : null

export const isStamp = (value: unknown): value is Stamp =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0

export const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)

export function parsed (bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}
