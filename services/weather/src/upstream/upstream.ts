import { setTimeout } from 'node:timers/promises'
import { traceCall } from '@weir/fastify/telemetry'
import { isMalformedRequest } from '@weir/internal'
import { Pool } from 'undici'
import {
  upstreamBusy,
  upstreamUnavailable,
  WEATHER_ERR_UPSTREAM_CUT_OFF,
  WEATHER_ERR_UPSTREAM_INVALID,
  WEATHER_ERR_UPSTREAM_TOO_LARGE
} from '../errors.js'
import { Breaker, BreakerOpen } from './breaker.js'
import { type Budget } from './budget.js'
import { type Exchange, exchange, IncompleteBody } from './exchange.js'
import { type Pause } from './pause.js'
import { retryAfterMs } from './retry-after.js'
import { about, jsonOf } from './wrong-answer.js'

/** Timeouts of calls to an upstream, in ms, and limits of retries. */
export interface Manners {
  readonly connectTimeout: number
  /**
   * Maximum time from the request to the first byte of the response, and between two pieces of it.
   */
  readonly silence: number
  /** Maximum time for all attempts of a call together, including the wait for a connection. */
  readonly total: number
  /** Maximum number of open connections, each with one request; further requests wait. */
  readonly connections: number
  readonly retries: number
  /** Maximum delay before the first retry; twice that before the second. */
  readonly backoff: number
  /** Number of consecutive failures after which it is not called … */
  readonly failures: number
  /** … for this long. */
  readonly coolDown: number
}

export const MANNERS: Manners = {
  connectTimeout: 1000,
  silence: 2000,
  total: 5000,
  connections: 8,
  retries: 2,
  backoff: 200,
  failures: 5,
  coolDown: 5000
}

export interface UpstreamOptions {
  /** Scheme and host. */
  readonly origin: string
  readonly budget: Budget
  readonly pause: Pause
  readonly manners?: Partial<Manners>
}

/** Call to the upstream. */
export interface Call<T> {
  /** Path with its query. */
  readonly path: string
  /** Cost under the budget. */
  readonly cost: number
  /** Client against whose share it counts, too; none if omitted. */
  readonly client?: string | undefined
  /** Validators of the known content: with them the response may be a 304. */
  readonly etag?: string | undefined
  readonly lastModified?: string | undefined
  /**
   * Converts the JSON to the requested value; its errors are the cause of
   * WEATHER_ERR_UPSTREAM_INVALID.
   */
  readonly read: (json: unknown) => T
}

/** Response of an upstream: 200 with the requested value, or 304. */
export interface Answer<T> extends Omit<Exchange, 'body' | 'status'> {
  /** Undefined for a 304. */
  readonly body: T | undefined
}

// Pause after a 429 without Retry-After: Open-Meteo counts by the minute.
const DEFAULT_PAUSE = 60_000

/** Failure of an upstream. */
class Failure extends Error {
  /**
   * @param told error for the caller
   * @param isPassing whether a retry may succeed
   */
  constructor (readonly told: Error, readonly isPassing: boolean) {
    super(told.message, { cause: told })
  }
}

/** Client of an HTTP API that respects the limits of its operator. */
export class Upstream {
  readonly #pool: Pool
  readonly #breaker: Breaker
  readonly #manners: Manners

  constructor (readonly options: UpstreamOptions) {
    const manners = { ...MANNERS, ...options.manners }
    this.#manners = manners
    this.#breaker = new Breaker({
      name: 'weather upstream',
      failures: manners.failures,
      coolDown: manners.coolDown,
      isFailure: (error) => error instanceof Failure
    })
    this.#pool = new Pool(options.origin, {
      connections: manners.connections,
      pipelining: 1,
      connect: { timeout: manners.connectTimeout },
      headersTimeout: manners.silence,
      bodyTimeout: manners.silence
    })
  }

  /** True if it has been failing: callers with a stale document should not wait for a new one. */
  get isFailing (): boolean {
    return this.#breaker.isTripped
  }

  /**
   * @throws WEATHER_ERR_UPSTREAM_UNAVAILABLE, WEATHER_ERR_UPSTREAM_BUSY, WEATHER_ERR_CLIENT_SHARE;
   *   for an invalid response the error of its kind, with an excerpt for the log:
   *   WEATHER_ERR_UPSTREAM_REFUSED, _REDIRECTED, _NOT_JSON, _CHARSET, _TOO_LARGE, _CUT_OFF,
   *   _INVALID
   */
  async get<T>(call: Call<T>): Promise<Answer<T>> {
    const { retries, total } = this.#manners
    const signal = AbortSignal.timeout(total)
    for (let tries = 0; ; tries++) {
      try {
        return await this.#breaker.run(() => this.#attempt(call, signal))
      } catch (error) {
        if (error instanceof BreakerOpen) throw upstreamUnavailable(error.retryAfterMs, error)
        if (!(error instanceof Failure)) throw error
        if (!error.isPassing || tries === retries || signal.aborted || this.#breaker.isTripped) {
          throw error.told
        }
      }
      await this.#backOff(tries, signal)
    }
  }

  /** Ends all connections, including running calls. */
  close (): Promise<void> {
    return this.#pool.destroy()
  }

  async #attempt<T>(call: Call<T>, signal: AbortSignal): Promise<Answer<T>> {
    const { pause, budget } = this.options
    // Read before every attempt: another instance may have been told to wait meanwhile.
    const wait = await pause.left()
    if (wait > 0) throw upstreamBusy(wait)
    await budget.take(call.cost, call.client)
    // The call may have waited for another one, which is no failure of this one.
    if (signal.aborted) throw upstreamUnavailable(this.#manners.coolDown, signal.reason)
    const answer = await this.#exchange(call, signal)
    const { status, headers, body, ...times } = answer
    if (status === 429) {
      const ms = retryAfterMs(headers['retry-after'], times.responseTime) ?? DEFAULT_PAUSE
      await pause.begin(ms)
      throw upstreamBusy(ms)
    }
    if (status >= 500) throw this.#passing(new Error(`status ${status}`), answer)
    const isConditional = call.etag !== undefined || call.lastModified !== undefined
    if (status === 304 && isConditional) return { ...times, headers, body: undefined }
    try {
      return { ...times, headers, body: read(call, answer) }
    } catch (error) {
      throw error instanceof Error ? new Failure(error, false) : error
    }
  }

  /** @throws Failure; MalformedRequest, which is no failure of the upstream */
  async #exchange (
    { path, etag, lastModified }: Call<unknown>,
    signal: AbortSignal
  ): Promise<Exchange> {
    try {
      const { origin } = this.options
      const headers = {
        accept: 'application/json',
        'user-agent': 'weir-weather',
        ...(etag !== undefined && { 'if-none-match': etag }),
        ...(lastModified !== undefined && { 'if-modified-since': lastModified })
      }
      return await traceCall({ method: 'GET', origin, path }, (trace) =>
        exchange(this.#pool, path, { ...headers, ...trace }, signal)
      )
    } catch (cause) {
      if (isMalformedRequest(cause)) throw cause
      if (!(cause instanceof IncompleteBody)) throw this.#passing(cause)
      if (cause.why === 'too large') {
        throw new Failure(
          about(new WEATHER_ERR_UPSTREAM_TOO_LARGE({ cause }), cause.received),
          false
        )
      }
      throw new Failure(about(new WEATHER_ERR_UPSTREAM_CUT_OFF({ cause }), cause.received), true)
    }
  }

  #passing (cause: unknown, answer?: Exchange): Failure {
    const told = upstreamUnavailable(this.#manners.coolDown, cause)
    return new Failure(answer === undefined ? told : about(told, answer), true)
  }

  /**
   * Waits for a random time, up to twice as long after each attempt, so that instances do not retry
   * together.
   */
  async #backOff (tries: number, signal: AbortSignal): Promise<void> {
    const longest = this.#manners.backoff * 2 ** tries
    // The next attempt notices that the signal was aborted.
    await setTimeout(longest / 2 + (Math.random() * longest) / 2, undefined, { signal }).catch(
      () => {}
    )
  }
}

/** @throws the error of the response's kind */
function read<T> (call: Call<T>, answer: Exchange): T {
  const json = jsonOf(answer)
  try {
    return call.read(json)
  } catch (cause) {
    throw about(new WEATHER_ERR_UPSTREAM_INVALID({ cause }), answer)
  }
}
