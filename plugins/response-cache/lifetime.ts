import { type EntryOptions, parseDuration } from '@weir/cache'
import { hasValidators, type Policy, type StoringOptions } from '@weir/http'
import type { RouteCacheOptions } from './options.js'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

type LifetimeOptions = {
  readonly [K in keyof RouteCacheOptions]?: RouteCacheOptions[K] | undefined
}

const milliseconds = (duration: RouteCacheOptions['ttl']) => parseDuration(duration, 'it')

const read = new WeakMap<LifetimeOptions, StoringOptions>()

/** Converts a route's lifetimes to options of @weir/http: milliseconds, with the jitter applied. */
export function storingOptions (options: LifetimeOptions): StoringOptions {
  let said = read.get(options)
  if (said === undefined) {
    said = inMilliseconds(options)
    read.set(options, said)
  }
  const { jitter = 0 } = options
  return said.ttl === undefined || jitter === 0
    ? said
    : { ...said, ttl: said.ttl * (1 - jitter * Math.random()) }
}

function inMilliseconds ({
  ttl,
  maxTtl,
  heuristic,
  targets,
  staleWhileRevalidate,
  staleIfError
}: LifetimeOptions): StoringOptions {
  return {
    ...(ttl !== undefined && { ttl: milliseconds(ttl) }),
    ...(maxTtl !== undefined && { maxTtl: milliseconds(maxTtl) }),
    ...(heuristic !== undefined && { heuristic }),
    ...(targets !== undefined && { targets: targets.map((name) => name.toLowerCase()) }),
    ...(staleWhileRevalidate !== undefined && {
      staleWhileRevalidate: milliseconds(staleWhileRevalidate)
    }),
    ...(staleIfError !== undefined && { staleIfError: milliseconds(staleIfError) })
  }
}

/**
 * Limits a page's freshness in this cache to that of its fragments.
 * @param freshUntil freshness of the fragments; undefined: there are none
 */
export function boundedBy (
  freshUntil: number | undefined,
  responseTime: number,
  said: StoringOptions
): StoringOptions {
  if (freshUntil === undefined) return said
  const left = Math.max(0, freshUntil - responseTime)
  return {
    ...said,
    ...(said.ttl !== undefined && { ttl: Math.min(said.ttl, left) }),
    maxTtl: Math.min(said.maxTtl ?? Infinity, left)
  }
}

/**
 * Converts a policy to the engine's options.
 * @param retain the route's option: time that a response is kept after it has expired
 */
export function lifetime (
  policy: Policy,
  responseTime: number,
  retain: RouteCacheOptions['retain']
): EntryOptions {
  const { freshUntil, staleUntil, errorUntil, noCache, neverStale } = policy
  const ttl = freshFor(policy, responseTime)
  // A response with validators can be revalidated; one without is for clients that accept it stale,
  // or for errors of the handler.
  const isOfUse = hasValidators(policy) || (!noCache && !neverStale)
  return {
    ttl,
    staleWhileRevalidate: Math.max(0, staleUntil - freshUntil),
    staleIfError: Math.max(0, errorUntil - freshUntil),
    retain: !isOfUse
      ? 0
      : retain !== undefined
        ? milliseconds(retain)
        : Math.min(Math.max(ttl, MINUTE), DAY)
  }
}

/** Returns the milliseconds for which a response is served without revalidation. */
export const freshFor = (
  { freshUntil, noCache }: Pick<Policy, 'freshUntil' | 'noCache'>,
  responseTime: number
): number => (noCache ? 0 : Math.max(0, freshUntil - responseTime))
