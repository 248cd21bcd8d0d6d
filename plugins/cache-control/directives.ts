import { parseDuration } from '@weir/cache'
import type { AnyCacheControl } from './options.js'

/** Converts a duration to whole seconds, the unit of directives. */
export const seconds = (duration: AnyCacheControl['sharedMaxAge']): number =>
  Math.floor(parseDuration(duration, 'it') / 1000)

/**
 * Renders the Cache-Control field.
 * @param maxAge in seconds; undefined: the page has no lifetime
 * @example
 * directives({ public: true, maxAge: '1h', immutable: true }, 3600)
 * // 'public, max-age=3600, immutable'
 */
export function directives (options: AnyCacheControl, maxAge: number | undefined): string {
  const {
    public: isPublic,
    private: isPrivate,
    noStore,
    noCache,
    sharedMaxAge,
    mustRevalidate,
    immutable
  } = options
  const { staleWhileRevalidate, staleIfError } = options
  const said: readonly (string | false)[] = [
    isPublic === true && 'public',
    isPrivate === true && 'private',
    noStore === true && 'no-store',
    noCache === true && 'no-cache',
    maxAge !== undefined && `max-age=${maxAge}`,
    sharedMaxAge !== undefined && `s-maxage=${seconds(sharedMaxAge)}`,
    mustRevalidate === true && 'must-revalidate',
    immutable === true && 'immutable',
    staleWhileRevalidate !== undefined && `stale-while-revalidate=${seconds(staleWhileRevalidate)}`,
    staleIfError !== undefined && `stale-if-error=${seconds(staleIfError)}`
  ]
  return said.filter((directive) => directive !== false).join(', ')
}

/**
 * Returns the lifetime, in seconds, that the route itself declares.
 * @param expires value returned by the route's function
 */
export function lifetimeOf (
  { maxAge }: AnyCacheControl,
  expires: Date | undefined,
  now: number
): number | undefined {
  if (expires !== undefined) return Math.max(0, Math.floor((expires.getTime() - now) / 1000))
  return maxAge === undefined || maxAge === 'fragments' ? undefined : seconds(maxAge)
}
