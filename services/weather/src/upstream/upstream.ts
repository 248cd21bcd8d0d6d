import { setTimeout } from 'node:timers/promises'
import { Pool } from 'undici'
import { upstreamBusy, upstreamUnavailable, WEATHER_ERR_UPSTREAM_INVALID } from '../errors.js'
import { Breaker, BreakerOpen } from './breaker.js'
import { type Budget } from './budget.js'
import { type Exchange, exchange, TooLong } from './exchange.js'
import { type Pause } from './pause.js'
import { retryAfterMs } from './retry-after.js'

/** How long an upstream is waited for, in ms, and how hard it is tried. */
export interface Manners {
  readonly connectTimeout: number
  /** From the request to the first byte of the answer, and between two pieces of it. */
  readonly silence: number
  /** For all tries of one call together, and for waiting for a connection. */
  readonly total: number
  /** Connections that are open at once, each with one request: more wait. */
  readonly connections: number
  readonly retries: number
  /** Before the first retry, at most; twice that before the second. */
  readonly backoff: number
  /** After so many failures in a row it is left alone … */
  readonly failures: number
  /** … for so long. */
  readonly coolDown: number
}

export const MANNERS: Manners = {
  connectTimeout: 1000, silence: 2000, total: 5000, connections: 8, retries: 2, backoff: 200, failures: 5, coolDown: 5000
}

export interface UpstreamOptions {
  /** Scheme and host. */
  readonly origin: string
  readonly budget: Budget
  readonly pause: Pause
  readonly manners?: Partial<Manners>
}

/** One call. */
export interface Call {
  /** With its query. */
  readonly path: string
  /** What it counts for in the budget. */
  readonly cost: number
  /** Validators of what is there already: the answer may then be a 304. */
  readonly etag?: string | undefined
  readonly lastModified?: string | undefined
}

/** What an upstream said: 200 with JSON, or 304. */
export interface Answer extends Omit<Exchange, 'body' | 'status'> {
  /** Parsed, and nothing else is known of it; undefined for a 304. */
  readonly body: unknown
  readonly notModified: boolean
}

// Where a 429 does not say for how long: Open-Meteo counts by the minute.
const DEFAULT_PAUSE = 60_000

/** An upstream that fails, in a way that asking again may mend. */
class Failure extends Error {}

/** An HTTP API that is called as its owner would want it to be. */
export class Upstream {
  readonly #pool: Pool
  readonly #breaker: Breaker
  readonly #manners: Manners

  constructor (readonly options: UpstreamOptions) {
    const manners = { ...MANNERS, ...options.manners }
    this.#manners = manners
    this.#breaker = new Breaker({
      failures: manners.failures, coolDown: manners.coolDown, isFailure: (error) => error instanceof Failure
    })
    this.#pool = new Pool(options.origin, {
      connections: manners.connections,
      pipelining: 1,
      connect: { timeout: manners.connectTimeout },
      headersTimeout: manners.silence,
      bodyTimeout: manners.silence
    })
  }

  /** Whether it has been failing: whoever has something old had better not wait for something new. */
  get isFailing (): boolean {
    return this.#breaker.isTripped
  }

  /** @throws WEATHER_ERR_UPSTREAM_UNAVAILABLE, WEATHER_ERR_UPSTREAM_BUSY, WEATHER_ERR_UPSTREAM_INVALID */
  async get (call: Call): Promise<Answer> {
    const { retries, total } = this.#manners
    const signal = AbortSignal.timeout(total)
    for (let tries = 0; ; tries++) {
      try {
        return await this.#answerOf(await this.#breaker.run(() => this.#attempt(call, signal)))
      } catch (error) {
        if (error instanceof BreakerOpen) throw upstreamUnavailable(error.retryAfterMs, error)
        if (!(error instanceof Failure)) throw error
        if (tries === retries || signal.aborted || this.#breaker.isTripped) throw upstreamUnavailable(this.#manners.coolDown, error)
      }
      await this.#backOff(tries, signal)
    }
  }

  /** Ends all connections, and with them what is under way. */
  close (): Promise<void> {
    return this.#pool.destroy()
  }

  async #attempt ({ path, cost, etag, lastModified }: Call, signal: AbortSignal): Promise<Exchange> {
    const { pause, budget } = this.options
    // For every try: somebody may have been told to wait meanwhile.
    const wait = await pause.left() || await budget.take(cost)
    if (wait > 0) throw upstreamBusy(wait)
    // It may have been waiting for another call, which is no failure of this one.
    if (signal.aborted) throw upstreamUnavailable(this.#manners.coolDown, signal.reason)
    const headers = {
      accept: 'application/json',
      'user-agent': 'weir-weather',
      ...(etag !== undefined && { 'if-none-match': etag }),
      ...(lastModified !== undefined && { 'if-modified-since': lastModified })
    }
    let answer: Exchange
    try {
      answer = await exchange(this.#pool, path, headers, signal)
    } catch (cause) {
      if (cause instanceof TooLong) throw new WEATHER_ERR_UPSTREAM_INVALID({ cause })
      throw new Failure(cause instanceof Error ? cause.message : String(cause), { cause })
    }
    if (answer.status >= 500) throw new Failure(`status ${answer.status}`)
    return answer
  }

  async #answerOf ({ status, body, ...rest }: Exchange): Promise<Answer> {
    if (status === 429) {
      const wait = retryAfterMs(rest.headers['retry-after'], rest.responseTime) ?? DEFAULT_PAUSE
      await this.options.pause.begin(wait)
      throw upstreamBusy(wait)
    }
    if (status === 304) return { ...rest, body: undefined, notModified: true }
    if (status !== 200) throw new WEATHER_ERR_UPSTREAM_INVALID({ cause: new Error(`status ${status}: ${body.toString().slice(0, 200)}`) })
    try {
      return { ...rest, body: JSON.parse(body.toString()), notModified: false }
    } catch (cause) {
      throw new WEATHER_ERR_UPSTREAM_INVALID({ cause })
    }
  }

  /** At random up to twice as long each time, so that instances do not come back together. */
  async #backOff (tries: number, signal: AbortSignal): Promise<void> {
    const longest = this.#manners.backoff * 2 ** tries
    // Its end is seen by the next try.
    await setTimeout(longest / 2 + Math.random() * longest / 2, undefined, { signal }).catch(() => {})
  }
}
