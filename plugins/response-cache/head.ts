import type { Cache, Entry } from '@weir/cache'
import { outcomeOfHead } from '@weir/http'
import type { FastifyReply } from 'fastify'
import { handlersHeaders } from './headers.js'
import type { StoredResponse } from './stored-response.js'

/** A stored response to GET, older than what the handler is asked about by HEAD. */
export interface ForwardedHead {
  readonly key: string
  readonly stored: Entry<StoredResponse>
}

/** Drops the stored response if the answer to HEAD contradicts it (RFC 9111, 4.3.5). */
export async function compareHead ({ key, stored }: ForwardedHead, reply: FastifyReply, cache: Cache<StoredResponse>): Promise<void> {
  const answer = { status: reply.statusCode, headers: handlersHeaders(reply, {}) }
  if (outcomeOfHead(stored.value.policy(stored), stored.value.body.length, answer) !== 'stale') return
  await cache.delete(key, { consistency: 'bounded' })
}
