/**
 * A version of a resource that has been reported: by the acknowledgement of a write, or by the
 * response to a read.
 */
export interface Told {
  readonly by: 'write' | 'set' | 'read'
  readonly version: number
  readonly instance: string
  /** Cache-Status of the read's response; empty for a write. */
  readonly cacheStatus: string
  /** Milliseconds on the clock of the receiver, like all times here. */
  readonly at: number
  /**
   * When the invalidation or `set()` began, on the clock that all processes share. A value put into
   * the cache later may be older: its caller knew better. Infinity if no values are put.
   */
  readonly began: number
}

export interface Read {
  readonly resource: number
  readonly version: number
  readonly instance: string
  /** Time before the request was sent. */
  readonly begin: number
  /** Time after its response had arrived. */
  readonly end: number
  readonly cacheStatus: string
  /**
   * When the value was put into the cache, on the clock that all processes share; undefined for the
   * value of a fill.
   */
  readonly setAt?: number | undefined
}

/** Facts about a write besides its version. */
interface Written {
  readonly by?: 'write' | 'set'
  readonly began?: number | undefined
}

/** A read that returned an older version than one reported before it began. */
export interface Violation {
  readonly read: Read
  readonly told: Told
}

/**
 * The reports that a read must not contradict, as of its beginning, without those that others
 * imply. Highest versions first.
 */
export type Known = readonly Told[]

// Milliseconds: a caller may lose the processor between reading the clock and putting the value.
const CALL_TAKES = 5
// Milliseconds: a `set()` has ended by then, each of its commands completed or given up.
const SET_TAKES = 2500

/**
 * Compares the results of reads with the versions reported before they began. A resource's version
 * only grows, so the highest reported one is enough: a read violates coherence if and only if it
 * returns a lower one.
 *
 * - An acknowledged write reports its version. A lower one in a read that began later is a stale
 *   read, even in place of an error.
 * - Where writes go through the outbox, a finished read also reports its version. A lower one in a
 *   read that began later has gone back in time.
 * - A value put into the cache may be any version that its caller has. It must not be served once
 *   an invalidation that began after it was put is acknowledged. An invalidation that began earlier
 *   implies nothing about it, so the beginnings count as well as the versions. Of two values put at
 *   the same time, either may stay.
 *
 * One process calls every method at the moment of the event, so "before" needs no sorting: the
 * reports before a read began are those that `told` returns then. A response that has arrived but
 * waits for its turn in this process counts as later than it was, which can hide a violation but
 * never invents one.
 */
export class Judge {
  readonly #known = new Map<number, Known>()

  /** Call it when a read begins: returns the reports that the read must not contradict. */
  told (resource: number): Known {
    return this.#known.get(resource) ?? []
  }

  /**
   * Call it when a write is acknowledged. An unacknowledged write may be applied or not, and
   * implies nothing.
   */
  written (resource: number, told: Pick<Told, 'version' | 'instance' | 'at'> & Written): void {
    this.#tell(resource, { by: 'write', ...told, cacheStatus: '', began: told.began ?? Infinity })
  }

  /**
   * Call it when a read has ended, if reads count as reports. Returns whether the version is new.
   */
  seen ({ resource, version, instance, cacheStatus, end: at }: Read): boolean {
    return this.#tell(resource, { by: 'read', version, instance, cacheStatus, at, began: Infinity })
  }

  /** Call it when a read has ended, with the reports as of its beginning. */
  read (read: Read, known: Known): Violation | undefined {
    const told = known.find(
      ({ by, version, began }) =>
        read.version < version &&
        (read.setAt ?? -Infinity) + (by === 'set' ? SET_TAKES : CALL_TAKES) < began
    )
    return told && { read, told }
  }

  #tell (resource: number, told: Told): boolean {
    const known = this.told(resource)
    const isImplied = (one: Told, by: Told) =>
      by.version >= one.version && by.began >= one.began && (by.by !== 'set' || one.by === 'set')
    if (known.some((other) => isImplied(told, other))) return false
    const others = known.filter((other) => !isImplied(other, told))
    this.#known.set(resource, [...others, told].sort((a, b) => b.version - a.version))
    return true
  }
}
