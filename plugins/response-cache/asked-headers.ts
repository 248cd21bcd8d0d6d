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
 * The conditions and ranges that a fill asks by. `stored`: for the whole, on the condition that it
 * is another than what is stored; `own`: the client's; `missing`: for the bytes that stored parts
 * lack.
 */
export type Asked = 'stored' | 'own' | 'missing'

export interface AskedHeadersOptions {
  /** The stored response that is being validated, or completed. */
  readonly stale: Entry<StoredResponse> | undefined
  /** The whole is wanted, whatever the client has. */
  readonly isWhole: boolean
  /** The response is likely to be its client's alone, as its conditions are. */
  readonly isOwn: boolean
  /**
   * The client's own conditions are not to be forwarded: the last client had the response already,
   * so nothing was stored.
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
 * Puts conditions and ranges into a request in place of its client's, for as long as it takes to
 * get a response.
 *
 * A handler of the application's own is asked for the whole. A handler that forwards the request
 * has the other server evaluate the client's own conditions and ranges where nothing is stored, and
 * send no byte twice.
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
    // Nearly every miss: nothing is asked, and nothing is stored that could be validated.
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

  /** Runs what forwards the request to another server; it must take the headers at once. */
  forward<R> (run: () => R): R {
    const own = conditionsOf(this.#request.raw.headers)
    this.#put(this.#forwarded() ?? own)
    try {
      return run()
    } finally {
      // Hooks of the application's are not to answer in the other server's place.
      this.#put(own)
    }
  }

  /** Gives the request back what the client has asked for. */
  restore (): void {
    this.#put(this.#original)
  }

  /** Undefined: as the handler was asked. */
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
