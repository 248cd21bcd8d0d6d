import { definePolicy, limitKey, type Limiter, type Policy } from '@weir/limiter'
import { ClientShareUsed, upstreamBusy } from '../errors.js'

const MINUTE = 60_000

/** Number of calls allowed by an upstream; see https://open-meteo.com/en/pricing. */
export interface Allowance {
  readonly perMinute: number
  readonly perHour: number
  readonly perDay: number
}

// Fraction of the allowance per client, a fifth: a batch of 50 unknown cities fits into a minute of
// it.
const CLIENT_PART = 5
// Cost of the most expensive call: a smaller share would allow none.
const LEAST_SHARE = 2

/**
 * Calls that all instances together may make, and that one client may cause. Sliding windows: never
 * more than allowed in any minute, hour or day, regardless of its start.
 */
export class Budget {
  readonly #key: string
  readonly #policies: readonly Policy[]
  readonly #shares: readonly Policy[]

  constructor (
    readonly limiter: Limiter,
    readonly name: string,
    { perMinute, perHour, perDay }: Allowance
  ) {
    const policies = (limitOf: (allowed: number) => number) =>
      (
        [
          ['minute', perMinute, MINUTE],
          ['hour', perHour, 60 * MINUTE],
          ['day', perDay, 24 * 60 * MINUTE]
        ] as const
      ).map(([name, allowed, window]) =>
        definePolicy({ name, limit: limitOf(allowed), window, algorithm: 'sliding-window' })
      )
    this.#key = limitKey('upstream', name)
    this.#policies = policies((allowed) => allowed)
    this.#shares = policies((allowed) => Math.max(LEAST_SHARE, Math.floor(allowed / CLIENT_PART)))
  }

  /**
   * Charges the cost of a call, first to the client's share: a client without a remaining share
   * takes nothing from others.
   * @param client undefined: no share
   * @throws WEATHER_ERR_CLIENT_SHARE, WEATHER_ERR_UPSTREAM_BUSY
   */
  async take (cost: number, client: string | undefined): Promise<void> {
    if (client !== undefined) {
      const key = limitKey('upstream-share', `${this.name}:${client}`)
      const { allowed, retryAfterMs, violated } = await this.limiter.consume(key, this.#shares, {
        cost
      })
      if (!allowed) throw new ClientShareUsed(Math.max(1, retryAfterMs), violated)
    }
    const { allowed, retryAfterMs } = await this.limiter.consume(this.#key, this.#policies, {
      cost
    })
    if (!allowed) throw upstreamBusy(Math.max(1, retryAfterMs))
  }
}
