import type { Answer } from '../target/target.js'

/** The sign by which the audit knows that a response came from a cache. */
export type HitSign = 'cache-status' | 'x-cache' | 'age' | 'handler' | 'unchanged'

/** Looks for the sign of a hit in the second response to equal requests. */
export function hitSign (first: Answer, second: Answer): HitSign | undefined {
  const status = second.headers.get('cache-status')
  if (status !== undefined && /;\s*hit\b/.test(status)) return 'cache-status'
  const named = second.headers.get('x-cache') ?? second.headers.get('x-cache-status') ??
    second.headers.get('cf-cache-status')
  if (named !== undefined && /\bhit\b/i.test(named)) return 'x-cache'
  // A cache that speaks says miss.
  if (status !== undefined || named !== undefined) return undefined
  if (second.headers.has('age') && !first.headers.has('age')) return 'age'
  if (first.status !== second.status) return undefined
  if (first.reads?.hasRun === true && second.reads?.hasRun === false) return 'handler'
  return undefined
}

/**
 * Whether a cache may have served the second response from the first. A cache that names its hits
 * and what it stores is believed, unless Age shows that another one answered.
 * @param plain tells whether the cache names what it stores
 */
export function mayBeServed (plain: Answer, first: Answer, second: Answer): boolean {
  const speaks = [...second.headers.keys()].some((name) => SPEAKING.has(name))
  if (!speaks || (second.headers.has('age') && !first.headers.has('age'))) return true
  if (hitSign(first, second) === undefined) return false
  const states = (answer: Answer, what: RegExp) =>
    what.test(answer.headers.get('cache-status') ?? '')
  return !states(plain, /;\s*stored\b/) || !first.headers.has('cache-status') ||
    states(first, /;\s*(?:stored|hit)\b/)
}

const SPEAKING: ReadonlySet<string> =
  new Set(['cache-status', 'x-cache', 'x-cache-status', 'cf-cache-status'])
