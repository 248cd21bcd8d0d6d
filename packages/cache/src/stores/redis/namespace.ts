import { setTimeout } from 'node:timers/promises'
import { type Consistency, justAbove, type Seen, type Stamp, type StoreNamespace } from '../../store.js'
import type { Commands } from './commands.js'
import { Entries } from './entries.js'
import { FillAnnouncements } from './fill-announcements.js'
import { HeardTags } from './heard-tags.js'
import { Records } from './records.js'
import type { Subscription } from './subscription.js'

export interface RedisNamespaceOptions {
  readonly commands: Commands
  readonly name: string
  readonly prefix: string
  readonly maxTags: number
  readonly lease: number
  readonly subscription: Subscription | undefined
}

/** A namespace in Redis: its entries, its records, and what this instance has heard of them. */
export class RedisNamespace implements StoreNamespace {
  readonly #entries: Entries
  readonly #records: Records
  readonly #heard: HeardTags | undefined
  readonly #lease: number

  constructor ({ commands, name, prefix, maxTags, lease, subscription }: RedisNamespaceOptions) {
    const shared = `${prefix}:{${name}}`
    this.#lease = lease
    this.#records = new Records(commands, `${shared}:tags`, `${shared}:bus`, maxTags)
    this.#heard = subscription && new HeardTags(name, subscription, `${shared}:bus`, maxTags, this.#records)
    const announcements = new FillAnnouncements(subscription, `${shared}:fills`)
    this.#entries = new Entries(commands, `${prefix}:${name}`, `${shared}:fills`, announcements, (above) => this.#fillStamp(above))
  }

  get (keys: readonly string[]) {
    return this.#entries.get(keys)
  }

  set (key: string, _stamp: Stamp, frame: Buffer, ttl: number) {
    return this.#entries.set(key, frame, ttl)
  }

  delete (key: string) {
    return this.#entries.delete(key)
  }

  claim (key: string, seen?: Seen) {
    return this.#entries.claim(key, seen)
  }

  async supersede (tag: string, tags: readonly string[], stamp: Stamp) {
    const issued = await this.#records.supersede(tag, tags, stamp)
    // The invalidation's own is just below.
    if (issued !== undefined) this.#heard?.know({ stamp: issued - 1, tags: [tag] })
    return issued
  }

  settled () {
    return this.#leasesEnd()
  }

  stamp () {
    return this.#records.stamp()
  }

  async invalidate (tags: readonly string[], consistency: Consistency = 'strict') {
    const stamp = await this.#records.invalidate(tags)
    this.#heard?.know({ stamp, tags })
    if (consistency === 'strict') await this.#leasesEnd()
    return stamp
  }

  async clear (consistency: Consistency = 'strict') {
    const stamp = await this.#records.clear()
    this.#heard?.know({ stamp, tags: [] })
    if (consistency === 'strict') await this.#leasesEnd()
    return stamp
  }

  barrier (tags: readonly string[]) {
    return this.#records.barrier(tags)
  }

  get knownSince () {
    return this.#heard?.knownSince ?? Infinity
  }

  judge (stamp: Stamp, tags: readonly string[]) {
    return this.#heard?.judge(stamp, tags)
  }

  /**
   * A fill's stamp has to be above every earlier invalidation's, or the fill is not kept, and below every later one's. Just above the
   * latest that has been seen here it is, and Redis need not be asked.
   */
  #fillStamp (above: Stamp): Stamp | Promise<Stamp> {
    const own = justAbove(this.#records.latest)
    if (this.#heard?.isCurrent === true && above <= own) return own
    this.#records.see(Math.floor(above))
    return this.stamp()
  }

  /**
   * Waits until no instance can hold a lease from before: whoever has not heard by then has nothing left to trust. A little
   * longer than a lease, for clocks that do not run quite alike; in a loop, because timers may fire early.
   */
  async #leasesEnd (): Promise<void> {
    const wait = this.#lease * 1.02 + 1
    const end = performance.now() + wait
    for (let left = wait; left > 0; left = end - performance.now()) await setTimeout(Math.ceil(left))
  }
}
