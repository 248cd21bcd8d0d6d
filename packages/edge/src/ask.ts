import { Agent, request as httpRequest } from 'node:http'
import { Agent as TlsAgent, request as httpsRequest } from 'node:https'
import { EdgeError } from './errors.js'

/** A request to a destination. */
export interface Question {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
}

/** An answer of a destination, with at most 64 KiB of its body. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

const LONGEST_BODY = 64 * 1024
const agents = {
  http: new Agent({ keepAlive: true, maxSockets: 32 }),
  https: new TlsAgent({ keepAlive: true, maxSockets: 32 })
}

/**
 * Sends a request, and reads the answer.
 *
 * Not by `fetch`, which knows neither PURGE on a kept connection nor an address apart from Host.
 * @throws EdgeError WEIR_EDGE_UNREACHABLE
 */
export function ask (who: string, url: string, question: Question): Promise<Answer> {
  const { method, headers, body, signal } = question
  const isTls = url.startsWith('https:')
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => {
      reject(new EdgeError(
        'WEIR_EDGE_UNREACHABLE', `${who} at ${url} did not answer (${cause.message})`, { cause }))
    }
    const request = (isTls ? httpsRequest : httpRequest)(url, {
      method,
      signal,
      agent: isTls ? agents.https : agents.http,
      headers: {
        ...headers,
        ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) })
      }
    }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        if (text.length < LONGEST_BODY) text += chunk
      })
      response.on('error', fail)
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })
      })
    })
    request.on('error', fail)
    request.end(body)
  })
}

/** A body for a destination, and the fields that authorize it. */
interface Post {
  readonly headers: Readonly<Record<string, string>>
  readonly json: unknown
  readonly signal: AbortSignal
  /** Status of the answer that confirms it. Default 200. */
  readonly expect?: number
}

/**
 * Posts JSON, and returns the body of the answer that confirms it.
 * @throws EdgeError WEIR_EDGE_UNREACHABLE, WEIR_EDGE_LIMITED, WEIR_EDGE_REFUSED
 */
export async function post (
  who: string, url: string, { headers, json, signal, expect = 200 }: Post
): Promise<string> {
  const answer = await ask(who, url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(json),
    signal
  })
  if (answer.status !== expect) throw refusalOf(who, answer)
  return answer.body
}

/** Statuses that say that the same request would be refused again. */
const PERMANENT: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 413, 414, 422])

/** Returns the error for an answer that confirms nothing. */
export function refusalOf (who: string, { status, headers, body }: Answer): EdgeError {
  const what = `${who} answered ${status}${body === '' ? '' : `: ${body.slice(0, 200)}`}`
  if (status === 429) {
    const retryAfter = delayOf(headers)
    return new EdgeError('WEIR_EDGE_LIMITED', what, {
      status, ...(retryAfter !== undefined && { retryAfter })
    })
  }
  if (PERMANENT.has(status)) return new EdgeError('WEIR_EDGE_REFUSED', what, { status })
  const retryAfter = delayOf(headers)
  return new EdgeError('WEIR_EDGE_UNREACHABLE', what, {
    status, ...(retryAfter !== undefined && { retryAfter })
  })
}

/**
 * Returns the ms of Retry-After, or of Fastly's time of reset; undefined without either, or if
 * neither says anything. The bucket limits them.
 */
function delayOf (headers: Answer['headers']): number | undefined {
  const { 'retry-after': after, 'fastly-ratelimit-reset': reset } = headers
  if (typeof after === 'string') {
    const text = after.trim()
    const ms = SECONDS.test(text) ? Number(text) * 1000 : timeOf(text) - Date.now()
    if (!Number.isNaN(ms)) return Math.max(0, ms)
  }
  if (typeof reset === 'string' && SECONDS.test(reset)) {
    return Math.max(0, Number(reset) * 1000 - Date.now())
  }
  return undefined
}

const SECONDS = /^\d+(?:\.\d+)?$/

/** Returns the time of an HTTP date in one of its three forms (RFC 9110, 5.6.7); NaN for others. */
function timeOf (text: string): number {
  // Date.parse takes nearly any text for a date: "-5" is in May 2001.
  if (!/^(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,? .*\d\d:\d\d:\d\d/.test(text)) {
    return NaN
  }
  return Date.parse(/GMT$/.test(text) ? text : `${text} GMT`)
}
