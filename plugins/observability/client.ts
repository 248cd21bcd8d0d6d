import ipaddr from 'ipaddr.js'
import type { User } from '../auth/index.js'
import { type Addressed, addressOf } from '../client-address.js'
import { parseAddress } from '../rate-limit/addresses.js'

// Bytes that are kept of an address: who it is cannot be told by them, where it comes from can.
const OF_IPV4 = 3
const OF_IPV6 = 6

/**
 * Whom a denial is told of: `user:<id>`, or `address:` and the network, a /24 of IPv4 and a /48 of
 * IPv6.
 */
export function clientOf (request: { readonly user: User | null } & Addressed): string {
  // Another plugin's `request.user` may be anything.
  const { user } = request
  return typeof user?.id === 'string'
    ? `user:${user.id}`
    : `address:${networkOf(addressOf(request))}`
}

function networkOf (ip: string): string {
  const address = parseAddress(ip)
  if (address === undefined) return 'unknown'
  const kept = address.kind() === 'ipv4' ? OF_IPV4 : OF_IPV6
  const network = ipaddr.fromByteArray(address.toByteArray().map((byte, i) => i < kept ? byte : 0))
  return `${network.toString()}/${kept * 8}`
}
