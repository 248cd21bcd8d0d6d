import { definePolicy, limitKey, type Limiter } from '@weir/limiter'

const MINUTE = 60_000

/** How many calls an upstream allows; see https://open-meteo.com/en/pricing. */
export interface Allowance {
  readonly perMinute: number
  readonly perHour: number
  readonly perDay: number
}

/**
 * What all instances together may call. Sliding windows: never more than allowed in any minute, hour or day, wherever that begins.
 */
export class Budget {
  readonly #policies
  readonly #key

  constructor (readonly limiter: Limiter, name: string, { perMinute, perHour, perDay }: Allowance) {
    this.#key = limitKey('upstream', name)
    this.#policies = ([['minute', perMinute, MINUTE], ['hour', perHour, 60 * MINUTE], ['day', perDay, 24 * 60 * MINUTE]] as const)
      .map(([name, limit, window]) => definePolicy({ name, limit, window, algorithm: 'sliding-window' }))
  }

  /** Takes the cost of a call; resolves to 0, or to how many ms later it can be asked for again. */
  async take (cost: number): Promise<number> {
    const { allowed, retryAfterMs } = await this.limiter.consume(this.#key, this.#policies, { cost })
    return allowed ? 0 : Math.max(1, retryAfterMs)
  }
}
