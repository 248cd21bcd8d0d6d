// Shares of time that hashing bodies may take, and the same for looking at requests: of the CPU
// time of the process, and at least of the time that passes, for a process that does little.
const OF_CPU = 0.001
const OF_TIME = 0.0002
// Milliseconds.
const FIRST = 5
const MOST_SAVED = 1
const RENEW_EVERY = 500
// Requests per second to observe without their body: at first, and of a route at least.
const FIRST_REQUESTS = 500
const LEAST_REQUESTS = 20
// Time that one of them takes, ms: assumed at first, and at most, since processes have to wait for
// a core. The mean is over about so many.
const COST = 0.01
const MOST_COST = 0.05
const MEAN_OF = 50

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
  #cpu = cpuTime()
  #perSecond = FIRST_REQUESTS
  #cost = COST

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

  /** Returns the number of requests per second that a route may observe. */
  perSecond (): number {
    return this.#perSecond
  }

  /** Takes the time into account that looking at one request took, ms. */
  looked (ms: number): void {
    this.#cost += (Math.min(MOST_COST, ms) - this.#cost) / MEAN_OF
  }

  #renew (now: number): void {
    const before = this.#cpu
    this.#cpu = cpuTime()
    const passed = now - this.#renewedAt
    const added = Math.max((this.#cpu - before) * OF_CPU, passed * OF_TIME)
    const wanted = [...this.#shares.values()].filter(({ isWanted }) => isWanted)
    const perSecond = added / passed * 1000 / Math.max(this.#cost, 0.001)
    this.#perSecond = Math.max(LEAST_REQUESTS, perSecond / Math.max(1, wanted.length))
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

/** CPU time of the process, ms. */
function cpuTime (): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
