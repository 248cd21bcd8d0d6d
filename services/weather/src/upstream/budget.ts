import { definePolicy, limitKey, type Limiter, type Policy } from '@weir/limiter'
import { ClientShareUsed, upstreamBusy } from '../errors.js'

const MINUTE = 60_000

/** How many calls an upstream allows; see https://open-meteo.com/en/pricing. */
export interface Allowance {
  readonly perMinute: number
  readonly perHour: number
  readonly perDay: number
}

// One client may use a fifth of the allowance: a batch of 50 unknown cities fits into a minute of
// it.
const CLIENT_PART = 5
// The dearest call costs as much: a share of less would allow none.
const LEAST_SHARE = 2

/**
 * The calls that all instances together may make, and that one client may cause of them. Sliding
 * windows: never more than allowed in any minute, hour or day, wherever that begins.
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
   * Takes the cost of a call, first of the client's share: one that has none left takes nothing
   * from the others.
   * @param client undefined: nobody's share
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
