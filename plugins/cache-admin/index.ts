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

/** Options of the administration of a cache. */
export interface CacheAdminOptions {
  /** Where its routes are, such as `/api/catalog/cache`. */
  readonly prefix: string
  /** What this instance is called. */
  readonly instance: string
  /** Who may use it. Default `admin`. */
  readonly role?: Role
  /** What is administered. Default: the responses of `@weir/fastify/response-cache`. */
  readonly cache?: AdministeredCache
}

declare module 'fastify' {
  interface FastifyInstance {
    cacheAdmin: {
      /**
       * By which key the response cache keeps what a URL, path and query, is answered with;
       * undefined where it never keeps any.
       * @param asking gives what a URL does not say: its origin, and headers by which responses may
       *   differ
       */
      keyOf (url: string, asking: FastifyRequest): Promise<ResponseAddress | undefined>
    }
  }
}

const NAME = 'weir-cache-admin'

/**
 * Routes by which people purge a cache and look into it: POST `prefix/invalidations`, GET
 * `prefix/entries` and GET `prefix/stats`. Register it after `@weir/fastify/auth` and
 * `@weir/fastify/response-cache`, and before `@weir/fastify/invalidation` and the routes that are
 * cached.
 */
async function cacheAdmin (app: FastifyInstance, options: CacheAdminOptions): Promise<void> {
  checkOptionNames<CacheAdminOptions>(NAME, options, {
    prefix: true,
    instance: true,
    role: true,
    cache: true
  })
  if (!app.hasRequestDecorator('authFailure')) {
    throw new WEIR_ERR_PLUGIN_ORDER('weir-auth', NAME, 'without it, anybody could purge')
  }
  if (options.cache === undefined && !app.hasDecorator('responseCache')) {
    throw new WEIR_ERR_PLUGIN_ORDER(
      'weir-response-cache',
      NAME,
      'it has what is administered, unless the option "cache" says what else'
    )
  }
  if (app.hasReplyDecorator('invalidations')) {
    throw new WEIR_ERR_PLUGIN_ORDER(
      NAME,
      'weir-invalidation',
      'a purge would invalidate its own address as well, and wait for that too'
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
    throw refuse('instance', 'is missing: give it a name to answer by')
  }
}

export default fp(cacheAdmin, { name: NAME, fastify: '5.x' })
