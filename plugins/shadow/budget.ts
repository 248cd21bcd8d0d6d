// Shares of time that observing responses may take: of the CPU time of the process, and at least
// of the time that passes, for a process that does little.
const OF_CPU = 0.002
const OF_TIME = 0.0005
// Milliseconds.
const FIRST = 5
const MOST_SAVED = 1
const RENEW_EVERY = 100

/** Part of the budget of one route. */
interface Share {
  left: number
  /** Whether the route wanted to observe a response since the last renewal. */
  isWanted: boolean
}

/**
 * Limits the time that observing responses takes, whatever the traffic. Routes that want to observe
 * get equal shares of it, so that the first one of a burst does not take all.
 */
export class Budget {
  readonly #shares = new Map<object, Share>()
  #renewedAt: number
  #cpu = process.cpuUsage()

  /** @param now ms, of the same clock as later times */
  constructor (now: number) {
    this.#renewedAt = now
  }

  /** Adds a route before its first request. */
  add (route: object): void {
    this.#shares.set(route, { left: 0, isWanted: false })
    for (const share of this.#shares.values()) share.left = FIRST / this.#shares.size
  }

  /** Returns whether there is time to observe a response of the route. */
  has (route: object, now: number): boolean {
    if (now - this.#renewedAt >= RENEW_EVERY) this.#renew(now)
    const share = this.#shares.get(route)
    if (share === undefined) return false
    share.isWanted = true
    return share.left > 0
  }

  #renew (now: number): void {
    const { user, system } = process.cpuUsage(this.#cpu)
    this.#cpu = process.cpuUsage()
    const added = Math.max((user + system) / 1000 * OF_CPU, (now - this.#renewedAt) * OF_TIME)
    const wanted = [...this.#shares.values()].filter(({ isWanted }) => isWanted)
    for (const share of wanted) {
      const most = Math.max(MOST_SAVED / wanted.length, share.left)
      share.left = Math.min(most, share.left + added / wanted.length)
      share.isWanted = false
    }
    this.#renewedAt = now
  }

  spend (route: object, ms: number): void {
    const share = this.#shares.get(route)
    if (share !== undefined) share.left -= ms
  }
}
