import { randomUUID } from 'node:crypto'
import type { Cache, Entry, Fill } from '@weir/cache'
import type { FastifyInstance, FastifyRequest, LightMyRequestResponse } from 'fastify'
import type { ResponseKey } from './key.js'
import type { StoredResponse } from './stored-response.js'

/** A fill that an internal request is to carry out. */
export interface HandedOver {
  readonly fill: Fill<StoredResponse>
  /** False: the stored response is not to be validated. */
  readonly validate: boolean
}

// Says which handed-over fill an internal request is for. Nobody outside can guess one, and unknown ones are ignored.
const HEADER = 'x-weir-fill'
// These would make the handler's answer something else than the whole, current representation.
const NOT_REPEATED = ['if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since', 'if-range', 'range',
  'content-length', 'transfer-encoding', 'connection', 'cache-control', 'pragma']

/** Fills by requests of the application to itself, through all of its hooks. */
export class InternalFills {
  readonly #waiting = new Map<string, HandedOver>()

  constructor (readonly app: FastifyInstance, readonly cache: Cache<StoredResponse>) {}

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

  /** Refills a stale response. Never rejects, and never waits for: whoever found it stale has been answered with it. */
  refill (request: FastifyRequest, { key }: ResponseKey, stale: Entry<StoredResponse>): void {
    this.cache.revalidate(key, stale).then(async (fill) => {
      if (fill !== undefined) await this.repeat(request, { fill, validate: true })
    }).catch((error: unknown) => {
      request.log.warn({ err: error, key }, 'a stale response could not be refilled')
    })
  }

  /** Carries out a fill by repeating the request. */
  async repeat (request: FastifyRequest, handedOver: HandedOver): Promise<LightMyRequestResponse> {
    const token = randomUUID()
    this.#waiting.set(token, handedOver)
    try {
      const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !NOT_REPEATED.includes(name)))
      return await this.app.inject({
        method: 'GET',
        url: request.raw.url ?? request.url,
        remoteAddress: request.socket.remoteAddress ?? '127.0.0.1',
        headers: { ...headers, [HEADER]: token }
      })
    } finally {
      this.#waiting.delete(token)
      // If no hook of ours ever saw the answer, those who wait must not.
      handedOver.fill.abandon()
    }
  }
}
