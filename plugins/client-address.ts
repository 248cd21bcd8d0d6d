import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'

/** Properties of a request that identify its origin, over HTTP/1.1 or HTTP/2. */
export interface Addressed extends Pick<FastifyRequest, 'ip' | 'ips'> {
  readonly raw: { readonly headers: IncomingHttpHeaders, readonly socket: object }
}

/**
 * Returns the client's address, like `request.ip`, in every format that proxies write: a hop may
 * have a port (`192.0.2.1:4711`, `[2001:db8::1]:4711`), and `Forwarded` (RFC 7239) counts if there
 * is no X-Forwarded-For. Fastify's `trustProxy` decides which hops count, as it does for
 * `request.ip`. Returns `unknown` if the proxy hides the client (RFC 7239, sections 6.2 and 6.3) or
 * writes no address.
 *
 * @example addressOf(request) // '192.0.2.1', for Forwarded: for="192.0.2.1:4711"
 */
export function addressOf (request: Addressed): string {
  const hops = hopsOf(request)
  const address = hops === undefined ? request.ip : read(request, 'ip', hops)
  return typeof address === 'string' ? address : request.ip
}

/**
 * Returns the addresses from the nearest proxy to the client, like `request.ips`; see {@link
 * addressOf}.
 */
export function addressesOf (request: Addressed): string[] {
  const hops = hopsOf(request)
  const addresses = hops === undefined ? request.ips : read(request, 'ips', hops)
  return Array.isArray(addresses) ? addresses.map(String) : [addressOf(request)]
}

/**
 * Returns the hops that proxies have written, the client first; undefined if Fastify reads the
 * same.
 */
function hopsOf ({ raw: { headers } }: Addressed): string[] | undefined {
  const { 'x-forwarded-for': list, forwarded } = headers
  if (typeof list === 'string' && list.trim() !== '') {
    if (isPlain(list)) return undefined
    return list.split(',').map((hop) => hop.trim()).filter((hop) => hop !== '').map(nodeAddress)
  }
  // X-Forwarded-For counts alone: a proxy that writes it may pass on a client's Forwarded.
  return forwarded === undefined ? undefined : splitUnquoted(forwarded, ',').map(forOf)
}

// Only digits and dots: no port, no IPv6 address, no quotes.
const isPlain = (list: string) => /^[\d., ]*$/.test(list)

/** Calls Fastify's own getter with readable hops, so that its trust rules apply. */
function read (request: Addressed, name: 'ip' | 'ips', hops: readonly string[]): unknown {
  const { socket } = request.raw
  return Reflect.get(request, name, {
    raw: { socket, headers: { 'x-forwarded-for': hops.join(', ') } }
  })
}

/** Returns the address in one element of Forwarded: the value of `for`, a token or quoted. */
function forOf (element: string): string {
  const pair = splitUnquoted(element, ';').find((pair) => /^for=/i.test(pair))
  return pair === undefined ? 'unknown' : nodeAddress(pair.slice('for='.length))
}

/**
 * Returns the address of a node (RFC 7239, section 6) without its port; `unknown` if it is hidden.
 */
function nodeAddress (node: string): string {
  if (isIP(node) !== 0) return node
  const [, v6, v4] = /^"?(?:\[([^\]]*)\]|([^:"]*))(?::[\w.-]+)?"?$/.exec(node) ?? []
  const address = v6 ?? v4 ?? ''
  return isIP(address) === (v6 === undefined ? 4 : 6) ? address : 'unknown'
}

/**
 * Splits at a separator outside of quotes. Reads from the end, where trusted proxies write: an open
 * quote of a client spoils only the text before it.
 */
function splitUnquoted (text: string, separator: string): string[] {
  const parts: string[] = []
  let isQuoted = false
  let end = text.length
  for (let i = text.length - 1; i >= 0; i--) {
    if (text[i] === '"' && text[i - 1] !== '\\') isQuoted = !isQuoted
    else if (text[i] === separator && !isQuoted) {
      parts.push(text.slice(i + 1, end).trim())
      end = i
    }
  }
  return [...parts, text.slice(0, end).trim()].reverse()
}
