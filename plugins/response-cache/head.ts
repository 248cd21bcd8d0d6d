import {
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  type ServerResponse,
  validateHeaderName,
  validateHeaderValue
} from 'node:http'

/** Header fields by name, in lower case. */
export type Fields = Record<string, string | readonly string[]>

/** Status and fields, sent before a body. */
export interface Head {
  readonly status: number
  /** Reason phrase of HTTP/1.1, if the application has set one. */
  readonly reason?: string | undefined
  readonly fields: Fields
  /** Trailers follow the body, whether or not the head declares them. */
  readonly hasTrailers?: boolean | undefined
}

/** Creates an object without prototype, because field names may equal those of Object.prototype. */
export const emptyFields = (): Fields => Object.create(null) as Fields

/** Returns the declared length of the body; 0 if there is none. */
export function lengthOf (head: Head | undefined): number {
  const length = Number(head?.fields['content-length'])
  return Number.isSafeInteger(length) && length > 0 ? length : 0
}

/**
 * Returns the head that Node generates if the application has written none: a response that ends at
 * once has a length (not for HEAD and 304).
 */
export function implicitHead (response: ServerResponse, body: Buffer | undefined): Head {
  const head = headOf(response, [response.statusCode])
  const hasLength = ['content-length', 'transfer-encoding', 'trailer'].some(
    (name) => head.fields[name] !== undefined
  )
  const isBodiless = response.req.method === 'HEAD' || head.status === 204 || head.status === 304
  if (body !== undefined && !hasLength && !isBodiless) {
    head.fields['content-length'] = String(body.length)
  }
  return head
}

/**
 * Returns the head from the arguments of `writeHead`, combined with the fields set by `setHeader`.
 */
export function headOf (response: ServerResponse, [status, ...rest]: readonly unknown[]): Head {
  const [first, second] = rest
  const reason = typeof first === 'string' ? first : undefined
  const given = reason === undefined ? first ?? second : second
  if (!(Number(status) >= 100 && Number(status) <= 999)) {
    throw Object.assign(new RangeError(`Invalid status code: ${String(status)}`), {
      code: 'ERR_HTTP_INVALID_STATUS_CODE'
    })
  }
  if (reason !== undefined) validateHeaderValue('statusMessage', reason)
  const fields = emptyFields()
  const before = response.getHeaders()
  for (const name in before) put(fields, name, before[name])
  if (Array.isArray(given)) {
    const pairs = pairsOf(given)
    for (const [name] of pairs) delete fields[name.toLowerCase()]
    for (const [name, value] of pairs) add(fields, name, checked(name, value))
  } else if (typeof given === 'object' && given !== null) {
    const headers = given as OutgoingHttpHeaders
    for (const name of Object.keys(headers)) put(fields, name, checked(name, headers[name]))
  }
  return { status: Number(status), reason, fields }
}

/** Validates a field at once, like Node: a later failure could not be answered. */
function checked<V extends OutgoingHttpHeader | undefined> (name: string, value: V): V {
  if (name.startsWith(':') || value === undefined) return value
  validateHeaderName(name)
  if (Array.isArray(value)) for (const one of value) validateHeaderValue(name, String(one))
  else validateHeaderValue(name, String(value))
  return value
}

function pairsOf (list: readonly unknown[]): (readonly [string, OutgoingHttpHeader])[] {
  if (Array.isArray(list[0])) return list as (readonly [string, OutgoingHttpHeader])[]
  return Array.from({ length: Math.floor(list.length / 2) }, (_, i) => [
    String(list[2 * i]),
    list[2 * i + 1] as OutgoingHttpHeader
  ])
}

function put (fields: Fields, name: string, value: OutgoingHttpHeader | undefined): void {
  if (value !== undefined && !name.startsWith(':')) fields[name.toLowerCase()] = textOf(value)
}

function add (fields: Fields, name: string, value: OutgoingHttpHeader): void {
  const before = fields[name.toLowerCase()]
  if (before === undefined) put(fields, name, value)
  else fields[name.toLowerCase()] = [before, textOf(value)].flat()
}

const textOf = (value: OutgoingHttpHeader) =>
  Array.isArray(value) ? value.map(String) : String(value)
