/** Request whose path or header fields cannot be sent. Nothing of it has left the process. */
export class MalformedRequest extends TypeError {
  readonly code = 'WEIR_ERR_MALFORMED_REQUEST'
}

/** The parts of a request that may contain text of clients. */
export interface Sendable {
  readonly path: string
  readonly headers?: Readonly<Record<string, string | undefined>>
}

// The rules of undici: a target without spaces and control characters, tokens as names (RFC 9110
// section 5.6.2), values of visible characters, spaces and tabs (section 5.5), all in Latin-1.
const PATH = /^\/[\x21-\xff]*$/
const NAME = /^[!#$%&'*+.^_`|~\w-]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const LENGTH = /^\d+$/
/** Fields of the connection, which the HTTP client sets. */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'keep-alive',
  'transfer-encoding',
  'upgrade'
])

/**
 * Throws if a request cannot be sent. Call it before a request reaches an undici pool: undici
 * rejects it too, but then never uses the chosen connection again.
 * @throws MalformedRequest
 * @example
 * assertSendable({ path: '/products/1', headers: { 'if-match': '"1"' } })
 */
export function assertSendable ({ path, headers = {} }: Sendable): void {
  if (!PATH.test(path)) {
    throw new MalformedRequest(
      `The path ${quoted(path)} cannot be sent: begin it with a slash, and percent-encode it.`
    )
  }
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    const lowerCase = name.toLowerCase()
    if (!NAME.test(name) || OF_CONNECTION.has(lowerCase)) {
      throw new MalformedRequest(`The header field ${quoted(name)} cannot be sent: omit it.`)
    }
    // The value may be secret.
    if (!(lowerCase === 'content-length' ? LENGTH : VALUE).test(value)) {
      throw new MalformedRequest(
        `The value of the header field ${name} cannot be sent: validate it first.`
      )
    }
  }
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 100))

/** Codes of undici and Node for arguments that they refuse to send. */
const REFUSED_ARGUMENTS: ReadonlySet<unknown> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  'ERR_INVALID_ARG_TYPE',
  'ERR_INVALID_ARG_VALUE',
  'ERR_INVALID_CHAR',
  'ERR_INVALID_HTTP_TOKEN',
  'ERR_HTTP_INVALID_HEADER_VALUE',
  'ERR_OUT_OF_RANGE',
  'ERR_UNESCAPED_CHARACTERS'
])

/**
 * Returns whether an error rejects the request's own arguments, before anything was sent. It says
 * nothing about the other side.
 */
export const isMalformedRequest = (error: unknown): boolean =>
  error instanceof MalformedRequest ||
  (error instanceof Error && 'code' in error && REFUSED_ARGUMENTS.has(error.code))
