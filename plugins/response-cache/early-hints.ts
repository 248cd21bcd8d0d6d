import { earlyHints } from '@weir/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { writeInterim } from './interim.js'
import { hasConditions, type StoredResponse } from './stored-response.js'

/**
 * Returns whether hints are useful: a client with conditions or a Range knows the response, and
 * HEAD requests no page.
 */
export const wantsEarlyHints = ({ method, headers }: FastifyRequest): boolean =>
  method === 'GET' && !hasConditions(headers)

/** Sends the links of a stored response that a client can use at once, as a 103 (RFC 8297). */
export function sendEarlyHints (reply: FastifyReply, stored: StoredResponse): void {
  const links = earlyHints(stored.toHeaders()['link'])
  if (links.length > 0) writeInterim(reply.raw, 103, { link: links.join(', ') })
}
