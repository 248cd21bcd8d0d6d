import type { Entry } from '@weir/cache'
import {
  completionHeaders,
  fetchHeaders,
  hasValidators,
  type Headers,
  type Parts
} from '@weir/http'
import type { FastifyRequest } from 'fastify'
import type { StoredResponse } from './stored-response.js'

/**
 * Conditions and ranges of a fill. `stored`: the complete response, unless it equals the stored
 * one; `own`: the client's; `missing`: the bytes that stored parts lack.
 */
export type Asked = 'stored' | 'own' | 'missing'

export interface AskedHeadersOptions {
  /** Stored response that is being validated or completed. */
  readonly stale: Entry<StoredResponse> | undefined
  /** The complete response is required, regardless of the client's copy. */
  readonly isWhole: boolean
  /** The response is probably for its client alone, as are its conditions. */
  readonly isOwn: boolean
  /**
   * Returns true if the client's own conditions must not be forwarded: the last client had the
   * response already, so nothing was stored.
   */
  readonly fetchesAgain: () => boolean
}

const CONDITIONS = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range'
] as const
type Conditions = Readonly<Record<string, string | undefined>>

/**
 * Replaces the client's conditions and ranges in a request until there is a response.
 *
 * The application's own handlers are asked for the complete response. A handler that forwards the
 * request lets the other server evaluate the client's own conditions and ranges if nothing is
 * stored, so that no byte is sent twice.
 */
export class AskedHeaders {
  readonly #request: FastifyRequest
  readonly #options: AskedHeadersOptions
  readonly #original: Conditions
  #kind: Asked = 'stored'

  constructor (request: FastifyRequest, options: AskedHeadersOptions) {
    this.#request = request
    this.#options = options
    this.#original = conditionsOf(request.raw.headers)
    const { stale, isOwn } = options
    if (isOwn && stale === undefined) this.#kind = 'own'
    // Nearly every miss skips this: it has no conditions, and nothing stored can be validated.
    else if (this.#original !== NONE || stale !== undefined) {
      this.#put(
        fetchHeaders(
          this.#original,
          stale?.value.isWhole === true ? stale.value.policy(stale) : undefined
        )
      )
    }
  }

  get kind (): Asked {
    return this.#kind
  }

  /**
   * Runs the function that forwards the request to another server; it must read the headers at
   * once.
   */
  forward<R> (run: () => R): R {
    const own = conditionsOf(this.#request.raw.headers)
    this.#put(this.#forwarded() ?? own)
    try {
      return run()
    } finally {
      // Hooks of the application must not answer in place of the other server.
      this.#put(own)
    }
  }

  /** Restores the headers of the client's request. */
  restore (): void {
    this.#put(this.#original)
  }

  /** Undefined: forwarded as the handler was asked. */
  #forwarded (): Headers | undefined {
    const { stale, isWhole, fetchesAgain } = this.#options
    if (this.#kind === 'own') return undefined
    const parts = stale?.value.parts
    if (stale !== undefined && parts !== undefined) return this.#completion(stale, parts)
    if (isWhole || (stale !== undefined && hasValidators(stale.value.policy(stale)))) {
      return undefined
    }
    this.#kind = 'own'
    const { range, 'if-range': ifRange } = this.#original
    return fetchesAgain() ? { range, 'if-range': ifRange } : this.#original
  }

  #completion (stale: Entry<StoredResponse>, parts: Parts): Headers {
    const client = this.#options.isWhole ? {} : this.#original
    const headers = completionHeaders(
      client,
      { ...parts, policy: stale.value.policy(stale) },
      Date.now()
    )
    this.#kind =
      headers === client ? 'own' : headers['if-range'] === undefined ? 'stored' : 'missing'
    return headers
  }

  #put (values: Headers): void {
    const { headers } = this.#request.raw
    for (const name of CONDITIONS) {
      const value = values[name]
      if (typeof value === 'string') headers[name] = value
      else if (headers[name] !== undefined) delete headers[name]
    }
  }
}

const NONE: Conditions = {}

function conditionsOf (headers: Headers): Conditions {
  let found: Record<string, string> | undefined
  for (const name of CONDITIONS) {
    const value = headers[name]
    if (typeof value === 'string') (found ??= {})[name] = value
  }
  return found ?? NONE
}
