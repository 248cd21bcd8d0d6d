import { emit } from '../../events.js'
import { isValid } from '../../rule-v.js'
import { TagTable } from '../../tag-table.js'
import type { Judged, Stamp } from '../../validity.js'
import { applyTo, type Change } from '../change.js'
import { parseChange } from './changes.js'
import type { Records } from './records.js'
import type { Listener, Subscription } from './subscription.js'

/**
 * The namespace's records as this instance knows them: all there were when the subscription began,
 * and what it has heard since. So entries can be judged without asking, while the lease lasts.
 */
export class TagMirror implements Listener {
  #table = new TagTable(0, 0)
  #isComplete = false
  /**
   * Changes heard while the records are read; undefined while they are not: those that are read
   * have all before.
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

  /** Whether every change is known here that was published a lease ago or earlier. */
  get isCurrent (): boolean {
    return this.#isComplete && this.subscription.isCoherent()
  }

  /** Rule V from what is known here, for certain; undefined where the store has to be asked. */
  isValid (entry: Judged): boolean | undefined {
    if ((entry.validatedAt ?? entry.stamp) <= this.#table.floor || !this.isCurrent) return undefined
    return isValid(entry, this.#table)
  }

  subscribed (): void {
    const meanwhile: Change[] = []
    this.#meanwhile = meanwhile
    // An answer that comes after the connection was lost is about what another one has heard.
    const isSame = () => meanwhile === this.#meanwhile
    this.#read(isSame).then((table) => {
      if (table !== undefined && isSame()) this.#begin(table, meanwhile)
    }, () => {
      if (isSame()) this.subscription.restart()
    })
  }

  heard (message: string): void {
    const change = parseChange(message)
    // It may have been an invalidation: what is known here is not complete any more.
    if (change === undefined) this.subscription.restart()
    else this.know(change)
  }

  /** Also before it is heard, where it is from this instance. */
  know (change: Change): void {
    if (this.#isComplete) this.#apply(change)
    else this.#meanwhile?.push(change)
  }

  lost (): void {
    this.#table = new TagTable(0, 0)
    this.#meanwhile = undefined
    this.#tell(false)
  }

  /** The records may be many: a server that cannot vouch for them is not asked. */
  async #read (isWanted: () => boolean): Promise<TagTable | undefined> {
    await this.subscription.prove()
    const table = new TagTable(0, this.limit)
    let last: Stamp = 0
    for await (const { floor, tags, replaced } of this.records.all()) {
      if (!isWanted()) return undefined
      last = floor
      for (const [tag, stamp] of tags) table.record(tag, stamp)
      // Without their end they stay until they are too many.
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
