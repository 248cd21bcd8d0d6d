import { randomUUID } from 'node:crypto'
import type { Cache, Entry, Fill } from '@weir/cache'
import type { HeaderValue } from '@weir/http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ResponseKey } from './key.js'
import type { RouteCacheOptions } from './options.js'
import type { StoredResponse } from './stored-response.js'

/** A fill on its way through a route's handler. */
export interface OngoingFill {
  readonly fill: Fill<StoredResponse>
  readonly uri: string
  readonly options: RouteCacheOptions
  /** The reply's headers before the handler: what it adds to them is the response's. */
  readonly before: Readonly<Record<string, HeaderValue>>
}

// Says which handed-over fill an internal request is for. Nobody outside can guess one, and unknown ones are ignored.
const HEADER = 'x-weir-fill'
// These would make the handler's answer something else than the whole, current representation.
const NOT_REPEATED = ['if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since', 'if-range', 'range',
  'content-length', 'transfer-encoding', 'connection', 'cache-control', 'pragma']

/** Refills stale responses in the background, by a request of the application to itself through all of its hooks. */
export class BackgroundFills {
  readonly #waiting = new Map<string, Fill<StoredResponse>>()

  constructor (readonly app: FastifyInstance, readonly cache: Cache<StoredResponse>) {}

  /** The fill that an internal request brings; undefined for any other request. */
  take (request: FastifyRequest): Fill<StoredResponse> | undefined {
    const token = request.headers[HEADER]
    if (typeof token !== 'string') return undefined
    const fill = this.#waiting.get(token)
    this.#waiting.delete(token)
    return fill
  }

  /** Never rejects, and never waits for: whoever found the response stale has been answered with it. */
  start (request: FastifyRequest, { key }: ResponseKey, stale: Entry<StoredResponse>): void {
    this.#refill(request, key, stale).catch((error: unknown) => {
      request.log.warn({ err: error, key }, 'a stale response could not be refilled')
    })
  }

  async #refill (request: FastifyRequest, key: string, stale: Entry<StoredResponse>): Promise<void> {
    const fill = await this.cache.revalidate(key, stale)
    if (fill === undefined) return
    const token = randomUUID()
    this.#waiting.set(token, fill)
    try {
      const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !NOT_REPEATED.includes(name)))
      await this.app.inject({
        method: 'GET',
        url: request.raw.url ?? request.url,
        remoteAddress: request.socket.remoteAddress ?? '127.0.0.1',
        headers: { ...headers, [HEADER]: token }
      })
    } finally {
      this.#waiting.delete(token)
      // If no hook of ours ever saw the answer, those who wait must not.
      fill.abandon()
    }
  }
}
