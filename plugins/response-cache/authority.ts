import type { FastifyRequest } from 'fastify'
import { WEIR_ERR_AUTHORITY } from '../errors.js'

// RFC 3986, 3.2.2: a name or an IPv4 address, or an IPv6 address in brackets. Percent signs are
// rejected: clients do not send them, and they would have to be decoded.
const AUTHORITY = /^(?:\[[\da-f:.]{2,45}\]|[\w\-.~!$&'()*+,;=]{1,255}|)(?::(\d{0,5}))?$/i
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 }

// Maximum number of remembered names of a site; others are computed again.
const MOST_KNOWN = 256
/**
 * Origins by scheme, then by authority: joining the two would cost a hit as much as the rest of its
 * key.
 */
const known = new Map<string, Map<string, string>>()

/**
 * Returns scheme and authority of a request in normal form (RFC 9110, 4.2.3): lower case, without a
 * default port. Behind a trusted proxy they come from `X-Forwarded-Proto` and `-Host`.
 * @throws WEIR_ERR_AUTHORITY (400) for an invalid authority: it could be taken for part of a path
 * @example originOf(request) // 'https://shop.example'
 */
export function originOf (request: FastifyRequest): string {
  const { protocol, host } = request
  const before = known.get(protocol)?.get(host)
  if (before !== undefined) return before
  const origin = normalized(protocol, host)
  const ofScheme = known.get(protocol) ?? new Map<string, string>()
  if (ofScheme.size >= MOST_KNOWN) ofScheme.clear()
  ofScheme.set(host, origin)
  known.set(protocol, ofScheme)
  return origin
}

function normalized (protocol: string, host: string): string {
  const scheme = protocol.toLowerCase()
  const defaultPort = DEFAULT_PORTS[scheme]
  const [matched, port] = AUTHORITY.exec(host) ?? []
  if (defaultPort === undefined) throw new WEIR_ERR_AUTHORITY('scheme', protocol)
  if (matched === undefined) throw new WEIR_ERR_AUTHORITY('host', host)
  const name = host.toLowerCase().replace(/:\d*$/, '')
  return `${scheme}://${name}${port === undefined || port === '' || Number(port) === defaultPort ? '' : `:${Number(port)}`}`
}
