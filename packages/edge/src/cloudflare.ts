import { post } from './ask.js'
import type { EdgeDestination } from './destination.js'
import { EdgeError } from './errors.js'
import { checkText, checkUrl, invalid } from './options.js'

/** Options of `cloudflare`. */
export interface CloudflareOptions {
  /** ID of the zone. */
  readonly zone: string
  /** API token with the permission Cache Purge. */
  readonly token: string
  /** Default `cloudflare`. */
  readonly name?: string
  /** The account's plan, which sets the rate of purges. Default `free`. */
  readonly plan?: keyof typeof LIMITS
  /** Milliseconds that a write waits, or true: {@link EdgeDestination.wait}. Default 5,000. */
  readonly wait?: boolean | number
  /** Milliseconds until the second purge: {@link EdgeDestination.again}. Default 30,000. */
  readonly again?: number
  /** Default `https://api.cloudflare.com/client/v4`. */
  readonly api?: string
}

// The bucket, and the time in which it fills, at the documented rate.
const LIMITS = {
  free: { calls: 25, per: 300_000 },
  pro: { calls: 25, per: 5000 },
  business: { calls: 50, per: 5000 },
  enterprise: { calls: 500, per: 10_000 }
} as const

/**
 * Cloudflare: purges by cache tags, up to 100 in a call, at the rate of the plan.
 *
 * Responses have `Cache-Tag` and `Cloudflare-CDN-Cache-Control`. A response fetched during the
 * purge may be stored after it. So each purge is repeated after `again` ms: until then an old
 * version is possible, even after a write has waited. The limits count for the account: with
 * several writing instances, or a plan with few purges, Cloudflare answers 429, and calls wait as
 * it says.
 * @see https://developers.cloudflare.com/cache/how-to/purge-cache/
 * @see https://developers.cloudflare.com/cache/how-to/purge-cache/purge-by-tags/
 * @throws EdgeError WEIR_EDGE_INVALID_OPTION
 * @example
 * cloudflare({ zone: '023e105f4ecef8ad9ca31a8372d0c353', token: env.CF_TOKEN, plan: 'pro' })
 */
export function cloudflare (options: CloudflareOptions): EdgeDestination {
  const { name = 'cloudflare', plan = 'free', wait = 5000, again = 30_000 } = options
  const token = checkText('cloudflare.token', options.token)
  const api = checkUrl('cloudflare.api', options.api ?? 'https://api.cloudflare.com/client/v4')
  if (!/^[0-9a-f]+$/.test(options.zone)) {
    throw invalid('cloudflare.zone', options.zone, 'use the ID of the zone')
  }
  if (!Object.hasOwn(LIMITS, plan)) {
    throw invalid('cloudflare.plan', plan, `use one of ${Object.keys(LIMITS).join(', ')}`)
  }
  const url = `${api}/zones/${options.zone}/purge_cache`
  return {
    name,
    wait,
    again,
    timeout: 5000,
    maxTags: 100,
    maxBytes: 64 * 1024,
    limit: LIMITS[plan],
    headers: {
      tags: 'cache-tag',
      separator: ',',
      // The limit of all Cache-Tag fields together.
      maxBytes: 16_000,
      cacheControl: 'cloudflare-cdn-cache-control'
    },
    async purge (tags, { signal }) {
      const headers = { authorization: `Bearer ${token}` }
      const body = await post(name, url, { headers, json: { tags }, signal })
      if (!isSuccess(body)) {
        throw new EdgeError('WEIR_EDGE_REFUSED', `${name} answered ${body.slice(0, 200)}`, {
          status: 200
        })
      }
    }
  }
}

function isSuccess (body: string): boolean {
  try {
    const answer: unknown = JSON.parse(body)
    return typeof answer === 'object' && answer !== null && Reflect.get(answer, 'success') === true
  } catch {
    return false
  }
}
