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

/** By what the responses of a URL are found. */
export interface ResponseAddress {
  readonly key: string
  /** Invalidates all of its variants, and whatever else there is of its path. */
  readonly tag: string
  /** The key of the variant for the asking request's headers, where responses differ by these. */
  variant (names: readonly string[]): string
  /**
   * The key under which the No-Vary-Search of the URL's path is kept; undefined where none counts.
   */
  readonly rule: string | undefined
  /** The address of the response that has this No-Vary-Search. */
  ruled (rule: QueryVariance): ResponseAddress
}

// Says which question an internal request is for. Nobody outside can guess one, and unknown ones
// are ignored.
const HEADER = 'x-weir-key'
// The client that asks is not the one that would be answered.
const WITHOUT = new Set(credentialFields([]))

/**
 * Knows by which key a URL's response is stored. Only the route of a URL does: its query schema
 * says which parameters count and what their defaults are. So the application is sent a request for
 * the URL, which the first hook of the route answers with the key.
 */
export class ResponseKeys {
  readonly #asked = new Map<string, (address: ResponseAddress | undefined) => void>()

  constructor (readonly app: FastifyInstance) {}

  /**
   * For each GET route, before any other hook of it: a question is not limited, looks nothing up
   * and computes nothing. Also where nothing is cached, or the handler would run, and may be one
   * that never ends.
   */
  hook (route: RouteOptions): onRequestHookHandler {
    const keyFor = this.app.responseCache.keyFunction(route)
    return (request, reply, done) => {
      const token = request.headers[HEADER]
      const answer = typeof token === 'string' ? this.#asked.get(token) : undefined
      if (answer === undefined) return done()
      // It is no client's request, for those who count.
      request.cacheResult = { outcome: 'refill', cost: 0 }
      answer(keyFor === undefined ? undefined : addressOf(keyFor, request))
      reply.hijack()
      reply.raw.end()
    }
  }

  /** Undefined for a URL that has no cached route, or that its route would refuse. */
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
 * Whether the route takes the query, which its validator may have changed. Compilers differ in how
 * theirs say so.
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
