import { post } from './ask.js'
import type { EdgeDestination } from './destination.js'
import { EdgeError } from './errors.js'
import { checkText, checkUrl, invalid } from './options.js'

/** Options of `fastly`. */
export interface FastlyOptions {
  /** ID of the service. */
  readonly service: string
  /** API token with the scope `purge_select`. */
  readonly token: string
  /** Default `fastly`. */
  readonly name?: string
  /** True marks responses as stale, to be revalidated or served in their grace. Default false. */
  readonly soft?: boolean
  /** Milliseconds that a write waits, or true: {@link EdgeDestination.wait}. Default 5,000. */
  readonly wait?: boolean | number
  /** Milliseconds until the second purge: {@link EdgeDestination.again}. Default 30,000. */
  readonly again?: number
  /** Purge calls per hour that the account allows. Default 100,000. */
  readonly callsPerHour?: number
  /** Default `https://api.fastly.com`. */
  readonly api?: string
}

const HOUR = 3_600_000

/**
 * Fastly: purges by surrogate keys, up to 256 in a call.
 *
 * Responses have `Surrogate-Key` and `Surrogate-Control`. Fastly confirms a call before all of its
 * caches have carried it out (about 150 ms), and may store a response that was fetched during the
 * purge, or from a shield that has not heard of it yet. So each purge is repeated after `again` ms:
 * until then an old version is possible, even after a write has waited.
 * @see https://www.fastly.com/documentation/reference/api/purging/
 * @see https://www.fastly.com/documentation/guides/concepts/edge-state/cache/purging/
 * @throws EdgeError WEIR_EDGE_INVALID_OPTION
 * @example fastly({ service: 'SU1Z0isx', token: env.FASTLY_TOKEN })
 */
export function fastly (options: FastlyOptions): EdgeDestination {
  const { name = 'fastly', soft = false, wait = 5000, again = 30_000 } = options
  const { callsPerHour = 100_000 } = options
  const token = checkText('fastly.token', options.token)
  const api = checkUrl('fastly.api', options.api ?? 'https://api.fastly.com')
  if (!/^[A-Za-z0-9]+$/.test(options.service)) {
    throw invalid('fastly.service', options.service, 'use the ID of the service')
  }
  const url = `${api}/service/${options.service}/purge`
  return {
    name,
    wait,
    again,
    timeout: 5000,
    maxTags: 256,
    maxBytes: 64 * 1024,
    limit: { calls: callsPerHour, per: HOUR },
    headers: {
      tags: 'surrogate-key',
      // Fastly ignores keys beyond 16,384 bytes.
      maxBytes: 16_384,
      cacheControl: 'surrogate-control'
    },
    async purge (tags, { signal }) {
      const body = await post(name, url, {
        headers: {
          'fastly-key': token,
          accept: 'application/json',
          ...(soft && { 'fastly-soft-purge': '1' })
        },
        json: { surrogate_keys: tags },
        signal
      })
      if (!isConfirmation(body, tags)) {
        throw new EdgeError('WEIR_EDGE_UNREACHABLE', `${name} answered 200: ${body.slice(0, 200)}`, {
          status: 200
        })
      }
    }
  }
}

/** Returns whether an answer has the ID of a purge for each key: a proxy may answer 200, too. */
function isConfirmation (body: string, tags: readonly string[]): boolean {
  try {
    const answer: unknown = JSON.parse(body)
    return typeof answer === 'object' && answer !== null &&
      tags.every((tag) => Object.hasOwn(answer, tag) && typeof Reflect.get(answer, tag) === 'string')
  } catch {
    return false
  }
}
