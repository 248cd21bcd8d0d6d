/**
 * A version of a resource that somebody has been told of: a write's acknowledgement, or an answer
 * to a read.
 */
export interface Told {
  readonly by: 'write' | 'set' | 'read'
  readonly version: number
  readonly instance: string
  /** How a read was answered; empty for a write. */
  readonly cacheStatus: string
  /** On the clock of the one who was told, in ms, as all times here. */
  readonly at: number
  /**
   * When the invalidation or `set()` began, on the clock that all processes share. A value that was
   * put into the cache later is allowed to be older: its caller knew better. Infinity where no
   * values are put.
   */
  readonly began: number
}

export interface Read {
  readonly resource: number
  readonly version: number
  readonly instance: string
  /** Before the request was sent. */
  readonly begin: number
  /** After its answer was there. */
  readonly end: number
  readonly cacheStatus: string
  /**
   * When the value was put into the cache, on the clock that all processes share; undefined if it
   * is a fill's.
   */
  readonly setAt?: number | undefined
}

/** What is known of a write besides its version. */
interface Written {
  readonly by?: 'write' | 'set'
  readonly began?: number | undefined
}

/** A read that returned less than somebody had been told before it began. */
export interface Violation {
  readonly read: Read
  readonly told: Told
}

/**
 * What a read has to know when it begins: of all that was told, what nothing else implies. Highest
 * versions first.
 */
export type Known = readonly Told[]

// In ms: a caller may lose the processor between looking at the clock and putting the value.
const CALL_TAKES = 5
// In ms: a `set()` has ended by then, each of its commands done or given up.
const SET_TAKES = 2500

/**
 * Compares what reads return with what had been said before they began. A resource's version only
 * grows, so of all that was said the highest is enough: a read violates coherence if and only if it
 * returns less.
 *
 * - An acknowledged write says its version. A lower one in a read that began later is a stale read,
 *   also in place of an error.
 * - Where writes go through the outbox a read that has ended says its version, too. A lower one in
 *   a read that began later has gone back.
 * - A value put into the cache may be any version that its caller has. It must not be served once
 *   an invalidation is acknowledged that began after it was put. One that began before says nothing
 *   about it, so here the beginnings count as well as the versions. Of two values that are put at
 *   the same time either may stay.
 *
 * Everything is called by one process at the moment at which it happens, so "before" needs no
 * sorting: what was told before a read began is what `told` gives then. An answer that has come but
 * waits for its turn in this process counts as later than it was, which can hide a violation and
 * never make one up.
 */
export class Judge {
  readonly #known = new Map<number, Known>()

  /** To be called when a read begins: what it has to know. */
  told (resource: number): Known {
    return this.#known.get(resource) ?? []
  }

  /**
   * To be called when a write is acknowledged. One that is not may be done or not, and says
   * nothing.
   */
  written (resource: number, told: Pick<Told, 'version' | 'instance' | 'at'> & Written): void {
    this.#tell(resource, { by: 'write', ...told, cacheStatus: '', began: told.began ?? Infinity })
  }

  /** To be called when a read has ended where that tells something. True if it is news. */
  seen ({ resource, version, instance, cacheStatus, end: at }: Read): boolean {
    return this.#tell(resource, { by: 'read', version, instance, cacheStatus, at, began: Infinity })
  }

  /** To be called when a read has ended, with what had been told when it began. */
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
