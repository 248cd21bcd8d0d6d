import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyRequest, onRequestHookHandler, RouteOptions } from 'fastify'
import { keyOf, originOf, type ResponseKey, variantKeyOf } from '../response-cache/key.js'
import '../response-cache/index.js'
import { keyOfTag } from './key-tags.js'

/** By what the responses of a URL are found. */
export interface ResponseAddress {
  readonly key: string
  /** Invalidates all of its variants. */
  readonly tag: string
  /** The key of the variant for the asking request's headers, where responses differ by these. */
  variant (names: readonly string[]): string
}

/** What a route says of a request: without the origin, which is that of whoever asks. */
interface OwnKey {
  readonly uri: string
  readonly key: string
  variant (names: readonly string[]): string
}

// Says which question an internal request is for. Nobody outside can guess one, and unknown ones are ignored.
const HEADER = 'x-weir-key'
// Who asks is not who would be answered; and there is no body.
const NOT_REPEATED = ['authorization', 'x-api-key', 'cookie', 'content-length', 'content-type', 'transfer-encoding', 'connection', 'expect', 'upgrade']

/**
 * Knows by which key a URL's response is stored. Only the route of a URL does: its query schema says which parameters count and what their
 * defaults are. So the application is sent a request for the URL, which the first hook of the route answers with the key.
 */
export class ResponseKeys {
  readonly #asked = new Map<string, (key: OwnKey | undefined) => void>()

  constructor (readonly app: FastifyInstance) {}

  /**
   * For each GET route, before any other hook of it: a question is not limited, looks nothing up and computes nothing. Also where nothing
   * is cached, or the handler would run, and may be one that never ends.
   */
  hook ({ config, schema }: RouteOptions): onRequestHookHandler {
    const { cache = false } = config ?? {}
    const keyFor = cache === false ? undefined : keyOf({ origin: undefined, vary: cache.vary ?? [], custom: cache.key, schema })
    return (request, reply, done) => {
      const token = request.headers[HEADER]
      const answer = typeof token === 'string' ? this.#asked.get(token) : undefined
      if (answer === undefined) return done()
      // It is no client's request, for those who count.
      request.cacheResult = { outcome: 'refill', cost: 0 }
      const found = keyFor?.(request)
      answer(typeof found === 'object' ? ownKey(found, request) : undefined)
      reply.hijack()
      reply.raw.end()
    }
  }

  /** Undefined for a URL that has no cached route, or that its route would refuse. */
  async of (url: string, asking: FastifyRequest): Promise<ResponseAddress | undefined> {
    const own = await this.#ask(url, asking)
    if (own === undefined) return undefined
    const origin = originOf(asking)
    const tagOf = (rest: string) => this.app.responseCache.uriTag(origin, rest)
    // A key may have lines after that of its URI, which no URI has.
    const full = (rest: string) => keyOfTag(tagOf('')) + rest
    return { key: full(own.key), tag: tagOf(own.uri), variant: (names) => full(own.variant(names)) }
  }

  async #ask (url: string, { headers, socket }: FastifyRequest): Promise<OwnKey | undefined> {
    const token = randomUUID()
    let answer: OwnKey | undefined
    this.#asked.set(token, (key) => { answer = key })
    try {
      await this.app.inject({
        method: 'GET',
        url,
        remoteAddress: socket.remoteAddress ?? '127.0.0.1',
        headers: { ...Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_REPEATED.includes(name))), [HEADER]: token }
      })
    } finally {
      this.#asked.delete(token)
    }
    return answer
  }
}

function ownKey ({ uri, key }: ResponseKey, request: FastifyRequest): OwnKey {
  const { length } = originOf(request)
  const variant = (names: readonly string[]) => variantKeyOf({ uri, key }, names, request).key.slice(length)
  return { uri: uri.slice(length), key: key.slice(length), variant }
}
