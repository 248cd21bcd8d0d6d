import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { noteCacheAdmin } from '../announced.js'
import type { Role } from '../auth/index.js'
import { WEIR_ERR_PLUGIN_OPTION, WEIR_ERR_PLUGIN_ORDER } from '../errors.js'
import { checkOptionNames } from '../plugin-options.js'
import '../rate-limit/index.js'
import '../response-cache/index.js'
import type { AdministeredCache } from './administered.js'
import type { ResponseAddress } from './response-keys.js'
import { adminRoutes } from './routes.js'
import { storedResponses } from './stored-responses.js'

export { type AdministeredCache, type Located } from './administered.js'
export { type ResponseAddress } from './response-keys.js'

/** Options of the cache administration. */
export interface CacheAdminOptions {
  /** Path prefix of the routes, such as `/api/catalog/cache`. */
  readonly prefix: string
  /** Name of this instance. */
  readonly instance: string
  /** Role that may use the routes. Default `admin`. */
  readonly role?: Role
  /** Administered caches. Default: the responses of `@weir/fastify/response-cache`. */
  readonly cache?: AdministeredCache
}

declare module 'fastify' {
  interface FastifyInstance {
    cacheAdmin: {
      /**
       * Returns the key under which the response cache stores the response to a URL, path and
       * query; undefined if it is never stored.
       * @param asking supplies the properties that a URL lacks: its origin, and headers by which
       *   responses may differ
       */
      keyOf (url: string, asking: FastifyRequest): Promise<ResponseAddress | undefined>
    }
  }
}

const NAME = 'weir-cache-admin'

/**
 * Routes for operators to purge and inspect a cache: POST `prefix/invalidations`, GET
 * `prefix/entries` and GET `prefix/stats`. Register it after `@weir/fastify/auth` and
 * `@weir/fastify/response-cache`, and before `@weir/fastify/invalidation` and the cached routes.
 */
async function cacheAdmin (app: FastifyInstance, options: CacheAdminOptions): Promise<void> {
  checkOptionNames<CacheAdminOptions>(NAME, options, {
    prefix: true,
    instance: true,
    role: true,
    cache: true
  })
  if (!app.hasRequestDecorator('authFailure')) {
    throw new WEIR_ERR_PLUGIN_ORDER('weir-auth', NAME, 'without it, any client could purge')
  }
  if (options.cache === undefined && !app.hasDecorator('responseCache')) {
    throw new WEIR_ERR_PLUGIN_ORDER(
      'weir-response-cache',
      NAME,
      'it provides the administered responses, unless the option "cache" names other caches'
    )
  }
  if (app.hasReplyDecorator('invalidations')) {
    throw new WEIR_ERR_PLUGIN_ORDER(
      NAME,
      'weir-invalidation',
      'otherwise a purge would also invalidate its own address, and wait for that'
    )
  }
  check(options)
  const { prefix, instance, role = 'admin', cache = storedResponses(app, NAME) } = options
  noteCacheAdmin(app, prefix)
  await app.register(adminRoutes, { prefix, instance, role, cache })
}

function check ({ prefix, instance }: CacheAdminOptions): void {
  const refuse = (option: string, problem: string) =>
    new WEIR_ERR_PLUGIN_OPTION(NAME, option, problem)
  if (typeof prefix !== 'string' || !/^(\/[\w.-]+)+$/.test(prefix)) {
    throw refuse(
      'prefix',
      `must be a path like '/api/catalog/cache', not ${JSON.stringify(prefix)}`
    )
  }
  if (typeof instance !== 'string' || instance === '') {
    throw refuse('instance', 'is missing: give the name of this instance')
  }
}

export default fp(cacheAdmin, { name: NAME, fastify: '5.x' })
