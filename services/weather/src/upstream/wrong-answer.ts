import {
  WEATHER_ERR_UPSTREAM_CHARSET, WEATHER_ERR_UPSTREAM_INVALID, WEATHER_ERR_UPSTREAM_NOT_JSON,
  WEATHER_ERR_UPSTREAM_REDIRECTED, WEATHER_ERR_UPSTREAM_REFUSED
} from '../errors.js'
import { type Exchange, type Received } from './exchange.js'

/** Excerpt of a response for the log, limited to a few hundred characters. */
export interface ShownAnswer {
  readonly status: number
  readonly contentType: string | undefined
  /** Target of a redirection. */
  readonly location?: string
  /** First bytes; everything but printable ASCII is escaped. */
  readonly begins: string
}

const FIRST_BYTES = 120
const LONGEST_FIELD = 200

function shownAnswer ({ status, headers, body }: Received): ShownAnswer {
  const { 'content-type': contentType, location } = headers
  return {
    status,
    contentType: contentType?.slice(0, LONGEST_FIELD),
    ...(location !== undefined && { location: location.slice(0, LONGEST_FIELD) }),
    begins: body.subarray(0, FIRST_BYTES).toString('latin1').replace(/[^\x20-\x7e]/g, (char) =>
      `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
  }
}

/** Adds an excerpt of the response to an error, as `answer`, for the log. */
export const about = <E extends Error>(error: E, exchange: Received): E & { answer: ShownAnswer } =>
  Object.assign(error, { answer: shownAnswer(exchange) })

/**
 * Returns the JSON of a response with status 200.
 * @throws the error of its kind: WEATHER_ERR_UPSTREAM_REFUSED, _REDIRECTED, _NOT_JSON, _CHARSET,
 *   _INVALID
 */
export function jsonOf (exchange: Exchange): unknown {
  const { status, headers, body } = exchange
  if (status !== 200) {
    throw about(new (kindOf(status))({ cause: new Error(`status ${status}`) }), exchange)
  }
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(headers['content-type'] ?? '')?.[1]
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) {
    const cause = new Error(`Content-Type names ${charset.slice(0, LONGEST_FIELD)}`)
    throw about(new WEATHER_ERR_UPSTREAM_CHARSET({ cause }), exchange)
  }
  let text: string
  try {
    text = utf8.decode(body)
  } catch (cause) {
    throw about(new WEATHER_ERR_UPSTREAM_CHARSET({ cause }), exchange)
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw about(new WEATHER_ERR_UPSTREAM_NOT_JSON({ cause }), exchange)
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function kindOf (status: number) {
  if (status >= 400) return WEATHER_ERR_UPSTREAM_REFUSED
  // A 304 without a condition in the request is not a redirection.
  return status >= 300 && status !== 304
    ? WEATHER_ERR_UPSTREAM_REDIRECTED
    : WEATHER_ERR_UPSTREAM_INVALID
}
