import { Random } from '../coherence/random.js'
import { tokenOf } from '../support/catalog.js'
import { bodyOf, CONTENT_TYPES } from './bodies.js'
import { fieldsOf } from './fields.js'
import { malformed } from './malformed.js'
import { placeOf, SERVICES, type ServiceName } from './routes.js'
import { fieldValue } from './values.js'

/** One request, as bytes. */
export interface FuzzRequest {
  readonly number: number
  readonly service: ServiceName
  readonly method: string
  readonly target: string
  readonly bytes: Buffer
  /** Whether it is malformed on purpose: its connection may end without a response. */
  readonly isRaw: boolean
}

const READS = ['GET', 'HEAD', 'OPTIONS']
const WRITES = ['POST', 'PUT', 'PATCH', 'DELETE']
const RARE = ['TRACE', 'CONNECT', 'PROPFIND', 'QUERY', 'PURGE', 'get', 'FOO', 'LINK']
const TOKENS = { reader: tokenOf('reader'), editor: tokenOf('editor'), admin: tokenOf('admin') }
const CREDENTIALS = [
  ...Array<string>(8).fill(`Bearer ${TOKENS.editor}`),
  ...Array<string>(8).fill(`Bearer ${TOKENS.admin}`),
  `Bearer ${TOKENS.reader}`,
  `bearer ${TOKENS.editor}`,
  'Bearer',
  'Bearer x',
  'Bearer a.b.c',
  `Bearer ${TOKENS.editor}x`,
  'Basic YTpi',
  `Bearer ${TOKENS.editor.replace(/[^.]+$/, '')}`
]

/** The request with this number: the same for the same seed, whatever was sent before. */
export function fuzzRequest (seed: string, number: number): FuzzRequest {
  const random = new Random(`${seed}/${number}`)
  const service = random.pick(SERVICES)
  if (random.chance(0.04)) {
    const { method, bytes } = malformed(random, placeOf(random, service).target)
    return { number, service, method, target: '', bytes, isRaw: true }
  }
  const { target, methods } = placeOf(random, service)
  const kind = random.next()
  const method = random.pick(
    kind < 0.75 ? methods : kind < 0.9 ? READS : kind < 0.98 ? WRITES : RARE
  )
  const isWrite = WRITES.includes(method)
  const fields = fieldsOf(random)
  if (isWrite || random.chance(0.1)) fields.push(['authorization', fieldValue(random, CREDENTIALS)])
  const body = random.chance(isWrite ? 0.85 : 0.03) ? bodyOf(random) : undefined
  if (random.chance(body === undefined ? 0.02 : 0.95)) {
    fields.push(['content-type', random.pick(CONTENT_TYPES)])
  }
  const isChunked = body !== undefined && random.chance(0.1)
  if (body !== undefined) {
    fields.push(
      isChunked ? ['transfer-encoding', 'chunked'] : ['content-length', String(body.length)]
    )
  }
  const host = random.chance(0.97)
    ? '127.0.0.1'
    : random.pick([
      'shop.example',
      'shop.example:80',
      '[::1]:8080',
      'a b',
      '',
      'x'.repeat(300),
      '127.0.0.1:99999'
    ])
  const head = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
    '',
    ''
  ].join('\r\n')
  const framed = body === undefined ? [] : isChunked ? chunked(random, body) : [body]
  return {
    number,
    service,
    method,
    target,
    bytes: Buffer.concat([Buffer.from(head, 'latin1'), ...framed]),
    isRaw: false
  }
}

function chunked (random: Random, body: Buffer): Buffer[] {
  const at = Math.floor(random.between(0, body.length))
  const parts = [body.subarray(0, at), body.subarray(at)].filter(({ length }) => length > 0)
  return [
    ...parts.flatMap((part) => [
      Buffer.from(`${part.length.toString(16)}\r\n`),
      part,
      Buffer.from('\r\n')
    ]),
    Buffer.from('0\r\n\r\n')
  ]
}
