import { post } from './ask.js'
import type { EdgeDestination } from './destination.js'
import { checkText, checkUrl, invalid } from './options.js'

/** Options of `region`: the other fleet's address, or a function that reaches its cache. */
export interface RegionOptions {
  /** Name of the other region. */
  readonly name: string
  /** Address of the other fleet, with its front door: any of its instances. */
  readonly url?: string
  /** The other fleet's `regionSecret`. */
  readonly secret?: string
  /**
   * Replaces the address: invalidates the other fleet's cache, such as through its Redis, and
   * resolves when none of its instances serves the old version.
   */
  readonly invalidate?: (tags: readonly string[]) => Promise<unknown>
  /** Milliseconds that a write waits, or true: {@link EdgeDestination.wait}. Default false. */
  readonly wait?: boolean | number
  /** Milliseconds after which a call counts as failed. Default 5,000. */
  readonly timeout?: number
  /**
   * Milliseconds until the invalidation is repeated: the longest time by which the other region's
   * database may be behind this one's, plus its longest fill. Default 10,000.
   */
  readonly again?: number
}

/**
 * Another fleet, with a Redis of its own: each invalidation of this one is carried out there, too,
 * and goes on to the caches at its edge.
 *
 * Its instances may read a replica that has not received the write yet, and fill their cache with
 * the old version after the invalidation. So it is repeated after `again` ms: staleness across
 * regions is bounded by the delivery of the first, or by `again` and the delivery of the second.
 * @throws EdgeError WEIR_EDGE_INVALID_OPTION
 * @example region({ name: 'frankfurt', url: 'https://eu.shop.example', secret: env.REGION_SECRET })
 * @example region({ name: 'tokyo', invalidate: (tags) => cacheOverTheirRedis.invalidate(tags) })
 */
export function region (options: RegionOptions): EdgeDestination {
  const { name, invalidate, wait = false, timeout = 5000, again = 10_000 } = options
  if ((invalidate === undefined) === (options.url === undefined)) {
    throw invalid('region', name, 'give it either url and secret, or invalidate')
  }
  const common = {
    name, wait, timeout, again, isRaw: true, isRegion: true, maxTags: 500, maxBytes: 128 * 1024
  } as const
  if (invalidate !== undefined) {
    return { ...common, purge: async (tags) => { await invalidate(tags) } }
  }
  const base = checkUrl('region.url', options.url)
  const secret = checkText('region.secret', options.secret)
  const url = new URL('/.well-known/weir/invalidate', base).href
  return {
    ...common,
    async purge (tags, { signal }) {
      const headers = { authorization: `Bearer ${secret}` }
      await post(name, url, { headers, json: { tags }, signal, expect: 204 })
    }
  }
}
