import { type Exchange, exchanged, fieldsOf, type Wish } from '../model/exchange.js'
import { type Problem } from '../model/problem.js'
import { UNREACHED } from './get-json.js'
import { type Identity } from './identity.js'
import { type Query } from './use-query.js'

const GIVE_UP_MS = 60_000

/** A request without a response. */
export interface Unanswered {
  readonly wish: Wish
  readonly who: string
  readonly sentAt: number
  readonly problem: Problem
}

export type Sent = Exchange | Unanswered

export const wasAnswered = (sent: Sent): sent is Exchange => 'status' in sent

/** Merges a new result into a query: an error does not replace the last response. */
export function knownAfter (before: Query<Exchange>, sent: Sent): Query<Exchange> {
  if (sent.problem !== undefined) return { ...before, problem: sent.problem }
  return wasAnswered(sent) ? { value: sent } : before
}

/**
 * Sends a request to the suite exactly as specified, without fields added by the browser's cache.
 * No mode of fetch does that alone: `default` answers from the browser's cache or adds an
 * If-None-Match, and adds Cache-Control: max-age=0 if the request has its own; `no-cache` adds the
 * same; `no-store` and `reload` skip the browser's cache, but add Cache-Control: no-cache, which
 * would bypass the suite's cache. They add it only if the request has no Cache-Control (Fetch,
 * "HTTP-network-or-cache fetch"), so each request has one (`fieldsOf`). The accompanying Pragma:
 * no-cache is ignored if Cache-Control is present (RFC 9111, 5.4).
 */
export const send = (wish: Wish, identity: Identity, signal?: AbortSignal): Promise<Sent> =>
  sendWith('omit', wish, identity, signal)

/**
 * Sends a request like `send`, with the cookies and Basic credentials of this site: for actions of
 * the visitor, which applications without tokens authorize by these.
 */
export const act = (wish: Wish, identity: Identity): Promise<Sent> =>
  sendWith('same-origin', wish, identity)

async function sendWith (
  credentials: 'omit' | 'same-origin',
  wish: Wish,
  identity: Identity,
  signal?: AbortSignal
): Promise<Sent> {
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
      credentials,
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit])
    })
    const text = await response.text()
    const sent = { wish, who: identity.label, sentAt, ms: performance.now() - begun }
    return exchanged(sent, response.status, new Map(response.headers), text)
  } catch {
    return { wish, who: identity.label, sentAt, problem: UNREACHED }
  }
}
