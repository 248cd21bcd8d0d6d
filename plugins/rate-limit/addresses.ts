import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Range = [Address, number]

/** Well-known prefix of NAT64 (RFC 6052, section 2.1): the last 32 bits are an IPv4 address. */
const NAT64 = ipaddr.parseCIDR('64:ff9b::/96')
/**
 * Prefix of NAT64 for local use (RFC 8215): the network decides where it contains the IPv4 address.
 */
const LOCAL_NAT64 = ipaddr.parseCIDR('64:ff9b:1::/48')

/**
 * Parses the address of a client; undefined for other text. An IPv4 address written as IPv6 is the
 * IPv4 address: mapped (`::ffff:192.0.2.1`), or through NAT64 (`64:ff9b::192.0.2.1`, RFC 6052).
 */
export function parseAddress (text: string | undefined): Address | undefined {
  return text !== undefined && isIP(text) !== 0 ? unwrap(ipaddr.process(text)) : undefined
}

const unwrap = (address: Address): Address =>
  address.kind() === 'ipv6' && address.match(NAT64) ? lastBits(address) : address

const lastBits = (address: Address) => new ipaddr.IPv4(address.toByteArray().slice(-4))

/**
 * Returns the client that an address stands for: an IPv4 address itself, or the /64 of an IPv6
 * address, which is the size assigned to one customer. An address of NAT64 for local use,
 * 64:ff9b:1::/48, is one client: a whole network of IPv4 clients would share its /64. All invalid
 * addresses count as one client.
 */
export function clientOf (address: Address | undefined): string {
  if (address === undefined) return 'unknown'
  if (address.kind() === 'ipv4' || address.match(LOCAL_NAT64)) return address.toString()
  return new ipaddr.IPv6(address.toByteArray().map((byte, i) => i < 8 ? byte : 0)).toString()
}

/**
 * Compiles addresses and ranges into a membership check; text that is not an address is never a
 * member. Throws for an invalid entry.
 */
export function addressList (entries: readonly string[]): (address: string | undefined) => boolean {
  const ranges = entries.map(parseRange)
  if (ranges.length === 0) return () => false
  return (text) => {
    const address = parseAddress(text)
    return address !== undefined && ipaddr.subnetMatch(address, { listed: ranges }, '') === 'listed'
  }
}

function parseRange (entry: string): Range {
  const address = parseAddress(entry)
  if (address !== undefined) return [address, address.kind() === 'ipv4' ? 32 : 128]
  const [network = '', bits = '', ...rest] = entry.split('/')
  // ipaddr.js would also accept 10/8 and 0x0a.0.0.0/8, which are likely mistakes.
  if (isIP(network) === 0 || !/^\d{1,3}$/.test(bits) || rest.length > 0) {
    throw new TypeError(`${JSON.stringify(entry)} is not an address or range`)
  }
  return unwrapRange(ipaddr.parseCIDR(entry))
}

/** Converts a range of IPv4 addresses written as IPv6, in the same way as `parseAddress`. */
function unwrapRange ([network, bits]: Range): Range {
  const isV4 = network instanceof ipaddr.IPv6 && bits >= 96 &&
    (network.isIPv4MappedAddress() || network.match(NAT64))
  return isV4 ? [lastBits(network), bits - 96] : [network, bits]
}
