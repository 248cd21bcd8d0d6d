import { createHmac } from 'node:crypto'
import { RecentKeys } from '@weir/internal'
import type { FastifyRequest } from 'fastify'
import { addressOf } from '../client-address.js'
import { clientOf } from '../observability/client.js'

/** Names the client of a request; undefined for none. */
export type NameClient = (request: FastifyRequest) => string | undefined

// Bytes of the keyed hash of an address.
const HASH_BYTES = 6
const LONGEST = 100

/**
 * Returns the default names of clients: `user:<id>`, or `address:` and the network; with a secret
 * followed by `#` and a keyed hash, which tells the clients of a network apart.
 */
export function defaultClients (secret: string | undefined): NameClient {
  const known = new RecentKeys<string>()
  return (request) => {
    const { user } = request
    if (typeof user?.id === 'string') return `user:${user.id}`
    const address = addressOf(request)
    const before = known.get(address)
    if (before !== undefined) return before
    const network = clientOf(request)
    const name = secret === undefined
      ? network
      : `${network}#${createHmac('sha256', secret).update(address).digest().toString('base64url', 0, HASH_BYTES)}`
    known.set(address, name)
    return name
  }
}

/** Returns the application's own names within bounds. Its mistakes are logged once. */
export function ownClients (
  name: (request: FastifyRequest) => string | undefined
): NameClient {
  let isReported = false
  return (request) => {
    try {
      const given: unknown = name(request)
      if (given === undefined) return undefined
      if (typeof given === 'string') return given.slice(0, LONGEST)
      throw new TypeError(`client returned ${typeof given} instead of a string`)
    } catch (error) {
      if (!isReported) {
        request.log.error({ err: error }, 'the journal cannot name a client. This is logged once')
      }
      isReported = true
      return undefined
    }
  }
}
