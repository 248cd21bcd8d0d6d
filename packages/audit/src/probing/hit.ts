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
