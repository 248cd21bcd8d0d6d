import type { Delivery } from './delivery.js'
import { emit } from './events.js'
import { outlasting } from './lease.js'
import type { Rows } from './rows.js'
import { hashOf } from './tags.js'

/** Dependencies of settling. */
export interface SettlingParts {
  readonly rows: Pick<Rows, 'withHashes' | 'release'>
  readonly delivery: Pick<Delivery, 'deliver'>
  /** Length of every instance's lease, in ms. */
  readonly lease: number
}

/** Maximum number of rows read at once. */
export const LOOK = 1000

/** Requested tags by hash. */
type Asked = ReadonlyMap<string, string>

/** Promises to wait for, by the tag's hash. */
type Waits = ReadonlyMap<string, ReadonlySet<Promise<unknown>>>

/**
 * The reader's side of the protocol: waits for invalidations of others that are committed but not
 * delivered yet.
 */
export class Settling {
  readonly #parts: SettlingParts
  /** Deliveries in progress, by row: this instance delivers a row once, and waits for it once. */
  readonly #underWay = new Map<string, Promise<unknown>>()
  #latest: Promise<unknown> = Promise.resolve()
  #next: { readonly asked: Map<string, string>, readonly waits: Promise<Waits> } | undefined

  constructor (parts: SettlingParts) {
    this.#parts = parts
  }

  /**
   * Never rejects: a lease after the call, only instances that have seen every existing row trust
   * the cache, whatever answers.
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
   * One read at a time, shared by all callers that arrived before it began: later ones may need
   * rows that it does not see.
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
      // There may be more rows: deliver all requested tags, whichever instances are delivering the
      // rows that were seen.
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
