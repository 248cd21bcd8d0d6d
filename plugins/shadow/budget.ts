// Shares of time that observing responses may take: of the CPU time of the process, and at least
// of the time that passes, for a process that does little.
const OF_CPU = 0.002
const OF_TIME = 0.0005
// Milliseconds.
const FIRST = 5
const MOST_SAVED = 1
const RENEW_EVERY = 100

/** Limits the time that observing responses takes, whatever the traffic. */
export class Budget {
  #left = FIRST
  #renewedAt: number
  #cpu = process.cpuUsage()

  /** @param now ms, of the same clock as later times */
  constructor (now: number) {
    this.#renewedAt = now
  }

  /** Returns whether there is time to observe a response. */
  has (now: number): boolean {
    if (now - this.#renewedAt >= RENEW_EVERY) this.#renew(now)
    return this.#left > 0
  }

  #renew (now: number): void {
    const { user, system } = process.cpuUsage(this.#cpu)
    this.#cpu = process.cpuUsage()
    const added = Math.max((user + system) / 1000 * OF_CPU, (now - this.#renewedAt) * OF_TIME)
    this.#left = Math.min(Math.max(MOST_SAVED, this.#left), this.#left + added)
    this.#renewedAt = now
  }

  spend (ms: number): void {
    this.#left -= ms
  }
}
