import { emit } from '../../events.js'
import type { Stamp } from '../../store.js'
import { TagTable } from '../../tag-table.js'
import type { Listener, Subscription } from './subscription.js'

/** What an invalidation says on the namespace's channel; without tags, the namespace was cleared. */
export interface Invalidation {
  readonly stamp: Stamp
  readonly tags: readonly string[]
}

/**
 * The tag records this instance has heard of. Complete for every invalidation above the floor, which is a stamp taken after
 * the subscription began: so an entry above it can be judged without asking, while the lease lasts.
 */
export class HeardTags implements Listener {
  #table = new TagTable(0, 0)
  #isComplete = false

  /** @param stamp issues a stamp: every invalidation that the subscription may have missed is below it */
  constructor (
    readonly namespace: string,
    readonly subscription: Subscription,
    channel: string,
    readonly limit: number,
    readonly stamp: () => Promise<Stamp>
  ) {
    subscription.listen(channel, this)
  }

  /** Invalidations above this stamp are known here. */
  get knownSince (): Stamp {
    return this.#isComplete ? this.#table.floor : Infinity
  }

  judge (stamp: Stamp, tags: readonly string[]): boolean | undefined {
    if (!this.#isComplete || stamp <= this.#table.floor || !this.subscription.isCoherent) return undefined
    return stamp > this.#table.barrier(tags)
  }

  subscribed (): void {
    // What is heard from here on is recorded already, and counts once it is known since when nothing has been missed.
    const table = new TagTable(0, this.limit)
    this.#table = table
    Promise.all([this.stamp(), this.subscription.prove()]).then(([stamp]) => {
      // An answer that comes after the connection was lost is about what another one has heard.
      if (table !== this.#table) return
      table.raise(stamp)
      this.#tell(true)
    }, () => {
      if (table === this.#table) this.subscription.restart()
    })
  }

  heard (message: string): void {
    const { stamp, tags } = parseInvalidation(message)
    if (tags.length === 0) this.#table.raise(stamp)
    for (const tag of tags) this.#table.record(tag, stamp)
  }

  lost (): void {
    this.#table = new TagTable(0, 0)
    this.#tell(false)
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
