/** Thrown when the audit has used its requests or its time. */
export class BudgetSpent extends Error {
  override readonly name = 'BudgetSpent'
}

/** Bounds the requests and the time of an audit. */
export class Budget {
  readonly #maxRequests: number
  readonly #maxTime: number
  readonly #began = performance.now()
  #requests = 0

  /** @param maxTime in ms */
  constructor (maxRequests: number, maxTime: number) {
    this.#maxRequests = maxRequests
    this.#maxTime = maxTime
  }

  get requests (): number {
    return this.#requests
  }

  /** Milliseconds since the audit began. */
  get elapsed (): number {
    return performance.now() - this.#began
  }

  /** Counts one request. @throws BudgetSpent */
  spend (): void {
    if (this.#requests >= this.#maxRequests) {
      throw new BudgetSpent(`the audit sent its ${this.#maxRequests} requests (maxRequests)`)
    }
    if (this.elapsed > this.#maxTime) {
      throw new BudgetSpent(`the audit ran for ${this.#maxTime} ms (maxTime)`)
    }
    this.#requests++
  }
}
