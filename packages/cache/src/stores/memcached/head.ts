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
  /** Of a key that was replaced. Absent: `name` is a tag, invalidated at `at`. */
  readonly replaced?: { readonly stamp: Stamp, readonly until: number }
}

// Changes with any change of what is written: an item of another version is taken for lost.
const VERSION = 1
// Names of records are no longer than that.
const LONGEST_NAME = 64
// Entries end by the clocks of instances, records by that of another. Milliseconds by which they
// may differ.
const CLOCK_MARGIN = 10_000
/** Bytes of a head beyond which the older half of its changes goes into a segment. */
export const HEAD_BYTES = 8192

/**
 * The name of a tag or a key in a record. Long ones are hashed: should two have the same, each also
 * ends what the other does, and nothing less.
 */
export const recordName = (name: string): string =>
  name.length <= LONGEST_NAME ? name : digestOf(name)

/**
 * A namespace's head: the item by which everything is ordered. It has the clock, the floor and the
 * last changes; those up to `trimmed` are in other items, the segments. It is read, changed here,
 * and written in place of what was read.
 */
export class Head {
  readonly #changes = new Map<string, Change>()
  #lastAt: Stamp = 0
  #isChanged = false

  /**
   * @param epoch names the time from one loss of the head to the next
   * @param beginning the clock at the start of the epoch, below all of its stamps
   * @param clock the last stamp that was issued
   */
  private constructor (
    readonly epoch: string, readonly beginning: Stamp,
    public clock: Stamp, public floor: Stamp, public trimmed: Stamp, changes: readonly Change[]
  ) {
    for (const change of changes) this.#keep(change)
  }

  /** The head of a namespace that has none: everything up to now is invalid, and up to `known`. */
  static begin (epoch: string, known: Stamp): Head {
    const now = Math.max(nextStamp(Math.floor(known) + 1), (Date.now() + 1) * 1000)
    const head = new Head(epoch, now, now, now, now, [])
    head.#isChanged = true
    return head
  }

  /** Undefined if it is none. */
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

  /** In the order in which they were made. */
  get changes (): Iterable<Change> {
    return this.#changes.values()
  }

  /** The clock of the last change, or of one that is not below it. */
  get changedAt (): Stamp {
    return Math.max(this.floor, this.trimmed, this.#lastAt)
  }

  /** @param above the stamp is above this one, too */
  tick (above: Stamp = 0): Stamp {
    this.#isChanged = true
    this.clock = nextStamp(Math.max(this.clock, Math.floor(above)))
    return this.clock
  }

  /** Everything up to `stamp` is invalid from now on. */
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
   * Takes the older half out of the changes that were made up to `upTo`.
   * @returns them; they end at `trimmed`, and begin where those before ended
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

  /** The last one of each name takes the place of those before: it ends what they do. */
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

  /** What is known of the records up to this head, and what was changed since it was read. */
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

/** Undefined if one of them is none: a change that cannot be read is one that is lost. */
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
