import {
  decideStoring,
  type Headers,
  type NotStored,
  type Policy,
  type StoredHeaders,
  type StoringOptions
} from '../../src/index.js'

/** The time at which these tests receive responses: Sun, 06 Nov 1994 08:49:37 GMT. */
export const NOW = Date.UTC(1994, 10, 6, 8, 49, 37)

export const SECOND = 1000
export const HOUR = 3600 * SECOND

/** An HTTP-date this many seconds from NOW. */
export const at = (seconds: number) => new Date(NOW + seconds * SECOND).toUTCString()

export interface Exchange {
  method?: string
  uri?: string
  request?: Headers
  status?: number
  response?: Headers
  options?: StoringOptions
  /** Duration of the response, ms. */
  delay?: number
}

/** The stored form of a response received at NOW, or the reason for not storing it. */
export function stored ({
  method = 'GET',
  uri,
  request = {},
  status = 200,
  response = {},
  options = {},
  delay = 0
}: Exchange = {}): { policy: Policy; headers: StoredHeaders } | NotStored {
  const times = { requestTime: NOW - delay, responseTime: NOW }
  const asked = { method, headers: request, ...(uri !== undefined && { uri }) }
  const storing = decideStoring(asked, { status, headers: response }, times, options)
  return storing.store ? storing : storing.reason
}

/** The policy of a stored response. */
export function policy (response: Headers, others: Omit<Exchange, 'response'> = {}): Policy {
  const outcome = stored({ response, ...others })
  if (typeof outcome === 'string') throw new Error(`not stored: ${outcome}`)
  return outcome.policy
}

/** Seconds for which a response is fresh from NOW on, or the reason for not storing it. */
export function freshFor (exchange: Exchange): number | NotStored {
  const outcome = stored(exchange)
  return typeof outcome === 'string' ? outcome : (outcome.policy.freshUntil - NOW) / SECOND
}
