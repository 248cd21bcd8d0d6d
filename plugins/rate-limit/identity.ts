import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { ignoreRejection } from '../given.js'
import { clientOf, parseAddress } from './addresses.js'

/** Known client, independent of the address of its requests. */
export interface KnownClient {
  readonly id: string
  /** Name of the limit's tier that applies. */
  readonly tier?: string
}

/**
 * Identifies the client of a request; nothing for an unknown one, which is then identified by its
 * address.
 */
export type Identify = (request: FastifyRequest) => KnownClient | null | undefined

const NO_CLIENT =
  'identify found no client, so the address is limited: return { id } with a non-empty string, ' +
  'or nothing, and no promise'

/**
 * Returns the function that identifies the client of a request and tolerates mistakes of
 * `identify`. The first mistake is logged, and the client is then identified by its address.
 */
export function identifyingSafely (identify: Identify): Identify {
  let hasComplained = false
  function complain (request: FastifyRequest, details: object): void {
    if (hasComplained) return
    hasComplained = true
    request.log.error(details, NO_CLIENT)
  }

  return (request) => {
    try {
      const client: unknown = identify(request)
      if (isKnownClient(client)) return client
      if (client) complain(request, {})
      ignoreRejection(client)
    } catch (error) {
      complain(request, { err: error })
    }
    return undefined
  }
}

const isKnownClient = (value: unknown): value is KnownClient =>
  typeof value === 'object' &&
  value !== null &&
  'id' in value &&
  typeof value.id === 'string' &&
  value.id !== ''

/**
 * Keys of budgets: digests, because keys appear in stores and logs, where names and addresses of
 * people do not belong. Users, addresses and namespaces cannot collide.
 */
export class Identities {
  /**
   * Cache of addresses: parsing and hashing one is the most expensive part, and most requests come
   * from a known one.
   */
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
    // Text that is not an address may have any length.
    if (address === undefined) return identity
    if (this.#known.size >= MOST_ADDRESSES) this.#known.clear()
    this.#known.set(ip, identity)
    return identity
  }
}

const MOST_ADDRESSES = 10_000

// 128 bits make it practically impossible for two clients to share a budget.
const digest = (text: string) => hash('sha256', text, 'hex').slice(0, 32)
