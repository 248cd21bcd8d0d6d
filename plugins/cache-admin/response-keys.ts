import { randomUUID } from 'node:crypto'
import { keyTag } from '@weir/cache'
import type { QueryVariance } from '@weir/http'
import type { FastifyInstance, FastifyRequest, onRequestHookHandler, RouteOptions } from 'fastify'
import {
  type KeyFunction,
  type ResponseKey,
  ruledKey,
  ruleKey,
  variantKeyOf
} from '../response-cache/key.js'
import { credentialFields } from '../response-cache/credentials.js'
import { askSelf } from '../response-cache/self-request.js'
import '../response-cache/index.js'

/** Keys and tags under which the responses of a URL are stored. */
export interface ResponseAddress {
  readonly key: string
  /** Tag that invalidates all variants, and everything else stored for the path. */
  readonly tag: string
  /**
   * Returns the key of the variant for the asking request's headers, if responses differ by these.
   */
  variant (names: readonly string[]): string
  /** Key under which the No-Vary-Search of the URL's path is stored; undefined if none applies. */
  readonly rule: string | undefined
  /** Returns the address of the response that has this No-Vary-Search. */
  ruled (rule: QueryVariance): ResponseAddress
}

// Header that identifies the lookup of an internal request. The value cannot be guessed from
// outside, and unknown ones are ignored.
const HEADER = 'x-weir-key'
// Credentials of the asking client are left out: the lookup is for another client's response.
const WITHOUT = new Set(credentialFields([]))

/**
 * Finds the key under which a URL's response is stored. Only the URL's route knows it: its query
 * schema defines which parameters count and their defaults. Therefore the application is sent a
 * request for the URL, and the first hook of the route answers it with the key.
 */
export class ResponseKeys {
  readonly #asked = new Map<string, (address: ResponseAddress | undefined) => void>()

  constructor (readonly app: FastifyInstance) {}

  /**
   * Returns a hook that runs before all others on each GET route: a lookup is not rate-limited,
   * reads no cache and computes nothing. The hook also runs on uncached routes, whose handlers
   * might never end.
   */
  hook (route: RouteOptions): onRequestHookHandler {
    const keyFor = this.app.responseCache.keyFunction(route)
    return (request, reply, done) => {
      const token = request.headers[HEADER]
      const answer = typeof token === 'string' ? this.#asked.get(token) : undefined
      if (answer === undefined) return done()
      // Metrics must not count the lookup as a client's request.
      request.cacheResult = { outcome: 'refill', cost: 0 }
      answer(keyFor === undefined ? undefined : addressOf(keyFor, request))
      reply.hijack()
      reply.raw.end()
    }
  }

  /** Returns undefined for a URL without a cached route, or one that its route would refuse. */
  async of (url: string, asking: FastifyRequest): Promise<ResponseAddress | undefined> {
    const token = randomUUID()
    let found: ResponseAddress | undefined
    this.#asked.set(token, (address) => { found = address })
    try {
      await askSelf({
        app: this.app,
        request: asking,
        target: url,
        without: WITHOUT,
        headers: { [HEADER]: token }
      })
    } finally {
      this.#asked.delete(token)
    }
    return found
  }
}

function addressOf (keyFor: KeyFunction, request: FastifyRequest): ResponseAddress | undefined {
  const found = isValidated(request) ? keyFor(request) : undefined
  return typeof found === 'object' ? addressWith(found, request) : undefined
}

function addressWith (found: ResponseKey, request: FastifyRequest): ResponseAddress {
  return {
    key: found.key,
    tag: keyTag(found.uri),
    variant: (names) => variantKeyOf(found, names, request).key,
    rule: ruleKey(found)?.key,
    ruled: (rule) => addressWith(ruledKey(found, rule), request)
  }
}

/**
 * Returns whether the route accepts the query, which its validator may have changed. Compilers
 * report this in different ways.
 */
function isValidated (request: FastifyRequest): boolean {
  const validate = request.getValidationFunction('querystring')
  if (validate === undefined) return true
  const result: unknown = validate(request.query)
  if (typeof result !== 'object' || result === null) return result !== false
  if ('value' in result) request.query = result.value
  return (
    !('error' in result && result.error !== undefined && result.error !== null) &&
    !(result instanceof Promise)
  )
}
