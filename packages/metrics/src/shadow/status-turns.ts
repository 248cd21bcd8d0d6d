/** A response with a status that caches store, or one that is compared with it. */
export interface Answer {
  /** 0 for all statuses that are stored. */
  readonly status: number
  /** Number of requests of the route when its request came, and when its end was noticed. */
  readonly from: number
  readonly to: number
  /** Time before its request, ms. */
  readonly at: number
}

/** A URL. */
interface Turns {
  /** First response in the latest row with the same status. */
  first: Answer
  /** Time before the last one in that row, ms. */
  at: number
  /** Statuses since the last write. */
  readonly had: Set<number>
}

const STORED = 0
// URLs that answered with several statuses, or with one that is not stored.
const MOST = 1024

/**
 * Finds URLs that return to an earlier status, such as 200, 404, 200. Responses that overlap have
 * no order, so only those count that ended before the next one's request.
 */
export class StatusTurns {
  /** Returns to an earlier status without a write. */
  returns = 0
  readonly #urls = new Map<string, Turns>()
  /** Hashes of their URLs, as integers with a sign. */
  readonly #hashes = new Set<number>()

  has (hash: number): boolean {
    return this.#hashes.size > 0 && this.#hashes.has(hash | 0)
  }

  clear (): void {
    this.#urls.clear()
    this.#hashes.clear()
  }

  /**
   * @param id identifies the URL, and the headers by which responses vary
   * @param wasStored whether an earlier response would have been stored
   * @param isUnexplained returns whether there was no write since a time
   */
  add (
    hash: number,
    id: string,
    answer: Answer,
    wasStored: boolean,
    isUnexplained: (from: number) => boolean
  ): void {
    const turns = this.#urls.get(id)
    const { status, from } = answer
    if (turns === undefined) {
      if (status === STORED || this.#urls.size >= MOST) return
      const had = new Set([status])
      if (wasStored) had.add(STORED)
      this.#urls.set(id, { first: answer, at: answer.at, had })
      this.#hashes.add(hash | 0)
      return
    }
    const { first, had } = turns
    if (status !== first.status) {
      if (from <= first.to) return
      if (!isUnexplained(turns.at)) had.clear()
      else if (had.has(status)) this.returns++
      had.add(status)
      turns.first = answer
    }
    turns.at = answer.at
  }
}
