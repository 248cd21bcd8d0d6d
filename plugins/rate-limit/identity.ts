import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { clientOf, parseAddress } from './addresses.js'

/** Somebody who is known, whatever address the requests come from. */
export interface KnownClient {
  readonly id: string
  /** Which of the `tiers` of a limit applies. */
  readonly tier?: string
}

/** Says who sends a request; nothing for somebody unknown, who is then known by the address. */
export type Identify = (request: FastifyRequest) => KnownClient | null | undefined

/**
 * By what a budget is found: a digest, because keys are seen in stores and logs, where names and addresses of people do not belong.
 * Users and addresses never meet, and neither do namespaces.
 */
export function identityOf (namespace: string, client: KnownClient | null | undefined, ip: string | undefined): string {
  if (client) return digest(`${namespace}\nuser\n${client.id}`)
  const who = `${namespace}\n${ip}`
  const known = addresses.get(who)
  if (known !== undefined) return known
  const identity = digest(`${namespace}\nip\n${clientOf(parseAddress(ip))}`)
  if (addresses.size >= MOST_ADDRESSES) addresses.clear()
  addresses.set(who, identity)
  return identity
}

// Reading an address and hashing it is most of what a request costs here, and most come from one that has been seen.
const addresses = new Map<string, string>()
const MOST_ADDRESSES = 10_000

// 128 bits: two clients that share a budget by chance are not to be feared.
const digest = (text: string) => hash('sha256', text, 'hex').slice(0, 32)
