import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { ignoreRejection } from '../given.js'
import { clientOf, parseAddress } from './addresses.js'

/** Somebody who is known, whatever address the requests come from. */
export interface KnownClient {
  readonly id: string
  /** Which of the `tiers` of a limit applies. */
  readonly tier?: string
}

/** Says who sends a request; nothing for somebody unknown, who is then known by the address. */
export type Identify = (request: FastifyRequest) => KnownClient | null | undefined

const NO_CLIENT =
  'identify found no client, so the address is limited: let it return { id } with a non-empty string, or nothing, and no promise'

/**
 * Makes the function that identifies the client of a request, whatever `identify` does. A mistake
 * of it is logged, the first time, and the client is then known by the address.
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
 * By what a budget is found: a digest, because keys are seen in stores and logs, where names and
 * addresses of people do not belong. Users and addresses never meet, and neither do namespaces.
 */
export class Identities {
  /**
   * Of addresses: reading one and hashing it costs most of all that happens here, and most requests
   * come from one that has been seen.
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
