import { emit } from '../../events.js'
import { isValid } from '../../rule-v.js'
import { TagTable } from '../../tag-table.js'
import type { Judged, Stamp } from '../../validity.js'
import { applyTo, type Change } from '../change.js'
import { parseChange } from './changes.js'
import type { Records } from './records.js'
import type { Listener, Subscription } from './subscription.js'

/**
 * The namespace's records as known to this instance: those that existed when the subscription
 * began, and all received since. With them entries can be checked without asking, while the lease
 * lasts.
 */
export class TagMirror implements Listener {
  #table = new TagTable(0, 0)
  #isComplete = false
  /**
   * Changes received while the records are read; undefined otherwise. The records that are read
   * include all earlier changes.
   */
  #meanwhile: Change[] | undefined

  constructor (
    readonly namespace: string,
    readonly subscription: Subscription,
    channel: string,
    readonly limit: number,
    readonly records: Records
  ) {
    subscription.listen(channel, this)
  }

  /** Invalidations above this stamp are known here. */
  get completeFrom (): Stamp {
    return this.#isComplete ? this.#table.floor : Infinity
  }

  /** Whether every change published at least one lease ago is known here. */
  get isCurrent (): boolean {
    return this.#isComplete && this.subscription.isCoherent()
  }

  /** Applies Rule V if the known records are conclusive; undefined if the store has to be asked. */
  isValid (entry: Judged): boolean | undefined {
    if ((entry.validatedAt ?? entry.stamp) <= this.#table.floor || !this.isCurrent) return undefined
    return isValid(entry, this.#table)
  }

  subscribed (): void {
    const meanwhile: Change[] = []
    this.#meanwhile = meanwhile
    // An answer that arrives after the connection was lost belongs to the records of an earlier
    // one.
    const isSame = () => meanwhile === this.#meanwhile
    this.#read(isSame).then((table) => {
      if (table !== undefined && isSame()) this.#begin(table, meanwhile)
    }, () => {
      if (isSame()) this.subscription.restart()
    })
  }

  heard (message: string): void {
    const change = parseChange(message)
    // The message may have been an invalidation: the known records are no longer complete.
    if (change === undefined) this.subscription.restart()
    else this.know(change)
  }

  /** Applies a change, including one of this instance before its message arrives. */
  know (change: Change): void {
    if (this.#isComplete) this.#apply(change)
    else this.#meanwhile?.push(change)
  }

  lost (): void {
    this.#table = new TagTable(0, 0)
    this.#meanwhile = undefined
    this.#tell(false)
  }

  /** There may be many records: do not read them from a server that cannot vouch for them. */
  async #read (isWanted: () => boolean): Promise<TagTable | undefined> {
    await this.subscription.prove()
    const table = new TagTable(0, this.limit)
    let last: Stamp = 0
    for await (const { floor, tags, replaced } of this.records.all()) {
      if (!isWanted()) return undefined
      last = floor
      for (const [tag, stamp] of tags) table.record(tag, stamp)
      // The expiry is unknown, so the records stay until there are too many.
      for (const [key, stamp] of replaced) table.replace(key, stamp, Number.MAX_SAFE_INTEGER)
    }
    table.raise(last)
    return table
  }

  #begin (table: TagTable, meanwhile: readonly Change[]): void {
    this.#table = table
    for (const change of meanwhile) this.#apply(change)
    this.#meanwhile = undefined
    this.#tell(true)
  }

  #apply (change: Change): void {
    this.records.see(change.stamp)
    applyTo(this.#table, change)
  }

  #tell (complete: boolean): void {
    this.#isComplete = complete
    emit('weir:cache:listen', () => ({ namespace: this.namespace, complete }))
  }
}
