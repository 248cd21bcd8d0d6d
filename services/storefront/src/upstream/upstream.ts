import { setTimeout as delay } from 'node:timers/promises'
import { Breaker } from '@weir/internal'
import { type Dispatcher, errors, Pool } from 'undici'
import { UpstreamSilent } from '../errors.js'

/** Milliseconds. A page waits for a service no longer than a person would. */
const TIMES = { connect: 1000, silence: 2000, total: 4000, retry: 50 }
const CONNECTIONS = 32
/** The largest answer, in bytes: a hundred products have a tenth of it. */
const LARGEST = 4 * 1024 * 1024
/** Statuses of a service that is there and cannot answer now; a GET is worth another try. */
const PASSING: ReadonlySet<number> = new Set([502, 503, 504])

/** An answer of another service, read whole. */
export interface Answer {
  readonly status: number
  readonly etag: string | undefined
  /** The service has it from before, because it could not make it anew (Cache-Status, RFC 9211). */
  readonly isStandIn: boolean
  /** Parsed JSON; undefined where there was none. */
  readonly body: unknown
}

interface Call {
  readonly method?: 'GET' | 'PATCH'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface UpstreamOptions {
  /** Its name in messages for people: `catalog`. */
  readonly name: string
  readonly origin: string
  /** A path that is cheap to ask for, to find out whether it answers again. */
  readonly probe: string
  /** The Authorization of calls without one of their own. */
  readonly authorization: () => string | undefined
}

/** The service did answer, with an error of its own. */
class Refused extends Error {}

/**
 * Another service of the suite, by HTTP. A call takes 4 s at the most. A GET that is cut off or
 * answered 502, 503 or 504 is repeated once; a timeout is not. After a call without any answer all
 * calls fail at once, until a probe in the background is answered.
 */
export class Upstream {
  readonly name: string
  readonly #pool: Pool
  readonly #breaker: Breaker
  readonly #authorization: UpstreamOptions['authorization']

  constructor ({ name, origin, probe, authorization }: UpstreamOptions) {
    this.name = name
    this.#authorization = authorization
    this.#pool = new Pool(origin, {
      connections: CONNECTIONS,
      connect: { timeout: TIMES.connect },
      headersTimeout: TIMES.silence,
      bodyTimeout: TIMES.silence,
      maxResponseSize: LARGEST
    })
    this.#breaker = new Breaker({
      name,
      probe: () => this.#once({ path: probe }),
      refusal: () => new Error(`the ${name} did not answer a moment ago`),
      isAnswer: (error) => error instanceof Refused
    })
  }

  /**
   * The answer, if its status is below 500 and not 429.
   * @throws UpstreamSilent
   */
  async call (call: Call): Promise<Answer> {
    try {
      return await this.#breaker.run(() => this.#tried(call))
    } catch (cause) {
      throw new UpstreamSilent(this.name, cause)
    }
  }

  async close (): Promise<void> {
    this.#breaker.stop()
    await this.#pool.destroy()
  }

  async #tried (call: Call): Promise<Answer> {
    const signal = AbortSignal.timeout(TIMES.total)
    const isRepeatable = call.method === undefined || call.method === 'GET'
    const first = await this.#once(call, signal).catch((error: unknown) => {
      if (!isRepeatable || signal.aborted || isLate(error)) throw error
    })
    const isGood = first !== undefined && !(isRepeatable && PASSING.has(first.status))
    if (!isGood) await delay(TIMES.retry, undefined, { signal })
    const answer = isGood ? first : await this.#once(call, signal)
    if (answer.status >= 500 || answer.status === 429) {
      throw new Refused(`the ${this.name} answered ${answer.status}`)
    }
    return answer
  }

  async #once (
    { method = 'GET', path, headers, body }: Call,
    signal?: AbortSignal
  ): Promise<Answer> {
    const authorization = this.#authorization()
    const request: Dispatcher.RequestOptions = {
      method,
      path,
      headers: {
        accept: 'application/json',
        ...(authorization !== undefined && { authorization }),
        ...headers
      },
      ...(body !== undefined && { body }),
      ...(signal !== undefined && { signal })
    }
    const response = await this.#pool.request(request)
    const text = await response.body.text()
    const { etag, 'cache-status': cacheStatus = '' } = response.headers
    return {
      status: response.statusCode,
      etag: typeof etag === 'string' ? etag : undefined,
      isStandIn: /;\s*detail=(?:STALE_IF_ERROR|CLIENT_SHARE|OUTAGE)\b/.test(String(cacheStatus)),
      body: parsed(text)
    }
  }
}

/** A service that was silent once would be so again, and people wait. */
const isLate = (error: unknown): boolean =>
  [errors.ConnectTimeoutError, errors.HeadersTimeoutError, errors.BodyTimeoutError].some(
    (late) => error instanceof late
  )

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
