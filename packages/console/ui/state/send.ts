import { type Exchange, exchanged, fieldsOf, type Wish } from '../model/exchange.js'
import { type Problem } from '../model/problem.js'
import { UNREACHED } from './get-json.js'
import { type Identity } from './identity.js'
import { type Query } from './use-query.js'

const GIVE_UP_MS = 60_000

/** A request that has no answer. */
export interface Unanswered {
  readonly wish: Wish
  readonly who: string
  readonly sentAt: number
  readonly problem: Problem
}

export type Sent = Exchange | Unanswered

export const wasAnswered = (sent: Sent): sent is Exchange => 'status' in sent

/**
 * What is known after one more request for the same: an error does not take away the last answer.
 */
export function knownAfter (before: Query<Exchange>, sent: Sent): Query<Exchange> {
  if (sent.problem !== undefined) return { ...before, problem: sent.problem }
  return wasAnswered(sent) ? { value: sent } : before
}

/**
 * Sends a request so that the suite sees what was wished, and nothing of the browser's own making.
 * Each mode of fetch alone fails at that: `default` answers from the browser's cache or adds its
 * If-None-Match, and to one of ours Cache-Control: max-age=0; `no-cache` adds the same; `no-store`
 * and `reload` leave the browser's cache out of it, and add Cache-Control: no-cache, which is to
 * bypass the suite's. But they add it only where the request has no Cache-Control (Fetch,
 * "HTTP-network-or-cache fetch"): so each wish has one (`fieldsOf`). The Pragma: no-cache that
 * comes with it does not count beside Cache-Control (RFC 9111, 5.4).
 */
export async function send (wish: Wish, identity: Identity, signal?: AbortSignal): Promise<Sent> {
  const { method, path, body } = wish
  const sentAt = Date.now()
  const begun = performance.now()
  const limit = AbortSignal.timeout(GIVE_UP_MS)
  try {
    const response = await fetch(path, {
      method,
      headers: fieldsOf(wish, identity.token),
      ...(body !== undefined && { body: body.text }),
      cache: 'no-store',
      credentials: 'omit',
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit])
    })
    const text = await response.text()
    const sent = { wish, who: identity.label, sentAt, ms: performance.now() - begun }
    return exchanged(sent, response.status, new Map(response.headers), text)
  } catch {
    return { wish, who: identity.label, sentAt, problem: UNREACHED }
  }
}
