import { emit } from '../../events.js'
import { isValid } from '../../rule-v.js'
import type { Judged, Stamp } from '../../validity.js'
import { TagTable } from '../../tag-table.js'
import type { AllRecords, Records } from './records.js'
import type { Listener, Subscription } from './subscription.js'

/** What an invalidation says on the namespace's channel; without tags, the namespace was cleared. */
export interface Invalidation {
  readonly stamp: Stamp
  readonly tags: readonly string[]
}

/**
 * The namespace's records as this instance knows them: all there were when the subscription began, and what it has heard since. So
 * entries can be judged without asking, while the lease lasts.
 */
export class TagMirror implements Listener {
  #table = new TagTable(0, 0)
  #isComplete = false
  /** What is heard while the records are read. */
  #meanwhile: Invalidation[] = []

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

  /** Whether every invalidation is known here that was published a lease ago or earlier. */
  get isCurrent (): boolean {
    return this.#isComplete && this.subscription.isCoherent
  }

  /** Rule V from what is known here, for certain; undefined where the store has to be asked. */
  isValid (entry: Judged): boolean | undefined {
    if ((entry.validatedAt ?? entry.stamp) <= this.#table.floor || !this.isCurrent) return undefined
    return isValid(entry, this.#table)
  }

  subscribed (): void {
    const meanwhile: Invalidation[] = []
    this.#meanwhile = meanwhile
    // The records may be many: of who cannot vouch for them they are not asked.
    this.subscription.prove().then(() => this.records.all()).then((records) => {
      // An answer that comes after the connection was lost is about what another one has heard.
      if (meanwhile !== this.#meanwhile) return
      this.#begin(records, meanwhile)
    }, () => {
      if (meanwhile === this.#meanwhile) this.subscription.restart()
    })
  }

  heard (message: string): void {
    this.know(parseInvalidation(message))
  }

  /** Also before it is heard, where it is from this instance. */
  know (invalidation: Invalidation): void {
    if (this.#isComplete) this.#apply(invalidation)
    else this.#meanwhile.push(invalidation)
  }

  lost (): void {
    this.#table = new TagTable(0, 0)
    this.#meanwhile = []
    this.#tell(false)
  }

  #begin ({ floor, tags }: AllRecords, meanwhile: readonly Invalidation[]): void {
    this.#table = new TagTable(floor, this.limit)
    for (const [tag, stamp] of tags) this.#table.record(tag, stamp)
    for (const invalidation of meanwhile) this.#apply(invalidation)
    this.#meanwhile = []
    this.#tell(true)
  }

  #apply ({ stamp, tags }: Invalidation): void {
    this.records.see(stamp)
    if (tags.length === 0) this.#table.raise(stamp)
    for (const tag of tags) this.#table.record(tag, stamp)
  }

  #tell (complete: boolean): void {
    this.#isComplete = complete
    emit('weir:cache:listen', () => ({ namespace: this.namespace, complete }))
  }
}

/** As the script publishes it: the stamp and the tags, of which none has a line feed. */
function parseInvalidation (message: string): Invalidation {
  const [stamp = '', ...tags] = message.split('\n')
  return { stamp: Number(stamp), tags }
}
