import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import * as http from '@weir/http'

/** Cached response: bytes, header fields, and the policy for its reuse. */
export interface Page {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  readonly policy: http.Policy
}

/** Creates a page that is the same for every client. */
export function makePage (value: unknown): Page {
  const body = JSON.stringify(value)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`
  // Browsers revalidate each time, and usually get a 304. `ttl` applies to this cache only.
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-cache', etag }
  const times = { requestTime: Date.now(), responseTime: Date.now() }
  const request = { method: 'GET', headers: {} }
  const storing = http.decideStoring(request, { status: 200, headers }, times, { ttl: 60_000 })
  if (!storing.store) throw new Error(`This page cannot be stored: ${storing.reason}`)
  return { body, headers, policy: storing.policy }
}

/** Answers with a page, or with 304 to a client that has it. Express extends node:http. */
export function sendPage (
  { page, isHit, name }: { page: Page, isHit: boolean, name: string },
  { headers }: IncomingMessage,
  response: ServerResponse
) {
  const { body, policy } = page
  const now = Date.now()
  const stored = { status: 200, policy, length: Buffer.byteLength(body) }
  const isKnown = http.answerFromStored({ method: 'GET', headers }, stored, now) === 'not-modified'
  const status: http.CacheStatus = isHit
    ? { hit: true, ttl: http.ttlSeconds(policy, now) }
    : { fwd: 'uri-miss', stored: true }
  response.statusCode = isKnown ? 304 : 200
  response.setHeaders(new Map(Object.entries(page.headers)))
  response.setHeader('age', http.ageSeconds(policy, now))
  response.setHeader('cache-status', http.formatCacheStatus(name, status))
  response.end(isKnown ? undefined : body)
}
