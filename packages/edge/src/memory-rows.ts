import { EVERYTHING } from './headers.js'
import { gone, type DeadLetter, type EdgeRow, type Rows } from './rows.js'

/** Waiting rows; more of them are replaced by one that purges everything. */
const MOST_ROWS = 50_000
/** Dead letters; further ones take the place of the oldest. */
const MOST_LETTERS = 10_000

/** The rows of one destination in this process's memory, for an application without an outbox. */
export class MemoryRows implements Rows {
  readonly #destination: string
  readonly #rows = new Map<string, EdgeRow>()
  readonly #again = new Map<string, { readonly row: EdgeRow, readonly due: number }>()
  readonly #letters = new Map<string, DeadLetter>()
  #count = 0
  /** Row that purges everything, in place of all rows with a lower id. */
  #everything: string | undefined

  constructor (destination: string) {
    this.#destination = destination
  }

  /** Adds a row for each tag; returns their ids. */
  add (tags: readonly string[]): string[] {
    const now = new Date().toISOString()
    const added = tags.map((tag): EdgeRow => ({ id: this.#newId(), tag, created: now }))
    if (this.#rows.size + added.length <= MOST_ROWS) {
      for (const row of added) this.#rows.set(row.id, row)
    } else {
      const [oldest] = this.#rows.values()
      this.#everything = this.#newId()
      this.#rows.clear()
      this.#rows.set(this.#everything, {
        id: this.#everything, tag: EVERYTHING, created: oldest?.created ?? now
      })
    }
    return added.map(({ id }) => id)
  }

  async page (after: string, limit: number): Promise<EdgeRow[]> {
    const page: EdgeRow[] = []
    // Ids increase, except those of letters that were put back.
    for (const row of [...this.#rows.values()].sort(byId)) {
      if (row.id > after && page.length < limit) page.push(row)
    }
    return page
  }

  async due (limit: number): Promise<EdgeRow[]> {
    const now = performance.now()
    const due = [...this.#again.values()].filter((one) => one.due <= now)
    return due.slice(0, limit).map(({ row }) => row)
  }

  async finish (rows: readonly EdgeRow[], again: number | undefined): Promise<void> {
    if (again !== undefined) {
      const due = performance.now() + again
      for (const tag of new Set(rows.map(({ tag }) => tag))) {
        const row = { id: this.#newId(), tag, created: '' }
        this.#again.set(row.id, { row, due })
      }
    }
    for (const { id } of rows) this.#rows.delete(id)
  }

  async finishAgain (rows: readonly EdgeRow[]): Promise<void> {
    for (const { id } of rows) this.#again.delete(id)
  }

  async hasAny (ids: readonly string[]): Promise<boolean> {
    const end = this.#everything
    const isWaiting = end !== undefined && this.#rows.has(end)
    return ids.some((id) => this.#rows.has(id) || (isWaiting && id < end))
  }

  async bury (rows: readonly EdgeRow[], error: string): Promise<void> {
    for (const row of rows) {
      this.#addLetter(row, error)
      this.#rows.delete(row.id)
      this.#again.delete(row.id)
    }
  }

  async dead (limit: number, ids?: readonly string[]): Promise<DeadLetter[]> {
    const letters = [...this.#letters.values()]
    const wanted = ids === undefined ? letters : letters.filter(({ id }) => ids.includes(id))
    return wanted.slice(0, limit)
  }

  async revive (ids: readonly string[]): Promise<void> {
    const letters = ids.flatMap((id) => this.#letters.get(id) ?? [])
    if (letters.length !== ids.length) throw gone()
    for (const { id, tag, died } of letters) {
      this.#letters.delete(id)
      this.#rows.set(id, { id, tag, created: died })
    }
  }

  async discard (ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#letters.delete(id)
  }

  async backlog () {
    let oldest: string | undefined
    for (const { created } of this.#rows.values()) {
      if (oldest === undefined || created < oldest) oldest = created
    }
    return { pending: this.#rows.size, oldest, dead: this.#letters.size }
  }

  #addLetter ({ id, tag }: EdgeRow, error: string): void {
    const [oldest] = this.#letters.keys()
    if (this.#letters.size >= MOST_LETTERS && oldest !== undefined) this.#letters.delete(oldest)
    const died = new Date().toISOString()
    this.#letters.set(id, { destination: this.#destination, id, tag, error, died })
  }

  #newId (): string {
    return (this.#count++).toString(16).padStart(12, '0')
  }
}

const byId = (a: EdgeRow, b: EdgeRow) => (a.id < b.id ? -1 : 1)
