/** A version of a resource that somebody has been told of: a write's acknowledgement, or an answer to a read. */
export interface Told {
  readonly by: 'write' | 'read'
  readonly version: number
  readonly instance: string
  /** How a read was answered; empty for a write. */
  readonly cacheStatus: string
  /** On the clock of the one who was told, in ms, as all times here. */
  readonly at: number
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
}

/** A read that returned less than somebody had been told before it began. */
export interface Violation {
  readonly read: Read
  readonly told: Told
}

/**
 * Compares what reads return with what had been said before they began. A resource's version only grows, so of all that was said the
 * highest is enough: a read violates coherence if and only if it returns less.
 *
 * - An acknowledged write says its version. A lower one in a read that began later is a stale read.
 * - A read that has ended says its version. A lower one in a read that began later has gone back.
 *
 * Everything is called by one process at the moment at which it happens, so "before" needs no sorting: what was told before a read
 * began is what `told` gives then. An answer that has come but waits for its turn in this process counts as later than it was,
 * which can hide a violation and never make one up.
 */
export class Judge {
  readonly #told = new Map<number, Told>()

  /** To be called when a read begins: what it has to know. */
  told (resource: number): Told | undefined {
    return this.#told.get(resource)
  }

  /** To be called when a write is acknowledged. One that is not may be done or not, and says nothing. */
  written (resource: number, told: Omit<Told, 'by' | 'cacheStatus'>): void {
    this.#tell(resource, { by: 'write', cacheStatus: '', ...told })
  }

  /** To be called when a read has ended, with what had been told when it began. */
  read (read: Read, told: Told | undefined): Violation | undefined {
    this.#tell(read.resource, { by: 'read', version: read.version, instance: read.instance, cacheStatus: read.cacheStatus, at: read.end })
    return told !== undefined && read.version < told.version ? { read, told } : undefined
  }

  #tell (resource: number, told: Told): void {
    const before = this.#told.get(resource)
    if (before === undefined || before.version < told.version) this.#told.set(resource, told)
  }
}
