import type { Delivery } from './delivery.js'
import { emit } from './events.js'
import { outlasting } from './lease.js'
import type { Rows } from './rows.js'
import { hashOf } from './tags.js'

/** What settling works with. */
export interface SettlingParts {
  readonly rows: Pick<Rows, 'withHashes' | 'release'>
  readonly delivery: Pick<Delivery, 'deliver'>
  /** How long every instance's lease is, in ms. */
  readonly lease: number
}

/** Rows that one look reads at most. */
export const LOOK = 1000

/** Tags that are asked about, by their hashes. */
type Asked = ReadonlyMap<string, string>

/** What to wait for, by the hash of the tag. */
type Waits = ReadonlyMap<string, ReadonlySet<Promise<unknown>>>

/**
 * The reader's side of the protocol: waits for what others have committed and not delivered yet.
 */
export class Settling {
  readonly #parts: SettlingParts
  /** Deliveries under way, by row: a row is delivered from here once, and waited for once. */
  readonly #underWay = new Map<string, Promise<unknown>>()
  #latest: Promise<unknown> = Promise.resolve()
  #next: { readonly asked: Map<string, string>, readonly waits: Promise<Waits> } | undefined

  constructor (parts: SettlingParts) {
    this.#parts = parts
  }

  /**
   * Does not fail: a lease after the call nobody trusts the cache who has not seen every row there
   * was, whoever answers.
   */
  async settle (tags: readonly string[]): Promise<void> {
    if (tags.length === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, outlasting(this.#parts.lease))
      this.#known(tags).then(() => {
        clearTimeout(timer)
        resolve()
      }, (error: unknown) => { emit('weir:outbox:error', { operation: 'read', error }) })
    })
  }

  async #known (tags: readonly string[]): Promise<void> {
    const asked = new Map(tags.map((tag) => [hashOf(tag), tag]))
    const waits = await this.#look(asked)
    await Promise.all([...asked.keys()].flatMap((hash) => [...waits.get(hash) ?? []]))
  }

  /**
   * One look at a time, shared by all who asked before it began: later ones may be about rows that
   * it does not see.
   */
  #look (asked: Asked): Promise<Waits> {
    if (this.#next === undefined) {
      const all = new Map<string, string>()
      const look = () => {
        this.#next = undefined
        return this.#read(all)
      }
      const waits = this.#latest.then(look, look)
      this.#latest = waits
      this.#next = { asked: all, waits }
    }
    for (const [hash, tag] of asked) this.#next.asked.set(hash, tag)
    return this.#next.waits
  }

  async #read (asked: Asked): Promise<Waits> {
    const rows = await this.#parts.rows.withHashes([...asked.keys()], LOOK)
    if (rows.length === LOOK) {
      // There may be more: all that was asked about is delivered anew, whoever is at the rows that
      // were seen.
      const all = new Set([this.#parts.delivery.deliver({ tags: [...asked.values()], ids: [] })])
      return new Map([...asked.keys()].map((hash) => [hash, all]))
    }
    this.#deliver(asked, rows.filter(({ id }) => !this.#underWay.has(id)))
    const waits = new Map<string, Set<Promise<unknown>>>()
    for (const { id, hash } of rows) {
      const known = this.#underWay.get(id)
      if (hash === null || known === undefined) continue
      waits.set(hash, (waits.get(hash) ?? new Set()).add(known))
    }
    return waits
  }

  #deliver (asked: Asked, rows: Awaited<ReturnType<Rows['withHashes']>>): void {
    const tags = new Set<string>()
    for (const { hash } of rows) {
      const tag = hash === null ? undefined : asked.get(hash)
      if (tag !== undefined) tags.add(tag)
    }
    const ids = rows.map(({ id }) => id)
    const known = this.#parts.delivery.deliver({ tags: [...tags], ids })
    for (const id of ids) this.#underWay.set(id, known)
    known.then(async (outcome) => {
      if (outcome === 'queued') await this.#parts.rows.release(ids)
      for (const id of ids) this.#underWay.delete(id)
    }).catch(() => {})
  }
}
