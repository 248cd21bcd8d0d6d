import ipaddr from 'ipaddr.js'
import type { User } from '../auth/index.js'
import { type Addressed, addressOf } from '../client-address.js'
import { parseAddress } from '../rate-limit/addresses.js'

// Bytes of an address that are kept: enough to locate a client, too few to identify it.
const OF_IPV4 = 3
const OF_IPV6 = 6

/**
 * Returns the client recorded for a denial: `user:<id>`, or `address:` and the network, a /24 of
 * IPv4 or a /48 of IPv6.
 */
export function clientOf (request: { readonly user: User | null } & Addressed): string {
  // Other plugins may set `request.user` to anything.
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
