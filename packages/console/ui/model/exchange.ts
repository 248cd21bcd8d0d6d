import type { Outcome } from '@weir/metrics'
import { explain } from './explain.js'
import { type Problem, problemOf } from './problem.js'

/** A request as somebody wishes it. */
export interface Wish {
  readonly method: 'GET' | 'HEAD' | 'PATCH' | 'POST'
  /** With the query. */
  readonly path: string
  readonly ifNoneMatch?: string
  readonly ifMatch?: string
  /** To not be answered from a cache. */
  readonly bypass?: boolean
  readonly body?: { readonly type: string, readonly text: string }
}

/** A request that was answered. */
export interface Exchange {
  readonly wish: Wish
  /** In whose name. */
  readonly who: string
  /** ms since 1970 */
  readonly sentAt: number
  /** Until the whole body was here. */
  readonly ms: number
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  readonly outcome: Outcome
  readonly instance?: string
  /** What happened, in sentences. */
  readonly words: string
  /** Where the status is an error. */
  readonly problem?: Problem
}

/** Puts together what is known of a request that was answered. */
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
 * The header fields of a wish. Whatever the wish, Cache-Control is among them: `as-is` is a
 * directive that no cache knows, so none acts upon it (RFC 9111, 5.2.3). It is there for the
 * browser, see `send`.
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
 * Path and query of what somebody typed, which may be a whole URL of this origin; or why it cannot
 * be asked for.
 *
 * @example pathOf('api/products', 'https://weir.example') // { path: '/api/products' }
 */
export function pathOf (
  typed: string,
  origin: string
): { readonly path: string } | { readonly mistake: string } {
  const trimmed = typed.trim()
  if (trimmed === '') return { mistake: 'Type a path, such as /api/products.' }
  if (!URL.canParse(trimmed, `${origin}/`)) {
    return { mistake: 'This cannot be read as a path or URL.' }
  }
  const url = new URL(trimmed, `${origin}/`)
  if (url.origin !== origin) {
    return {
      mistake: `Only paths of this origin can be asked for: ${origin} is another than ${url.origin}.`
    }
  }
  return { path: url.pathname + url.search }
}
