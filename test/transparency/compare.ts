import { decoded } from './decoded.js'
import { type Answer, type Exchange, type Headers, textOf } from './exchange.js'
import { headerDifferences, type Leeway } from './headers.js'
import { boundaryOf, partDifference } from './part.js'
import type { Momentary } from './subject.js'

const OF_A_PART = [
  'content-type',
  'content-length',
  'content-encoding',
  'accept-ranges',
  'last-modified',
  'etag',
  'vary'
]
/**
 * Fields of a response that do not apply to an error in its place, which has a problem document.
 */
const NOT_OF_AN_ERROR = ['cache-control', 'expires', 'content-type']
const PARTIAL: ReadonlySet<number> = new Set([206, 416])

/** Lists the client-visible differences, in words; empty if there are none. */
export function differencesOf (exchange: Exchange, momentary: Momentary): readonly string[] {
  const { plain, weir } = exchange
  if (plain.status === 0 || weir.status === 0) {
    // Node refuses some requests.
    return plain.error === weir.error
      ? []
      : [`no answer: ${plain.error ?? plain.status} / ${weir.error ?? weir.status}`]
  }
  // The fields beside a 416 are up to each server.
  if (plain.status === 416 && weir.status === 416) {
    return headerDifferences(plain.headers, weir.headers, leewayOf(exchange, momentary, OF_A_PART))
  }
  if (plain.status === weir.status) return sameStatus(exchange, momentary)
  if (weir.status === 304 && plain.status === 200) return notModified(exchange, momentary)
  if (PARTIAL.has(weir.status) && plain.status === 200) return partial(exchange, momentary)
  // RFC 9110, 14.2: a server ignores the Range of a HEAD; some plugins do not.
  if (exchange.intent.method === 'HEAD' && PARTIAL.has(plain.status) && weir.status === 200) {
    if (plain.status === 416) return []
    return headerDifferences(
      plain.headers,
      weir.headers,
      leewayOf(exchange, momentary, [
        'content-length',
        'content-range',
        'content-encoding',
        'vary'
      ])
    )
  }
  return [`status ${plain.status} / ${weir.status}`]
}

function sameStatus (exchange: Exchange, momentary: Momentary): string[] {
  const { intent, plain, weir } = exchange
  const hasBody = intent.method !== 'HEAD' && weir.status !== 304
  // Parts come from the unencoded bytes: the cache requests those from the handler.
  const isUnencoded =
    intent.headers['range'] !== undefined && weir.headers['content-encoding'] === undefined
  // A HEAD gets the fields of the stored GET, as it should; frameworks leave out those that
  // encoders add (RFC 9110, 9.3.2).
  const isStoredHead = intent.method === 'HEAD' && isHit(weir)
  const names = [
    ...namesOfMoment(exchange, momentary),
    ...(weir.status === 304
      ? OF_THE_BODY
      : isUnencoded || isStoredHead
        ? ['content-encoding', 'content-length', 'vary']
        : [])
  ]
  // A 304 must have the fields of the 200; frameworks leave out those that encoders add (RFC 9110,
  // 15.4.5).
  const vary = weir.status === 304 ? ['accept-encoding'] : []
  const leeway = leewayOf(exchange, momentary, names, vary)
  const isSameEncoding =
    isUnencoded ||
    !hasBody ||
    textOf(plain.headers, 'content-encoding') === textOf(weir.headers, 'content-encoding')
  const isSameBody = isSameEncoding && isSameText(decoded(plain), decoded(weir), momentary)
  return [...headerDifferences(plain.headers, weir.headers, leeway), ...isSameBody ? [] : ['body']]
}

// RFC 9110, 15.4.5: fields that a 304 may omit.
const OF_THE_BODY = ['content-type', 'content-encoding', 'content-language', 'content-length']

/** Compares the client's copy with the response it would have received. */
function notModified (exchange: Exchange, momentary: Momentary): string[] {
  const { intent, plain, weir, sent } = exchange
  const { condition } = intent
  if (condition === undefined) return ['304 for a request without a validator']
  const isUnencoded = intent.headers['range'] !== undefined || intent.method === 'HEAD'
  const names = isUnencoded ? [...OF_THE_BODY, 'vary'] : OF_THE_BODY
  const found = headerDifferences(plain.headers, weir.headers, leewayOf(exchange, momentary, names))
  const tag = textOf(weir.headers, 'etag')
  if (condition.field === 'if-none-match' && tag !== sent.weir.headers['if-none-match']) {
    found.push('304 with another ETag')
  }
  if (weir.body.length > 0) found.push('304 with a body')
  if (
    intent.method === 'GET' &&
    !isSameText(decoded(plain), decoded(condition.from.weir), momentary)
  ) {
    found.push(`304 by ${condition.field} to a client that has something else`)
  }
  return found
}

function partial (exchange: Exchange, momentary: Momentary): string[] {
  const { intent, plain, weir } = exchange
  const names = [
    'content-length',
    'content-range',
    'content-encoding',
    'vary',
    ...(weir.status === 416 ? NOT_OF_AN_ERROR : []),
    ...(boundaryOf(weir.headers) === undefined ? [] : ['content-type'])
  ]
  const found = headerDifferences(plain.headers, weir.headers, leewayOf(exchange, momentary, names))
  if (intent.method !== 'GET') return [`${weir.status} for a ${intent.method}`, ...found]
  const difference = partDifference(intent.headers['range'], decoded(plain), weir)
  return difference === undefined ? found : [difference, ...found]
}

function leewayOf (
  { intent }: Exchange,
  { cookies = [], headers = [] }: Momentary,
  names: readonly string[],
  vary: readonly string[] = []
): Leeway {
  const { target } = intent
  return {
    isCached: target?.isCached === true,
    vary: [...(target?.vary ?? []), ...vary],
    names: [...names, ...headers],
    cookies
  }
}

/** A body with momentary values may have another length a moment later. */
function namesOfMoment ({ intent, plain, weir }: Exchange, { body }: Momentary): readonly string[] {
  if (body === undefined) return []
  const isOfMoment = (answer: Answer) =>
    intent.method === 'HEAD' || decoded(answer).toString('latin1').search(body) !== -1
  return isOfMoment(plain) && isOfMoment(weir) ? ['content-length'] : []
}

function isSameText (a: Buffer, b: Buffer, { body }: Momentary): boolean {
  if (a.equals(b)) return true
  if (body === undefined) return false
  const shape = (bytes: Buffer) => bytes.toString('latin1').replaceAll(body, '...')
  return shape(a) === shape(b)
}

/** Whether a client sees a hit, for the share of hits. */
export const isHit = ({ headers }: Answer): boolean => /\bweir; ?hit\b/.test(cacheStatus(headers))

export const cacheStatus = (headers: Headers): string => textOf(headers, 'cache-status') ?? ''
