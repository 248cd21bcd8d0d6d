import { setTimeout as delay } from 'node:timers/promises'
import { traceCall } from '@weir/fastify/telemetry'
import { assertSendable, Breaker, MalformedRequest } from '@weir/internal'
import { type Dispatcher, errors, Pool } from 'undici'
import { UpstreamSilent } from '../errors.js'

/** Milliseconds. A page waits for a service no longer than a visitor would. */
const TIMES = { connect: 1000, silence: 2000, total: 4000, retry: 50 }
const CONNECTIONS = 32
/** Maximum size of a response, in bytes: a hundred products have a tenth of it. */
const LARGEST = 4 * 1024 * 1024
/** Statuses of a service that is temporarily unavailable; a GET is retried. */
const PASSING: ReadonlySet<number> = new Set([502, 503, 504])

/** Reasons of the catalog and the weather service for an old response in place of a new one. */
const STAND_IN = /;\s*detail=(?:STALE_IF_ERROR|SOFT_TIMEOUT|UPSTREAM_FAILING|CLIENT_SHARE|OUTAGE)\b/

/** Complete response of another service. */
export interface Answer {
  readonly status: number
  readonly etag: string | undefined
  /**
   * True if the service served an old response, because it could not create a new one
   * (Cache-Status, RFC 9211).
   */
  readonly isStandIn: boolean
  /** Parsed JSON; undefined without any. */
  readonly body: unknown
}

interface Call {
  readonly method?: 'GET' | 'PATCH'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface UpstreamOptions {
  /** Name in messages: `catalog`. */
  readonly name: string
  readonly origin: string
  /** Cheap path, used to find out whether the service answers again. */
  readonly probe: string
  /** Returns the Authorization of calls without one of their own. */
  readonly authorization: () => string | undefined
}

/** Error for a service that did answer, with an error of its own. */
class Refused extends Error {}

/**
 * HTTP client of another service of the suite. A call takes at most 4 s. A GET that is cut off or
 * answered 502, 503 or 504 is retried once; a timeout is not. After a call without any response all
 * calls fail at once, until a background probe is answered.
 */
export class Upstream {
  readonly name: string
  readonly #origin: string
  readonly #pool: Pool
  readonly #breaker: Breaker
  readonly #authorization: UpstreamOptions['authorization']

  constructor ({ name, origin, probe, authorization }: UpstreamOptions) {
    this.name = name
    this.#origin = origin
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
   * Returns the response, if its status is below 500 and not 429.
   * @throws UpstreamSilent; MalformedRequest, which is a mistake of the caller
   */
  async call (call: Call): Promise<Answer> {
    try {
      return await this.#breaker.run(() => this.#tried(call))
    } catch (cause) {
      if (cause instanceof MalformedRequest) throw cause
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
      const isFutile = error instanceof MalformedRequest || isLate(error)
      if (!isRepeatable || signal.aborted || isFutile) throw error
    })
    const isGood = first !== undefined && !(isRepeatable && PASSING.has(first.status))
    if (!isGood) await delay(TIMES.retry, undefined, { signal })
    const answer = isGood ? first : await this.#once(call, signal)
    if (answer.status >= 500 || answer.status === 429) {
      throw new Refused(`the ${this.name} answered ${answer.status}`)
    }
    return answer
  }

  #once (call: Call, signal?: AbortSignal): Promise<Answer> {
    const { method = 'GET', path } = call
    return traceCall({ method, origin: this.#origin, path }, (trace) =>
      this.#send({ ...call, headers: { ...call.headers, ...trace } }, signal)
    )
  }

  async #send (
    { method = 'GET', path, headers, body }: Call,
    signal?: AbortSignal
  ): Promise<Answer> {
    const authorization = this.#authorization()
    const fields = {
      accept: 'application/json',
      ...(authorization !== undefined && { authorization }),
      ...headers
    }
    assertSendable({ path, headers: fields })
    const request: Dispatcher.RequestOptions = {
      method,
      path,
      headers: fields,
      ...(body !== undefined && { body }),
      ...(signal !== undefined && { signal })
    }
    const response = await this.#pool.request(request)
    const text = await response.body.text()
    const { etag, 'cache-status': cacheStatus = '' } = response.headers
    return {
      status: response.statusCode,
      etag: typeof etag === 'string' ? etag : undefined,
      isStandIn: STAND_IN.test(String(cacheStatus)),
      body: parsed(text)
    }
  }
}

/**
 * Returns whether an error is a timeout: a retry would probably time out as well, while visitors
 * wait.
 */
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
