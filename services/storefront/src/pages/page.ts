import { type FragmentOptions } from '@weir/fastify/fragments'
import { type FastifyReply, type FastifyRequest } from 'fastify'
import { type Trace } from '../debug/trace.js'
import { UpstreamSilent } from '../errors.js'
import { type Shop } from './shop.js'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * True if the page has all of its parts in their current state. Incomplete pages are not
     * stored.
     */
    isWhole: boolean
  }
}

/** Part of a page, cached for all instances. */
export interface Part {
  readonly key: string
  /** Name on the page, shown if the part is unavailable. */
  readonly title: string
  /** True if the page is useless without it: its errors are the page's own. */
  readonly isEssential?: boolean
}

/** Page that is being rendered for a request. */
export class Page {
  /** Services that did not answer, whose cached content the page shows. */
  readonly #silent = new Set<string>()
  #hasGaps = false
  readonly #keys: string[] = []

  constructor (
    readonly shop: Shop,
    readonly reply: FastifyReply,
    readonly trace: Trace | undefined
  ) {}

  /**
   * Returns the HTML of a part, cached or rendered. If a service does not answer and the part
   * cannot be rendered, a line explains that.
   * @throws UpstreamSilent for an essential part
   */
  async part (
    { key, title, isEssential = false }: Part,
    options: FragmentOptions,
    render: () => Promise<string>
  ): Promise<string> {
    const number = this.#keys.push(key)
    const began = performance.now()
    let html: string
    try {
      html = await (this.shop.env.CACHE === 'off'
        ? render()
        : this.reply.fragment(key, options, render))
    } catch (error) {
      if (!(error instanceof UpstreamSilent) || isEssential) throw error
      this.#hasGaps = true
      html = this.shop.render('parts/missing', { title, service: error.service })
    }
    if (this.trace === undefined) return html
    this.trace.took(key, performance.now() - began)
    return this.shop.render('parts/outlined', {
      number,
      key,
      html,
      outcome: this.trace.outcomeOf(key)
    })
  }

  /** Marks a service's content as old, because the service does not answer. */
  silent (service: string): void {
    this.#silent.add(service)
  }

  /** Sends the page: a template with `data`, within the layout. */
  async send (
    template: string,
    data: { readonly title: string; readonly [name: string]: unknown },
    status = 200
  ): Promise<FastifyReply> {
    const { reply, shop, trace } = this
    for (const { key, isStandIn } of reply.usedFragments) {
      if (isStandIn) this.silent(serviceOf(key))
    }
    reply.request.isWhole = this.#silent.size === 0 && !this.#hasGaps
    const panel = await trace?.panel(shop.inspected, this.#keys)
    if (trace !== undefined) reply.header('cache-control', PRIVATE)
    const html = shop.render(template, {
      silent: [...this.#silent],
      panel,
      search: NO_SEARCH,
      nav: true,
      box: '/shop/account/box',
      account: '/shop/account',
      ...data
    })
    return reply.code(status).type('text/html; charset=utf-8').send(html)
  }
}

const NO_SEARCH = { q: '', category: '', minPrice: '', maxPrice: '', sort: 'newest' }

/** Returns the service that provides a fragment. */
const serviceOf = (key: string): string =>
  key.startsWith('weather:') ? 'weather service' : 'catalog'

/**
 * Sets the policy for resources of pages, and forbids caches to store pages for a user. Set before
 * the handler, so that hits have it, too.
 */
export function setPagePolicy (
  request: FastifyRequest,
  reply: FastifyReply,
  done: () => void
): void {
  reply
    .header('content-security-policy', PAGE_POLICY)
    .header('cross-origin-resource-policy', 'same-origin')
  // The service's default, no-referrer, makes browsers send `Origin: null` with forms.
  reply.header('referrer-policy', 'same-origin')
  if (request.routeOptions.config.session === true) reply.header('cache-control', PRIVATE)
  done()
}

const PRIVATE = 'private, no-store'

/** Pages load their own style and script, and nothing inline. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'"
].join('; ')
