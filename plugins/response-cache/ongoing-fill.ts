import type { Entry, Fill } from '@weir/cache'
import { fetchHeaders, type HeaderValue } from '@weir/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Handled, handledFields } from './fields.js'
import type { HandedOver } from './fills.js'
import type { RouteCacheOptions } from './options.js'
import type { RecentKeys } from './recent-keys.js'
import type { SharedKeys } from './shared-keys.js'
import type { StoredResponse } from './stored-response.js'
import type { Target } from './target.js'

/** Why a request goes to the handler, for Cache-Status (RFC 9211, 2.2). */
export type Forward = 'bypass' | 'uri-miss' | 'vary-miss' | 'stale' | 'request'

/** What the fills of one route have in common. */
export interface CachedRoute {
  readonly options: RouteCacheOptions
  /** Gives the route's tags of a request, or whatever its own function gives in their place. */
  readonly tagsOf: (request: FastifyRequest, reply: FastifyReply) => unknown
  readonly shared: SharedKeys
  /** Why what was last answered could not be stored, by the key that a request finds first. */
  readonly unstorable: RecentKeys<string>
  /** Logs a mistake of the route's, once. */
  readonly complain: (request: FastifyRequest, about: 'INVALID_KEY' | 'INVALID_CONSTRAINT' | 'INVALID_TAG', details: object) => void
}

/** A fill to begin, and why. */
export interface NewFill {
  readonly fill: Fill<StoredResponse>
  readonly target: Target
  readonly route: CachedRoute
  readonly fwd?: Forward | undefined
  /** The credentials of the request: header fields, and `user`. */
  readonly credentials: readonly string[]
  /** Nobody waits for it, and its response may be its client's alone: if so it says nothing of what is stored. */
  readonly beside: boolean
  readonly purpose: 'answer' | HandedOver['purpose']
}

/** A fill on its way through a route's handler. */
export interface OngoingFill extends NewFill, Handled {
  readonly fwd: Forward
  /** The stored response that is being validated, or that may stand in for an error. */
  readonly stale: Entry<StoredResponse> | undefined
  readonly requestTime: number
  /** Gives the request back what the client had asked of its response, and not of the stored one. */
  readonly restore: () => void
}

/**
 * Makes the request one for a fill: the handler is asked for the whole representation, on the condition that it is another than the
 * stored one, if there is one that can be validated (RFC 9111, 4.3.1).
 */
export function beginFill (request: FastifyRequest, reply: FastifyReply, begun: NewFill): OngoingFill {
  const { fill, target, fwd, purpose } = begun
  // Of an expired list of variants there is nothing to validate.
  const stale = fill.stale?.value.variesBy === undefined ? fill.stale : undefined
  return {
    ...begun,
    stale,
    fwd: fwd ?? (stale !== undefined ? 'stale' : target.variant === undefined ? 'uri-miss' : 'vary-miss'),
    ...handledFields(reply),
    requestTime: Date.now(),
    // Its response is likely to be its client's alone, as its conditions are.
    restore: begun.beside && stale === undefined ? () => {} : replaceConditions(request, purpose === 'refetch' ? undefined : stale)
  }
}

const CONDITIONS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range', 'range'] as const

function replaceConditions (request: FastifyRequest, stale: Entry<StoredResponse> | undefined): () => void {
  const { headers } = request.raw
  if (stale === undefined && CONDITIONS.every((name) => headers[name] === undefined)) return () => {}
  const original = CONDITIONS.flatMap((name) => headers[name] === undefined ? [] : [[name, headers[name]] as const])
  const sent = fetchHeaders(headers, stale?.value.policy(stale))
  const put = (values: Readonly<Record<string, HeaderValue>>) => {
    for (const name of CONDITIONS) {
      const value = values[name]
      if (typeof value === 'string') headers[name] = value
      else delete headers[name]
    }
  }
  put(sent)
  return () => { put(Object.fromEntries(original)) }
}
