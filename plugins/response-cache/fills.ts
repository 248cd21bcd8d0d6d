import { randomUUID } from 'node:crypto'
import type { Cache, Entry, Fill } from '@weir/cache'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Response } from 'light-my-request'
import { askSelf } from './self-request.js'
import type { StoredResponse } from './stored-response.js'
import type { Target } from './target.js'

/** A fill that an internal request is to carry out. */
export interface HandedOver {
  readonly fill: Fill<StoredResponse>
  /** What the fill is for: nothing of it is found out again from the internal request. */
  readonly target: Target
  /**
   * `refill`: in the background, for everybody, validating the stored response. `refetch`: for the
   * client of the request that is repeated, and unconditional.
   */
  readonly purpose: 'refill' | 'refetch'
}

export interface InternalFillsOptions {
  readonly app: FastifyInstance
  readonly cache: Cache<StoredResponse>
  /** The most that is read of a refill's answer, in bytes. */
  readonly maxBodyBytes: number
}

// Says which handed-over fill an internal request is for. Nobody outside can guess one, and unknown
// ones are ignored.
const HEADER = 'x-weir-fill'
// These would make the handler's answer something else than the whole, current representation.
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

/** Fills by requests of the application to itself, through all of its hooks. */
export class InternalFills {
  readonly #waiting = new Map<string, HandedOver>()

  constructor (readonly options: InternalFillsOptions) {}

  /** Whether it is a request of the application to itself. */
  has (request: FastifyRequest): boolean {
    const token = request.headers[HEADER]
    return typeof token === 'string' && this.#waiting.has(token)
  }

  /** The fill that an internal request brings; undefined for any other request. */
  take (request: FastifyRequest): HandedOver | undefined {
    const token = request.headers[HEADER]
    if (typeof token !== 'string') return undefined
    // Nobody else has to know.
    delete request.raw.headers[HEADER]
    const handedOver = this.#waiting.get(token)
    this.#waiting.delete(token)
    return handedOver
  }

  /**
   * Refills a stale response. Never rejects, and nobody waits for it: the client has the stale
   * response. Its credentials are not used, or the response would be its own (RFC 9111, section
   * 3.5), unless responses are told apart by them.
   * @param credentials header fields that credentials are in on its route, in lower case
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
        await this.#carryOut(request, { fill, target, purpose: 'refill' }, without, (answer) =>
          this.#discard(answer)
        )
      })
      .catch((error: unknown) => {
        request.log.warn({ err: error, key }, 'a stale response could not be refilled')
      })
  }

  /**
   * Computes a response anew for everybody: as `refill`, but at once and whole. Resolves when its
   * answer is there.
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
   * Carries out a fill by repeating the request for its client; resolves when the whole answer is
   * there.
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
      // Its handler was never asked, or has never answered: those who wait must not.
      handedOver.fill.abandon()
    }
  }

  /**
   * Reads an answer to its end, or as far as one may be stored: then whatever makes it is stopped.
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
