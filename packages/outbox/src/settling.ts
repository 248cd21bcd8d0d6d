import type { Delivery, Ticket } from './delivery.js'
import { emit } from './events.js'
import { outlasting } from './lease.js'
import type { Row, Rows } from './rows.js'
import { readTags } from './tags.js'

/** What settling works with. */
export interface SettlingParts {
  readonly rows: Pick<Rows, 'all'>
  readonly delivery: Pick<Delivery, 'deliver'>
  /** How long every instance's lease is, in ms. */
  readonly lease: number
}

/** A row of the table, and its delivery from here, if there was reason for one. */
interface Pending extends Ticket {
  known: Promise<unknown> | undefined
}

/** The reader's side of the protocol: waits for what others have committed and not delivered yet. */
export class Settling {
  readonly #parts: SettlingParts
  /** What the latest look found. A row that nobody could deliver stays for as long as that lasts, but is waited for once. */
  #pending = new Map<string, Pending>()
  #latest: Promise<unknown> = Promise.resolve()
  #next: Promise<readonly Pending[]> | undefined

  constructor (parts: SettlingParts) {
    this.#parts = parts
  }

  /** Does not fail: a lease after the call nobody trusts the cache who has not seen every row there was, whoever answers. */
  async settle (tags: readonly string[]): Promise<void> {
    if (tags.length === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, outlasting(this.#parts.lease))
      this.#known(new Set(tags)).then(() => {
        clearTimeout(timer)
        resolve()
      }, (error: unknown) => { emit('weir:outbox:error', { operation: 'read', error }) })
    })
  }

  async #known (tags: ReadonlySet<string>): Promise<void> {
    const waits: Promise<unknown>[] = []
    for (const row of await this.#look()) {
      if (row.tags.some((tag) => tags.has(tag))) waits.push(row.known ??= this.#parts.delivery.deliver(row))
    }
    await Promise.all(waits)
  }

  /** One look at a time, shared by all who asked before it began: later ones may be about rows that it does not see. */
  #look (): Promise<readonly Pending[]> {
    if (this.#next === undefined) {
      const look = async () => {
        this.#next = undefined
        return this.#read(await this.#parts.rows.all())
      }
      this.#latest = this.#next = this.#latest.then(look, look)
    }
    return this.#next
  }

  #read (rows: readonly Row[]): readonly Pending[] {
    // A row that is no list of tags was not written here; the relay tells of it.
    this.#pending = new Map(rows.map(({ id, tags }) => [id, this.#pending.get(id) ?? { id, tags: readTags(tags) ?? [], known: undefined }]))
    return [...this.#pending.values()]
  }
}
