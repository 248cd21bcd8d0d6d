import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Range = [Address, number]

/** Well-known prefix of NAT64 (RFC 6052, section 2.1): the last 32 bits are an IPv4 address. */
const NAT64 = ipaddr.parseCIDR('64:ff9b::/96')
/**
 * Prefix of NAT64 for local use (RFC 8215): where the IPv4 address is in it is up to the network.
 */
const LOCAL_NAT64 = ipaddr.parseCIDR('64:ff9b:1::/48')

/**
 * The address of a client; undefined for text that is none. An IPv4 address written as IPv6 is the
 * IPv4 address: mapped (`::ffff:192.0.2.1`), or through NAT64 (`64:ff9b::192.0.2.1`, RFC 6052).
 */
export function parseAddress (text: string | undefined): Address | undefined {
  return text !== undefined && isIP(text) !== 0 ? unwrap(ipaddr.process(text)) : undefined
}

const unwrap = (address: Address): Address =>
  address.kind() === 'ipv6' && address.match(NAT64) ? lastBits(address) : address

const lastBits = (address: Address) => new ipaddr.IPv4(address.toByteArray().slice(-4))

/**
 * Whom an address stands for: an IPv4 address itself, an IPv6 address the /64 that it is in, which
 * is what one customer is given. An address of NAT64 for local use, 64:ff9b:1::/48, is one client:
 * a whole network of IPv4 clients would share its /64. All that is no address counts as one client.
 */
export function clientOf (address: Address | undefined): string {
  if (address === undefined) return 'unknown'
  if (address.kind() === 'ipv4' || address.match(LOCAL_NAT64)) return address.toString()
  return new ipaddr.IPv6(address.toByteArray().map((byte, i) => i < 8 ? byte : 0)).toString()
}

/**
 * Addresses and ranges of them, as a check of membership, which no text is that is no address.
 * Throws for an entry that is neither.
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
  // ipaddr.js would also take 10/8 and 0x0a.0.0.0/8, which are as likely a mistake.
  if (isIP(network) === 0 || !/^\d{1,3}$/.test(bits) || rest.length > 0) {
    throw new TypeError(`${JSON.stringify(entry)} is no address or range`)
  }
  return unwrapRange(ipaddr.parseCIDR(entry))
}

/** A range of IPv4 addresses that are written as IPv6, as `parseAddress` reads addresses. */
function unwrapRange ([network, bits]: Range): Range {
  const isV4 = network instanceof ipaddr.IPv6 && bits >= 96 &&
    (network.isIPv4MappedAddress() || network.match(NAT64))
  return isV4 ? [lastBits(network), bits - 96] : [network, bits]
}
