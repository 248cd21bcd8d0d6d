import { type Cache, keyTag, type Store, type WriteOptions } from '@weir/cache'
import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { WEIR_ERR_PLUGIN_OPTION, WEIR_ERR_REGISTERED_TWICE } from '../errors.js'
import { checkOptionNames } from '../plugin-options.js'
import '../response-cache/index.js'
import { type Invalidated, PassingCache, passOn } from '../response-cache/pass-on.js'
import { followFragments } from './follow.js'
import { Fragments, type Render } from './fragments.js'
import type { FragmentOptions } from './options.js'
import { PAGE, pageOf } from './page.js'
import { type Part } from './parts.js'
import { fragmentKey, type Identify, keyOfFragment, userOf } from './selection.js'

export { type Render } from './fragments.js'
export { type FragmentOptions, type VaryFunction } from './options.js'
export { type Identify } from './selection.js'

/** Options of the fragment cache. */
export interface FragmentsOptions {
  /**
   * Store of fragments, or a cache of text. Default: the store of the response cache, so that
   * invalidating pages also invalidates fragments. Required without `@weir/fastify/response-cache`.
   */
  readonly cache?: Store | Cache<string>
  /**
   * Identifies the user for private fragments: a text that no two users share, or nothing if the
   * user is unknown. Default: all of `request.user`, if it is plain data with an `id` or `sub`.
   */
  readonly identify?: Identify
}

/** `app.fragments`. */
export interface FragmentCache {
  readonly cache: Cache<string>
  /**
   * Invalidates every fragment with one of the tags, and all that contain one, on every instance.
   * @returns `unconfirmed`: names of caches at the edge that have not confirmed
   * @example await app.fragments.invalidate(['categories'])
   */
  invalidate (tags: readonly string[], options?: WriteOptions): Promise<Invalidated>
  /**
   * Invalidates one fragment, in all of its variants, and all that contain it.
   * @example await app.fragments.delete('menu')
   */
  delete (key: string, options?: WriteOptions): Promise<Invalidated>
}

/** Fragment of a page, as listed by `reply.usedFragments`. */
export interface UsedFragment {
  /** Key with which it was requested. */
  readonly key: string
  readonly tags: readonly string[]
  /** Milliseconds since the epoch. */
  readonly renderedAt: number
  /**
   * Milliseconds since the epoch; in the past for a stale fragment, 0 for one that is not stored.
   */
  readonly freshUntil: number
  /**
   * True if rendering it, or a fragment in it, has failed, and a stale one within `staleIfError`
   * replaces it. A page can show this.
   */
  readonly isStandIn: boolean
}

declare module 'fastify' {
  interface FastifyInstance {
    fragments: FragmentCache
  }

  interface FastifyReply {
    /**
     * Returns the HTML of a part of the page: stored, or rendered once for all instances. Fragments
     * may be nested. Templates have it as `fragment`, among their locals.
     * @throws WEIR_ERR_FRAGMENT, and errors of `render`; WEIR_ERR_FRAGMENT_LATE if the page's head
     *   is sent and contradicts it
     * @example
     * const menu = await reply.fragment('menu', { ttl: '1m', tags: ['categories'] }, () =>
     *   app.view('menu.eta', { categories })
     * )
     */
    fragment (key: string, options: FragmentOptions, render: Render): Promise<string>
    /**
     * Fragments of the page so far, in the order in which they were ready, without nested ones.
     * @example const isOld = reply.usedFragments.some(({ isStandIn }) => isStandIn)
     */
    readonly usedFragments: readonly UsedFragment[]
  }
}

const NAME = 'weir-fragments'

/**
 * Caches parts of HTML pages, for handlers and templates of any asynchronous engine:
 * `reply.fragment` and, with `@fastify/view`, `fragment` in templates. Invalidating a nested
 * fragment invalidates its enclosing one; its siblings stay. The page's Cache-Control, Vary and
 * Last-Modified follow from its fragments, as does its lifetime in the response cache. Register it
 * after `@weir/fastify/response-cache`.
 */
async function fragments (app: FastifyInstance, options: FragmentsOptions): Promise<void> {
  checkOptionNames<FragmentsOptions>(NAME, options, { cache: true, identify: true })
  if (app.hasDecorator('fragments')) {
    throw new WEIR_ERR_REGISTERED_TWICE(NAME, 'one cache serves every page of an application')
  }
  const { identify } = options
  if (identify !== undefined && typeof identify !== 'function') {
    throw new WEIR_ERR_PLUGIN_OPTION(
      NAME,
      'identify',
      'must be a function of the request that returns a text'
    )
  }
  const cache = cacheOf(app, options)
  const kept = new Fragments(cache, userOf(identify))

  // Pages have the tags of their fragments, at the edge, too.
  const invalidate = async (tags: readonly string[], options?: WriteOptions) => {
    if (cache instanceof PassingCache) return cache.pass(tags, options)
    const isBounded = options?.consistency === 'bounded'
    return passOn(app, tags, () => cache.invalidate(tags, options), isBounded)
  }
  app.decorate('fragments', {
    cache,
    invalidate,
    delete: (key, options) => invalidate([keyTag(fragmentKey(key))], options)
  })
  app.decorateRequest(PAGE, null)
  app.decorateReply(
    'fragment',
    function (this: FastifyReply, key: string, options: FragmentOptions, render: Render) {
      return kept.use(this, key, options, render)
    }
  )
  app.decorateReply('usedFragments', {
    getter (this: FastifyReply) {
      return pageOf(this.request)?.list.map(usedAs) ?? []
    }
  })
  // The hook runs twice: `@fastify/view` may be registered later, and starts each reply with locals
  // of its own; hooks of the application may replace them.
  app.addHook('onRequest', provide)
  app.addHook('preHandler', provide)
  app.addHook('onSend', followFragments)
}

function usedAs (part: Part): UsedFragment {
  const { key, tags, renderedAt, freshUntil, isStandIn } = part
  return { key: keyOfFragment(key), tags, renderedAt, freshUntil, isStandIn }
}

function provide (_request: unknown, reply: FastifyReply, done: () => void): void {
  if (
    'locals' in reply &&
    typeof reply.locals === 'object' &&
    reply.locals !== null &&
    !Object.hasOwn(reply.locals, 'fragment')
  ) {
    const fragment: FastifyReply['fragment'] = (key, options, render) =>
      reply.fragment(key, options, render)
    Object.assign(reply.locals, { fragment })
  }
  done()
}

function cacheOf (app: FastifyInstance, { cache }: FragmentsOptions): Cache<string> {
  const pages = app.hasDecorator('responseCache') ? app.responseCache : undefined
  if (cache === undefined && pages === undefined) {
    throw new WEIR_ERR_PLUGIN_OPTION(
      NAME,
      'cache',
      'is missing: give it a store or a cache of @weir/cache, or register weir-response-cache ' +
      'before'
    )
  }
  const given = cache ?? pages?.store
  if (isCache(given)) {
    const theirs = pages?.cache.namespace ?? given.namespace
    if (given.namespace !== theirs) {
      throw apart(`its namespace is ${given.namespace}, and that of the pages ${theirs}`)
    }
    return given
  }
  if (typeof given?.namespace !== 'function') {
    throw new WEIR_ERR_PLUGIN_OPTION(
      NAME,
      'cache',
      'must be a store of @weir/cache, such as memoryStore(), or a cache made by createCache()'
    )
  }
  if (pages !== undefined && given !== pages.store) throw apart('it is a different store')
  return new PassingCache<string>(app, {
    store: given,
    namespace: pages?.cache.namespace ?? 'fragments',
    name: pages?.cache.name ?? ''
  })
}

const isCache = (given: Store | Cache<string> | undefined): given is Cache<string> =>
  typeof given?.namespace === 'string'

const apart = (why: string) =>
  new WEIR_ERR_PLUGIN_OPTION(
    NAME,
    'cache',
    'must be the store of the response cache, or an invalidation would reach only one of them: ' +
    `${why}. Leave it out`
  )

export default fp(fragments, { name: NAME, fastify: '5.x' })
