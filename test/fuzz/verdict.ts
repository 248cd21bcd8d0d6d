import type { Answer } from './connection.js'
import type { FuzzRequest } from './requests.js'

/** Milliseconds. A comparison measures for up to 10 s, as documented. */
const SLOWEST = 3000
const SLOWEST_COMPARISON = 10_000

/**
 * The 5xx codes that services are documented to return for odd requests while nothing is broken.
 */
const DOCUMENTED: Readonly<Record<string, number>> = {
  // RFC 9111, section 5.2.1.7.
  WEIR_ERR_ONLY_IF_CACHED: 504,
  CATALOG_ERR_COMPARING: 503,
  CATALOG_ERR_INCOMPARABLE: 503,
  CATALOG_ERR_BUSY: 503,
  STATS_ERR_TOO_MANY_VIEWERS: 503,
  WEIR_ERR_CODING_NOT_IMPLEMENTED: 501,
  WEIR_ERR_METHOD_NOT_IMPLEMENTED: 501,
  WEIR_ERR_HTTP_VERSION: 505
}

/** A response, its duration in ms, and its request. */
export interface Exchange {
  readonly request: FuzzRequest
  readonly answer: Answer | undefined
  readonly ms: number
}

/** The fault of a response, whatever the request; `undefined` if there is none. */
export function faultOf ({ request, answer, ms }: Exchange): string | undefined {
  if (ms > (request.target.includes('/api/catalog/compare') ? SLOWEST_COMPARISON : SLOWEST)) {
    return `slow: ${Math.round(ms)} ms`
  }
  if (answer === undefined) return request.isRaw ? undefined : 'closed without an answer'
  const { status, headers, body } = answer
  if (status < 400) return undefined
  const type = headers.get('content-type')
  // The shop's errors are pages for clients that accept HTML.
  if (request.service === 'storefront' && type === 'text/html; charset=utf-8') {
    return status < 500 ||
      Object.values(DOCUMENTED).some((known) => known === status && known !== 503)
      ? undefined
      : `${status} as a page`
  }
  // Readiness describes the instance, and is no error of the request.
  if (type !== 'application/problem+json') return `${status} as ${type ?? 'nothing'}`
  if (request.method === 'HEAD') {
    return status >= 500 && status !== 504 ? `${status} without a body` : undefined
  }
  return problemWith(status, body)
}

function problemWith (status: number, body: Buffer): string | undefined {
  const text = body.toString()
  const problem = parsed(text)
  if (problem === undefined) {
    return `${status} with a body that is no JSON object: ${text.slice(0, 200)}`
  }
  const missing = ['type', 'title', 'detail', 'code'].filter(
    (member) => typeof problem[member] !== 'string'
  )
  if (missing.length > 0) return `${status} without ${missing.join(', ')}: ${text.slice(0, 200)}`
  if (problem['status'] !== status) return `${status} says that it is ${String(problem['status'])}`
  if (status >= 500 && DOCUMENTED[String(problem['code'])] !== status) {
    return `${status} ${String(problem['code'])}: ${String(problem['detail'])}`
  }
  return undefined
}

function parsed (text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ...value }
      : undefined
  } catch {
    return undefined
  }
}
