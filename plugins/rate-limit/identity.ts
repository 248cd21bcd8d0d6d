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
export class Identities {
  /** Of addresses: reading one and hashing it costs most of all that happens here, and most requests come from one that has been seen. */
  readonly #known = new Map<string, string>()

  constructor (readonly namespace: string) {}

  ofUser (id: string): string {
    return digest(`${this.namespace}\nuser\n${id}`)
  }

  ofAddress (ip: string): string {
    const known = this.#known.get(ip)
    if (known !== undefined) return known
    const address = parseAddress(ip)
    const identity = digest(`${this.namespace}\nip\n${clientOf(address)}`)
    // What is no address may be any text, of any length.
    if (address === undefined) return identity
    if (this.#known.size >= MOST_ADDRESSES) this.#known.clear()
    this.#known.set(ip, identity)
    return identity
  }
}

const MOST_ADDRESSES = 10_000

// 128 bits: two clients that share a budget by chance are not to be feared.
const digest = (text: string) => hash('sha256', text, 'hex').slice(0, 32)
