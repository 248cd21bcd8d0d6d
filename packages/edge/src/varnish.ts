import type { EdgeDestination, PurgeOptions } from './destination.js'
import { EdgeError } from './errors.js'
import { ask, refusalOf } from './ask.js'
import { setTimeout as pause } from 'node:timers/promises'
import { checkText, checkUrls, invalid } from './options.js'

/** Options of `varnish`. */
export interface VarnishOptions {
  /** Address of every Varnish: a purge is confirmed when all of them have confirmed it. */
  readonly urls: readonly string[]
  /** The secret in the VCL. */
  readonly secret: string
  /** Default `varnish`. */
  readonly name?: string
  /**
   * True keeps purged responses for revalidation (`xkey.softpurge`). The shipped VCL has no grace,
   * so they are not served without it; in a VCL with grace they would be. Default false.
   */
  readonly soft?: boolean
  /**
   * Milliseconds between the two purges of an invalidation: the longest time for which a thread of
   * Varnish may be held up between its last look at the epoch and storing. Default 20.
   */
  readonly settle?: number
  /** Milliseconds that a write waits, or true: {@link EdgeDestination.wait}. Default 5,000. */
  readonly wait?: boolean | number
  /** Milliseconds after which a call counts as failed. Default 2,000. */
  readonly timeout?: number
}

/**
 * Varnish 7 with the modules xkey and var, and the VCL of this package (`varnish/weir.vcl`).
 *
 * A purge also changes the VCL's epoch: a response whose fetch began before it is not stored.
 * Between the comparison of the epoch and the moment at which xkey knows the response, a thread
 * runs a few µs of code; a purge just then would miss it. A second purge, `settle` ms later and
 * before the confirmation, does not.
 *
 * A Varnish that was restarted is empty. One that does not answer confirms nothing: it may be
 * cut off from this instance only.
 * @see https://github.com/varnish/varnish-modules/blob/master/src/vmod_xkey.vcc
 * @throws EdgeError WEIR_EDGE_INVALID_OPTION
 * @example varnish({ urls: ['http://10.0.0.1:6081', 'http://10.0.0.2:6081'], secret: env.VARNISH_SECRET })
 */
export function varnish (options: VarnishOptions): EdgeDestination {
  const { name = 'varnish', soft = false, settle = 20, wait = 5000, timeout = 2000 } = options
  const urls = checkUrls('varnish.urls', options.urls, 'Varnish')
  const secret = checkText('varnish.secret', options.secret)
  if (!(settle >= 0 && settle < timeout)) {
    throw invalid('varnish.settle', settle, `use milliseconds below the timeout (${timeout})`)
  }

  const purge = async (url: string, tags: string, signal: AbortSignal): Promise<void> => {
    const answer = await ask(name, url, {
      method: 'PURGE',
      headers: { 'weir-secret': secret, 'weir-tags': tags, ...(soft && { 'weir-soft': '1' }) },
      signal
    })
    if (answer.status === 200 && answer.headers['weir-purged'] !== undefined) return
    if (answer.status === 200) {
      throw new EdgeError('WEIR_EDGE_REFUSED', `${name} at ${url} does not run the VCL of Weir`)
    }
    throw refusalOf(`${name} at ${url}`, answer)
  }

  return {
    name,
    wait,
    timeout,
    maxTags: 500,
    // Varnish refuses longer fields by default (http_req_hdr_len).
    maxBytes: 7000,
    concurrency: 8,
    headers: {
      tags: 'xkey',
      // http_resp_hdr_len is 8 KiB, http_resp_size 32 KiB by default.
      maxLineBytes: 7000,
      maxBytes: 14_000,
      cacheControl: 'varnish-cache-control'
    },
    async purge (tags, { signal }: PurgeOptions) {
      const text = tags.join(' ')
      const purgeAll = () => Promise.all(urls.map((url) => purge(url, text, signal)))
      await purgeAll()
      await pause(settle, undefined, { signal })
      await purgeAll()
    }
  }
}
