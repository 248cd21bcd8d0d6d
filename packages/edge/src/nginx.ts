import { ask, refusalOf } from './ask.js'
import type { EdgeDestination } from './destination.js'
import { EdgeError } from './errors.js'
import { EVERYTHING } from './headers.js'
import { checkUrls, invalid } from './options.js'
import { keyIn, shownTag } from './tags.js'

/** Options of `nginx`. */
export interface NginxOptions {
  /** Address of every nginx: a purge is confirmed when all of them have confirmed it. */
  readonly urls: readonly string[]
  /**
   * Returns path and query of **every** page that carries a tag of yours; undefined for a tag that
   * it does not know, whose purge becomes a dead letter. Tags of URIs need no answer.
   *
   * Called for each response, too: one that a tag's purge would not reach is not stored. `clear()`
   * has the tag `weir:everything`: without pages for it, it is a dead letter that says how to empty
   * nginx by hand.
   */
  readonly pages: (tag: string) => readonly string[] | undefined
  /** Host of the requests, if it is part of `proxy_cache_key`. Default: that of each URL. */
  readonly host?: string
  /** Default `nginx`. */
  readonly name?: string
  /** Milliseconds that a write waits, or true: {@link EdgeDestination.wait}. Default 5,000. */
  readonly wait?: boolean | number
  /** Milliseconds until the second purge: {@link EdgeDestination.again}. Default 60,000. */
  readonly again?: number
}

/**
 * nginx with `proxy_cache` and the module ngx_cache_purge (Debian: libnginx-mod-http-cache-purge).
 *
 * Open-source nginx knows no tags: the module removes one page by its key. So this adapter needs to
 * know the pages of each tag, and suits sites where a tag is a few pages. `X-Accel-Expires` has the
 * lifetime. Purges need a location of their own, in which `$1` stands for the path in the key:
 *
 *     location ~ ^/weir-purge(/.*)$ {
 *       allow 10.0.0.0/8; deny all;
 *       add_header weir-purge 1 always;
 *       proxy_cache_purge ZONE $1$is_args$args;   # for proxy_cache_key $uri$is_args$args
 *     }
 *
 * Caching locations need `proxy_ignore_headers Cache-Control Expires;`, because nginx up to 1.22
 * obeys `no-cache` if it comes before `X-Accel-Expires`. Then it stores only responses with that
 * lifetime. They also need `proxy_no_cache $upstream_http_vary;`: a purge does not reach the other
 * variants of a page, and a server between may add Vary.
 *
 * The other form of the directive, `proxy_cache_purge PURGE from …`, crashes Debian's nginx 1.22.
 *
 * nginx stores a response although its page was purged while it was fetched. So each purge is
 * repeated after `again` ms, which must exceed the longest response: until then an old version is
 * possible, even after a write has waited. Varnish does without that.
 * @see https://github.com/FRiCKLE/ngx_cache_purge
 * @see https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache
 * @throws EdgeError WEIR_EDGE_INVALID_OPTION
 * @example
 * nginx({
 *   urls: ['http://10.0.0.1'],
 *   pages: (tag) => tag.startsWith('product:') ? [`/products/${tag.slice(8)}`] : undefined
 * })
 */
export function nginx (options: NginxOptions): EdgeDestination {
  const { name = 'nginx', wait = 5000, again = 60_000, host, pages } = options
  const urls = checkUrls('nginx.urls', options.urls, 'nginx')
  if (typeof Reflect.get(options, 'pages') !== 'function') {
    throw invalid('nginx.pages', Reflect.get(options, 'pages'), 'pass a function')
  }

  const purge = async (page: string, signal: AbortSignal): Promise<void> => {
    await Promise.all(urls.map(async (url) => {
      const answer = await ask(name, `${url}/weir-purge${page}`, {
        method: 'GET', headers: host === undefined ? {} : { host }, signal
      })
      // The application would answer 404 if nginx lacked the location of purges.
      if (answer.headers['weir-purge'] === undefined && answer.status < 500) {
        throw new EdgeError(
          'WEIR_EDGE_REFUSED', `${name} at ${url} does not have the location /weir-purge`)
      }
      // The page is not there: 404 in older versions of the module, 412 in later ones.
      if (![200, 404, 412].includes(answer.status)) throw refusalOf(`${name} at ${url}`, answer)
    }))
  }

  /** Returns the pages that the purge of a tag removes; undefined for an unknown one. */
  const pagesOf = (tag: string) => {
    const uri = keyIn(tag)
    return uri === undefined ? pages(tag) : pagesOfUri(uri)
  }

  const isPurgedBy = (tag: string, target: string): boolean => {
    const found = pagesOf(tag)
    // A purge that becomes a dead letter confirms nothing. Without it nginx would store no page.
    if (found === undefined) return tag === EVERYTHING
    return found.some((page) => asRequested(page) === target)
  }

  return {
    name,
    wait,
    again,
    mayStore: ({ target, tags, varies }) =>
      !varies && hasOneSpelling(target) && tags.every((tag) => isPurgedBy(tag, target)),
    isRaw: true,
    maxTags: 50,
    maxBytes: 64 * 1024,
    headers: {
      cacheControl: 'x-accel-expires',
      lifetime: String
    },
    async purge (tags, { signal }) {
      const all = new Set<string>()
      for (const tag of tags) {
        const found = pagesOf(tag)
        if (found === undefined) throw new EdgeError('WEIR_EDGE_REFUSED', unknownTag(name, tag))
        for (const page of found) all.add(page)
      }
      await Promise.all([...all].map((page) => purge(page, signal)))
    }
  }
}

/** Returns what to do about a tag without pages. */
const unknownTag = (name: string, tag: string): string => tag === EVERYTHING
  ? `${name} was not emptied by clear(), because nginx knows no tags: delete the files below its ` +
    'proxy_cache_path and discard this dead letter, or return every page for ' +
    `"${EVERYTHING}" from nginx.pages()`
  : `nginx.pages() does not know tag "${shownTag(tag)}", return its pages, or [] if it has none`

/** Returns the page of a URI's tag: `https://shop.example/a?b=c`, or `…/a#` for any query. */
function pagesOfUri (uri: string): string[] {
  const [first = ''] = uri.split('\n')
  const text = first.replace(/#.*$/, '')
  if (!URL.canParse(text)) return []
  const { pathname, search } = new URL(text)
  return [pathname + search]
}

/** Returns a page as the purge of it is sent: with other characters encoded. */
function asRequested (page: string): string | undefined {
  if (!URL.canParse(page, 'http://a')) return undefined
  const { pathname, search } = new URL(page, 'http://a')
  return pathname + search
}

/**
 * Returns whether nginx's `$uri` of a target stands for no other one: it is decoded, and has single
 * slashes.
 */
function hasOneSpelling (target: string): boolean {
  const [path = ''] = target.split('?')
  try {
    return !path.includes('//') && encodeURI(decodeURI(path)) === path
  } catch {
    return false
  }
}
