import {
  IncomingMessage,
  type OutgoingHttpHeader,
  ServerResponse,
  validateHeaderName,
  validateHeaderValue
} from 'node:http'
import { Socket } from 'node:net'
import type { Fields } from './head.js'

/** An answer whose text is there before it is sent. Nothing of it is changed. */
export interface ReadyAnswer {
  readonly status: number
  /** All header fields. */
  readonly fields: Fields
  /** The fields that Node has to see, names and values in turn. */
  readonly framing: OutgoingHttpHeader[]
  /** The other fields, the empty line after them, and the body, if that is not given apart. */
  readonly text: string
  readonly body: Buffer | undefined
}

/**
 * A response whose `writeHead` has made the text of its head, which leaves with the first bytes of
 * the body.
 */
interface Pending {
  _header: string
  /** False if Node drops whatever body it is given. */
  readonly _hasBody: boolean
}

/** Node acts on these fields, so it has to write them itself. */
const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'keep-alive',
  'trailer',
  'transfer-encoding',
  'upgrade'
])

/** Whether Node has to see a field together with the others of its head. */
export const isFraming = (name: string): boolean => FRAMING.has(name)

/**
 * The field lines of a head. To check and join them costs a hit as much as all else that the cache
 * does for it.
 * @returns undefined if there are fields that Node has to see, or lists, which some servers join
 *   (`uniqueHeaders`)
 * @throws TypeError ERR_INVALID_HTTP_TOKEN, ERR_INVALID_CHAR for what Node would not send
 */
export function fieldLines (fields: Fields): string | undefined {
  let lines = ''
  for (const name in fields) {
    const value = fields[name] ?? ''
    if (isFraming(name) || typeof value === 'object') return undefined
    validateHeaderName(name)
    validateHeaderValue(name, value)
    lines += `${name}: ${value}\r\n`
  }
  return lines
}

/**
 * Whether `sendReady` may be used: the response is Node's own for HTTP/1.1, and has no fields yet.
 * Hooks that have replaced `write` or `end` see the whole body, and Node counts it where a hook has
 * asked for that.
 */
export const takesReady = (raw: ServerResponse): raw is ServerResponse & Pending =>
  isSupported &&
  Object.getPrototypeOf(raw) === ServerResponse.prototype &&
  raw.getHeaderNames().length === 0 &&
  !Object.hasOwn(raw, 'end') &&
  !Object.hasOwn(raw, 'write') &&
  !raw.strictContentLength

/**
 * Whether Node sends no body to this request, although it is given one: HEAD, also if the request
 * says another method by now.
 */
export const isBodiless = (raw: ServerResponse & Pending): boolean => !raw._hasBody

/** Text as one piece: V8 would put it together from its parts whenever it is written. */
export const inOnePiece = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')

/**
 * Sends an answer that is ready. Node writes the status line, the fields that framing depends on
 * and the connection's own; the text follows those, in the same write.
 * @param framing that of the answer, and any fields besides
 * @throws as `writeHead` does
 */
export function sendReady (
  raw: ServerResponse & Pending,
  { status, text, body }: ReadyAnswer,
  framing: OutgoingHttpHeader[]
): void {
  raw.sendDate = false
  try {
    raw.writeHead(status, framing)
  } catch (error) {
    // The error's own answer is yet to be sent.
    raw.sendDate = true
    throw error
  }
  raw._header = raw._header.slice(0, -2) + text
  if (body === undefined) raw.end()
  else raw.end(body)
}

/** Node documents no such thing, so that it is tried before anything relies on it. */
const isSupported = ((): boolean => {
  const raw = new ServerResponse(new IncomingMessage(new Socket()))
  raw.writeHead(204, ['a', 'b'])
  return /^HTTP\/1\.1 204 No Content\r\na: b\r\n(?:[\w-]+: .*\r\n)*\r\n$/.test(
    String(Reflect.get(raw, '_header'))
  )
})()
