import type { Outcome } from '@weir/metrics'
import { explain } from './explain.js'
import { type Problem, problemOf } from './problem.js'

/** A request to send. */
export interface Wish {
  readonly method: 'GET' | 'HEAD' | 'PATCH' | 'POST'
  /** Path and query, or a URL of a service at another origin. */
  readonly path: string
  readonly ifNoneMatch?: string
  readonly ifMatch?: string
  /** `true` bypasses caches. */
  readonly bypass?: boolean
  readonly body?: { readonly type: string, readonly text: string }
}

/** A request that was answered. */
export interface Exchange {
  readonly wish: Wish
  /** The identity that sent the request. */
  readonly who: string
  /** ms since 1970 */
  readonly sentAt: number
  /** Time until the whole body was received. */
  readonly ms: number
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  readonly outcome: Outcome
  readonly instance?: string
  /** Sentences that explain how the request was answered. */
  readonly words: string
  /** The error, if the status denotes one. */
  readonly problem?: Problem
}

/** Describes a request that was answered. */
export function exchanged (
  sent: Pick<Exchange, 'wish' | 'who' | 'sentAt' | 'ms'>,
  status: number,
  headers: ReadonlyMap<string, string>,
  body: string
): Exchange {
  const field = (name: string) => headers.get(name) ?? null
  const explanation = explain({ status, cacheStatus: field('cache-status'), age: field('age') })
  return {
    ...sent,
    ...explanation,
    status,
    headers,
    body,
    ...(status >= 400 && { problem: problemOf(status, body, field('retry-after')) })
  }
}

/**
 * Returns the header fields of a request. Cache-Control is always present: `as-is` is a directive
 * that no cache knows, so caches ignore it (RFC 9111, 5.2.3). `send` explains why the browser needs
 * it.
 */
export function fieldsOf (wish: Wish, token: string | undefined): Record<string, string> {
  return {
    'cache-control': wish.bypass === true ? 'no-cache' : 'as-is',
    ...(wish.ifNoneMatch !== undefined && { 'if-none-match': wish.ifNoneMatch }),
    ...(wish.ifMatch !== undefined && { 'if-match': wish.ifMatch }),
    ...(wish.body !== undefined && { 'content-type': wish.body.type }),
    ...(token !== undefined && { authorization: `Bearer ${token}` })
  }
}

/**
 * Parses a typed address into its path and query for this origin, or its whole URL for another
 * announced origin. Returns the reason if no request can be sent there.
 *
 * @example pathOf('api/products', 'https://weir.example') // { path: '/api/products' }
 */
export function pathOf (
  typed: string,
  origin: string,
  others: readonly string[] = []
): { readonly path: string } | { readonly mistake: string } {
  const trimmed = typed.trim()
  if (trimmed === '') return { mistake: 'Enter a path, such as /api/products.' }
  if (!URL.canParse(trimmed, `${origin}/`)) {
    return { mistake: 'Not a path or URL.' }
  }
  const url = new URL(trimmed, `${origin}/`)
  if (others.includes(url.origin)) return { path: url.href }
  if (url.origin !== origin) {
    const known = [origin, ...others].join(', ')
    return { mistake: `No service announces ${url.origin}: use a path, or a URL of ${known}.` }
  }
  return { path: url.pathname + url.search }
}
