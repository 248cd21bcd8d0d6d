import { CacheError, type CachesBase, type CachesOptions, createCaches } from '@weir/cache'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { WEIR_ERR_PLUGIN_OPTION, WEIR_ERR_REGISTERED_TWICE } from '../errors.js'
import { checkOptionNames, isOptions } from '../plugin-options.js'
import { logErrors } from './log-errors.js'

/**
 * Named caches of the application, for the types of `app.caches` and `request.caches`.
 * @example
 * declare module '@weir/fastify/caches' {
 *   interface AppCaches extends ReturnType<typeof shopCaches> {}
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- applications add to it
export interface AppCaches extends CachesBase {}

declare module 'fastify' {
  interface FastifyInstance {
    caches: AppCaches
  }

  interface FastifyRequest {
    caches: AppCaches
  }
}

/**
 * Options of the named caches: those of `createCaches`, whose stores are closed with the
 * application, or its result.
 */
export interface CachesPluginOptions {
  /** Stores by name, closed with the application. */
  readonly stores?: CachesOptions['stores']
  /**
   * Caches by name with their options, or the result of `createCaches`, which you close yourself.
   */
  readonly caches: CachesOptions['caches'] | CachesBase
  /** Default options of every cache. */
  readonly defaults?: NonNullable<CachesOptions['defaults']>
  /** The name of this instance among those that share the stores. */
  readonly name?: string
  /** Name of the decorator, for applications that register the plugin twice. Default `caches`. */
  readonly as?: string
}

const NAME = 'weir-caches'

/**
 * Named caches for values that the application computes itself, as `app.caches` and
 * `request.caches`. Registered in a context of its own, the plugin serves the routes of that
 * context. Register it after `@weir/fastify/redis`, whose client its stores may use.
 *
 * @example
 * await app.register(namedCaches, {
 *   stores: { redis: redisStore({ client: app.redis }), memory: memoryStore() },
 *   caches: { products: { store: 'redis', ttl: '1m' }, flags: { store: 'memory', ttl: '10s' } }
 * })
 * app.get<{ Params: { id: string } }>('/products/:id', async ({ caches, params }) =>
 *   caches.products.remember(params.id, () => db.product(params.id)))
 */
async function caches (app: FastifyInstance, options: CachesPluginOptions): Promise<void> {
  checkOptionNames<CachesPluginOptions>(NAME, options, {
    stores: true,
    caches: true,
    defaults: true,
    name: true,
    as: true
  })
  const { as = 'caches' } = options
  if (typeof as !== 'string' || !/^[A-Za-z_$][\w$]*$/.test(as)) {
    throw new WEIR_ERR_PLUGIN_OPTION(NAME, 'as', 'must name a member, as in app.caches')
  }
  if (app.hasDecorator(as) || app.hasRequestDecorator(as)) {
    throw new WEIR_ERR_REGISTERED_TWICE(
      NAME,
      `app.${as} already exists: give these caches another name with the option "as"`
    )
  }
  const { named, isOwn } = cachesOf(options)
  const stopLogging = logErrors(named, app.log)
  app.addHook('onClose', async () => {
    stopLogging()
    if (isOwn) await named.close()
  })
  app.decorate(as, { getter: () => named })
  app.decorateRequest(as, { getter: () => named })
}

/** Returns the caches, and whether the application closes their stores. */
function cachesOf ({ stores, caches, defaults, name }: CachesPluginOptions): {
  readonly named: CachesBase
  readonly isOwn: boolean
} {
  if (isMade(caches)) {
    if (stores !== undefined || defaults !== undefined || name !== undefined) {
      throw new WEIR_ERR_PLUGIN_OPTION(
        NAME,
        'caches',
        'was made by createCaches(): give it stores, defaults and name instead'
      )
    }
    return { named: caches, isOwn: false }
  }
  try {
    const named = createCaches({
      stores: stores ?? {},
      caches,
      ...(defaults && { defaults }),
      ...(name !== undefined && { name })
    })
    return { named, isOwn: true }
  } catch (error) {
    if (error instanceof CacheError) {
      throw new WEIR_ERR_PLUGIN_OPTION(
        NAME,
        'stores, caches, defaults or name',
        `cannot be used: ${error.message}`
      )
    }
    throw error
  }
}

const isMade = (caches: CachesPluginOptions['caches']): caches is CachesBase =>
  isOptions(caches) && 'close' in caches && typeof caches.close === 'function'

export default fp(caches, { name: NAME, fastify: '5.x' })
