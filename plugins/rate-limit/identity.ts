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
  const who = client ? `user\n${client.id}` : `ip\n${clientOf(parseAddress(ip))}`
  // 128 bits: two clients that share a budget by chance are not to be feared.
  return hash('sha256', `${namespace}\n${who}`, 'hex').slice(0, 32)
}
