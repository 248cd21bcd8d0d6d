import {
  IncomingMessage,
  type OutgoingHttpHeader,
  ServerResponse,
  validateHeaderName,
  validateHeaderValue
} from 'node:http'
import { Socket } from 'node:net'
import type { Fields } from './head.js'

/** Answer whose text is prepared before it is sent. It must not be changed. */
export interface ReadyAnswer {
  readonly status: number
  /** All header fields. */
  readonly fields: Fields
  /** Fields that Node has to process, with alternating names and values. */
  readonly framing: OutgoingHttpHeader[]
  /** Other fields, the empty line after them, and the body, unless it is separate. */
  readonly text: string
  readonly body: Buffer | undefined
}

/**
 * Response whose `writeHead` has rendered its head, which is sent with the first bytes of the body.
 */
interface Pending {
  _header: string
  /** False if Node discards any body that it is given. */
  readonly _hasBody: boolean
}

/** Node interprets these fields, so it has to write them itself. */
const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'keep-alive',
  'trailer',
  'transfer-encoding',
  'upgrade'
])

/** Returns whether Node has to process a field together with the others of its head. */
export const isFraming = (name: string): boolean => FRAMING.has(name)

/**
 * Renders the field lines of a head. Validating and joining them costs a hit as much as everything
 * else that the cache does for it.
 * @returns undefined if there are fields that Node has to process, or lists, which some servers
 *   join (`uniqueHeaders`)
 * @throws TypeError ERR_INVALID_HTTP_TOKEN, ERR_INVALID_CHAR for fields that Node would refuse
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
 * Returns whether `sendReady` may be used: the response is Node's own for HTTP/1.1, and has no
 * fields yet. Hooks that have replaced `write` or `end` see the complete body, and Node counts it
 * if a hook has requested that.
 */
export const takesReady = (raw: ServerResponse): raw is ServerResponse & Pending =>
  isSupported &&
  Object.getPrototypeOf(raw) === ServerResponse.prototype &&
  raw.getHeaderNames().length === 0 &&
  !Object.hasOwn(raw, 'end') &&
  !Object.hasOwn(raw, 'write') &&
  !raw.strictContentLength

/**
 * Returns whether Node sends no body to this request, although it is given one: for HEAD, even if
 * the request has a different method by now.
 */
export const isBodiless = (raw: ServerResponse & Pending): boolean => !raw._hasBody

/** Flattens text: V8 would assemble it from its parts on each write. */
export const inOnePiece = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')

/**
 * Sends a prepared answer. Node writes the status line, the framing fields and those of the
 * connection; the text follows in the same write.
 * @param framing fields of the answer, and any additional ones
 * @throws the errors of `writeHead`
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
    // The response for the error is sent later.
    raw.sendDate = true
    throw error
  }
  raw._header = raw._header.slice(0, -2) + text
  if (body === undefined) raw.end()
  else raw.end(body)
}

/** Checks the undocumented behavior of Node before any code relies on it. */
const isSupported = ((): boolean => {
  const raw = new ServerResponse(new IncomingMessage(new Socket()))
  raw.writeHead(204, ['a', 'b'])
  return /^HTTP\/1\.1 204 No Content\r\na: b\r\n(?:[\w-]+: .*\r\n)*\r\n$/.test(
    String(Reflect.get(raw, '_header'))
  )
})()
