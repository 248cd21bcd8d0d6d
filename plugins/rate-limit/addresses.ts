import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Range = [Address, number]

/** The address of a client; an IPv4 address written as IPv6 (::ffff:192.0.2.1) is the IPv4 address. Undefined for what is none. */
export function parseAddress (text: string | undefined): Address | undefined {
  return text !== undefined && isIP(text) !== 0 ? ipaddr.process(text) : undefined
}

/**
 * Whom an address stands for: an IPv4 address itself, of an IPv6 address the /64 it is in, which is what one customer is given.
 * All that is no address counts as one client.
 */
export function clientOf (address: Address | undefined): string {
  if (address === undefined) return 'unknown'
  if (address.kind() === 'ipv4') return address.toString()
  return new ipaddr.IPv6(address.toByteArray().map((byte, i) => i < 8 ? byte : 0)).toString()
}

/** Addresses and ranges of them, as a check of membership, which no text is that is no address. Throws for an entry that is neither. */
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
  if (isIP(network) === 0 || !/^\d{1,3}$/.test(bits) || rest.length > 0) throw new TypeError(`${JSON.stringify(entry)} is no address or range`)
  return ipaddr.parseCIDR(entry)
}
