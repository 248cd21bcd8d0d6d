import { randomUUID } from 'node:crypto'
import type { Cache, Entry, Fill } from '@weir/cache'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Response } from 'light-my-request'
import { tracing } from '../active-tracing.js'
import { askSelf } from './self-request.js'
import type { StoredResponse } from './stored-response.js'
import type { Target } from './target.js'

/** Fill that an internal request carries out. */
export interface HandedOver {
  readonly fill: Fill<StoredResponse>
  /** Target of the fill, which the internal request need not determine again. */
  readonly target: Target
  /**
   * `refill`: in the background, for all clients, validating the stored response. `refetch`:
   * unconditionally, for the client of the repeated request.
   */
  readonly purpose: 'refill' | 'refetch'
}

export interface InternalFillsOptions {
  readonly app: FastifyInstance
  readonly cache: Cache<StoredResponse>
  /** Maximum number of bytes read from a refill's response. */
  readonly maxBodyBytes: number
}

// Header that identifies the fill of an internal request. The value cannot be guessed from outside,
// and unknown ones are ignored.
const HEADER = 'x-weir-fill'
// These fields would keep the handler from returning the complete, current representation.
const NOT_REPEATED = [
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
  'if-range',
  'range',
  'cache-control',
  'pragma'
]
// A refill is no part of the client's trace, which may have ended.
const OF_THE_TRACE = ['traceparent', 'tracestate']

/** Fills through requests of the application to itself, which run all of its hooks. */
export class InternalFills {
  readonly #waiting = new Map<string, HandedOver>()

  constructor (readonly options: InternalFillsOptions) {}

  /** Returns whether it is a request of the application to itself. */
  has (request: FastifyRequest): boolean {
    const token = request.headers[HEADER]
    return typeof token === 'string' && this.#waiting.has(token)
  }

  /** Returns the fill of an internal request; undefined for any other request. */
  take (request: FastifyRequest): HandedOver | undefined {
    const token = request.headers[HEADER]
    if (typeof token !== 'string') return undefined
    // The token is internal and must not be visible to handlers.
    delete request.raw.headers[HEADER]
    const handedOver = this.#waiting.get(token)
    this.#waiting.delete(token)
    return handedOver
  }

  /**
   * Refills a stale response. Never rejects, and no request waits for it: the client gets the stale
   * response. The client's credentials are omitted, because the new response would otherwise be for
   * that client alone (RFC 9111, section 3.5), unless responses vary by them.
   * @param credentials header fields of the route that contain credentials, in lower case
   */
  refill (
    request: FastifyRequest,
    target: Target,
    stale: Entry<StoredResponse>,
    credentials: readonly string[]
  ): void {
    const { cache } = this.options
    const { key } = target.key
    cache
      .revalidate(key, stale)
      .then(async (fill) => {
        if (fill === undefined) return
        const without = credentials.filter((name) => !target.names.includes(name))
        const refill = () =>
          this.#carryOut(
            request,
            { fill, target, purpose: 'refill' },
            [...OF_THE_TRACE, ...without],
            (answer) => this.#discard(answer)
          )
        await (tracing()?.detached(refill) ?? refill())
      })
      .catch((error: unknown) => {
        request.log.warn({ err: error, key }, 'a stale response could not be refilled')
      })
  }

  /**
   * Computes a response anew for all clients: like `refill`, but at once and complete. Resolves
   * when the response is available.
   */
  async refresh (
    request: FastifyRequest,
    fill: Fill<StoredResponse>,
    target: Target,
    credentials: readonly string[]
  ): Promise<void> {
    const without = credentials.filter((name) => !target.names.includes(name))
    await this.#carryOut(request, { fill, target, purpose: 'refetch' }, without, (answer) =>
      this.#discard(answer)
    )
  }

  /**
   * Carries out a fill by repeating the request for its client; resolves when the response is
   * complete.
   */
  async refetch (
    request: FastifyRequest,
    fill: Fill<StoredResponse>,
    target: Target
  ): Promise<{ answer: Response; body: Buffer }> {
    return this.#carryOut(request, { fill, target, purpose: 'refetch' }, [], async (answer) => ({
      answer,
      body: await wholeOf(answer)
    }))
  }

  async #carryOut<R>(
    request: FastifyRequest,
    handedOver: HandedOver,
    without: readonly string[],
    read: (answer: Response) => Promise<R>
  ): Promise<R> {
    const token = randomUUID()
    this.#waiting.set(token, handedOver)
    try {
      const { app } = this.options
      return await read(
        await askSelf({
          app,
          request,
          without: new Set([...NOT_REPEATED, ...without]),
          headers: { [HEADER]: token }
        })
      )
    } finally {
      this.#waiting.delete(token)
      // The handler never ran, or never answered: waiting requests must be released.
      handedOver.fill.abandon()
    }
  }

  /**
   * Reads a response to its end, or up to the maximum size that may be stored: then its source is
   * stopped.
   */
  async #discard (answer: Response): Promise<void> {
    let length = 0
    for await (const chunk of answer.stream() as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > this.options.maxBodyBytes) break
    }
    if (length > this.options.maxBodyBytes) answer.raw.res.destroy()
  }
}

async function wholeOf (answer: Response): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of answer.stream() as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}
