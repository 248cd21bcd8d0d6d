import { lookup } from 'node:dns/promises'
import { request } from 'node:http'
import { request as requestTls } from 'node:https'
import { BlockList, isIP } from 'node:net'
import { AuditError } from '../errors.js'
import type { Answer, Sent, Target } from './target.js'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Whether an IP address is one of this machine only. IPv4 in IPv6 counts as IPv4. */
export const isLoopback = (address: string): boolean =>
  LOOPBACK.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

const MOST_BYTES = 4 * 1024 * 1024

/**
 * An app on a loopback address. Its name is resolved once, and connections go to that address.
 * @throws AuditError `WEIR_AUDIT_NOT_LOOPBACK`
 */
export async function loopbackTarget (url: URL): Promise<Target> {
  const name = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const address = await addressOf(name, url)
  const isTls = url.protocol === 'https:'
  const port = Number(url.port || (isTls ? 443 : 80))
  return {
    kind: 'loopback',
    origin: url.origin,
    send: (sent, signal) => send(sent, signal, { isTls, address, port, authority: url.host }),
    close: async () => {}
  }
}

async function addressOf (name: string, url: URL): Promise<string> {
  const addresses = isIP(name) !== 0
    ? [name]
    : await lookup(name, { all: true }).then(
      (found) => found.map(({ address }) => address),
      (error: unknown) => {
        throw new AuditError('WEIR_AUDIT_UNREACHABLE', `${name} has no address`, { cause: error })
      }
    )
  const [first] = addresses
  if (first === undefined || !addresses.every(isLoopback)) {
    throw new AuditError('WEIR_AUDIT_NOT_LOOPBACK', `${url.origin} (${addresses.join(', ')})`)
  }
  return first
}

interface Place {
  readonly isTls: boolean
  readonly address: string
  readonly port: number
  readonly authority: string
}

function send (sent: Sent, signal: AbortSignal, place: Place): Promise<Answer> {
  const { isTls, address, port, authority } = place
  return new Promise((resolve, reject) => {
    const asking = (isTls ? requestTls : request)({
      host: address,
      port,
      method: sent.method,
      path: sent.path,
      headers: {
        host: authority,
        ...Object.fromEntries(Object.entries(sent.headers).map(([name, value]) =>
          [name, typeof value === 'string' ? value : [...value]])),
        ...(sent.body !== undefined && { 'content-length': String(Buffer.byteLength(sent.body)) })
      },
      agent: false,
      signal,
      // The certificate of a development server is its own.
      ...(isTls && { rejectUnauthorized: false })
    }, (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size <= MOST_BYTES) chunks.push(chunk)
      })
      response.once('error', reject)
      response.once('end', () => {
        resolve({
          sent,
          status: response.statusCode ?? 0,
          headers: new Map(Object.entries(response.headers).flatMap(([name, value]) =>
            value === undefined ? [] : [[name, [value].flat().join(', ')] as const])),
          text: Buffer.concat(chunks).toString('latin1')
        })
      })
    })
    asking.once('error', reject)
    asking.end(sent.body)
  })
}
