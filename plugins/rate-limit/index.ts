import fastifyRateLimit from '@fastify/rate-limit'
import {
  createLimiter,
  type Decision,
  LimiterError,
  limitKey,
  type LimiterOptions,
  type LimitStore,
  type OnFailure
} from '@weir/limiter'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { User } from '../auth/index.js'
import { addressOf } from '../client-address.js'
import { enforceDeclaration } from '../declared.js'
import {
  WEIR_ERR_PLUGIN_OPTION,
  WEIR_ERR_PLUGIN_ORDER,
  WEIR_ERR_REGISTERED_TWICE
} from '../errors.js'
import { checkOptionNames, type OptionNames } from '../plugin-options.js'
import '../response-cache/index.js'
import { addressList } from './addresses.js'
import { answerRefusal, hasDefaultHandler, isRefusal, sendRefusal } from './default-answer.js'
import { Enforcement, type Judge, type Judgement } from './enforce.js'
import { Identities, identifyingSafely, type Identify, type KnownClient } from './identity.js'
import {
  type LimitOptions,
  type RequestCost,
  type RouteLimit,
  routeLimit,
  type RouteLimitOptions
} from './limits.js'
import { writeLimitFields } from './refusal.js'
import { RouteLimits } from './route-limits.js'
import { BAN, optionsElsewhere, RateLimitAdapter } from './store.js'

export { type Identify, type KnownClient } from './identity.js'
export { type LimitOptions, type LimitPolicy, type RouteLimitOptions } from './limits.js'
// Brings the type of `config.rateLimit` along.
export type { FastifyRateLimitStore } from '@fastify/rate-limit'

/**
 * Options of the rate limits. What is said of `limit`, `policies` and `tiers` is for routes that
 * have none of their own.
 */
export interface RateLimitOptions extends LimitOptions {
  /**
   * Where budgets are shared: `redisStore`, `sqliteStore` or `memoryStore` of `@weir/limiter`. It
   * is yours to close.
   */
  readonly store: LimitStore
  /** Applications that share a store keep apart by this. Default `weir`. */
  readonly namespace?: string
  /** The limits of clients with a `tier`, by its name. */
  readonly tiers?: Readonly<Record<string, LimitOptions>>
  /**
   * What happens while the store is gone. Default `local`: this instance enforces its share of each
   * limit.
   */
  readonly onFailure?: OnFailure
  /** How many instances there are, to know that share. Default 1. */
  readonly instances?: LimiterOptions['instances']
  /** Who sends a request. Default: `request.user`, as `@weir/fastify/auth` sets it. */
  readonly identify?: Identify
  /** Addresses and ranges that are not limited. */
  readonly allow?: readonly string[]
  /**
   * Addresses and ranges that are answered 403 wherever there is a limit. It counts before `allow`.
   */
  readonly deny?: readonly string[]
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * The client that limits take a request for, a user or an address: a digest, the same in all
     * instances of a `namespace`, for shares of other things. Addresses in `allow` have one, too;
     * `request.rateLimit` tells that nothing is counted for them.
     */
    limitedClient (request: FastifyRequest): string
  }
  interface FastifyRequest {
    /** How the client stands with the limits of the route; null where there are none. */
    rateLimit: Decision | null
  }
}

declare module '@fastify/rate-limit' {
  // With one of its members, because it would be an empty interface to the eye otherwise.
  interface RateLimitOptions extends RouteLimitOptions {
    readonly cost?: number | RequestCost
  }
}

const NAME = 'weir-rate-limit'
const OPTIONS: OptionNames<RateLimitOptions> = {
  store: true,
  limit: true,
  window: true,
  burst: true,
  algorithm: true,
  policies: true,
  tiers: true,
  onFailure: true,
  instances: true,
  identify: true,
  allow: true,
  deny: true,
  namespace: true
}

/**
 * Rate limits over all instances, for each user that is known and else for each address, on routes
 * with `config.rateLimit`, and on all others and 404s where the plugin itself is given a limit.
 * Register it before `@weir/fastify/auth`, so that what is answered 401 counts, and before
 * `@weir/fastify/response-cache`, so that hits do.
 */
async function rateLimit (app: FastifyInstance, options: RateLimitOptions): Promise<void> {
  checkOptionNames(NAME, options, OPTIONS)
  if (app.hasRequestDecorator('rateLimit')) {
    throw new WEIR_ERR_REGISTERED_TWICE(NAME, 'one plugin limits every route of an application')
  }
  if (app.hasRequestDecorator('authFailure')) {
    throw new WEIR_ERR_PLUGIN_ORDER(
      NAME,
      'weir-auth',
      'what it answers 401 or 403 would not count'
    )
  }
  if (app.hasDecorator('responseCache')) {
    throw new WEIR_ERR_PLUGIN_ORDER(NAME, 'weir-response-cache', 'hits would not count')
  }

  const {
    store,
    namespace = 'weir',
    identify = userOf,
    onFailure,
    instances,
    allow = [],
    deny = [],
    ...limits
  } = options
  const refuse = (option: string, problem: string) =>
    new WEIR_ERR_PLUGIN_OPTION(NAME, option, problem)
  if (typeof store?.take !== 'function') {
    throw refuse(
      'store',
      'is missing: give it redisStore(), sqliteStore() or memoryStore() of @weir/limiter'
    )
  }
  if (typeof namespace !== 'string' || namespace === '') throw refuse('namespace', 'must be text')
  if (typeof identify !== 'function') throw refuse('identify', 'must be a function of the request')
  const [isAllowed, isDenied] = [listOption('allow', allow), listOption('deny', deny)]
  const fallback =
    Object.keys(limits).length > 0
      ? routeLimit({ group: 'default', ...limits }, NAME, undefined, refuse)
      : undefined
  const identities = new Identities(namespace)
  const clientOf = identifyingSafely(identify)
  const limiter = named(() =>
    createLimiter({
      store,
      ...(onFailure !== undefined && { onFailure }),
      ...(instances !== undefined && { instances })
    })
  )
  app.addHook('onClose', async () => { limiter.close() })

  let withoutStore = false
  /**
   * One line when the store goes and one when it is back. A denial may be from before: only what is
   * allowed comes from the store.
   */
  function logMode ({ mode, allowed }: Decision): void {
    if (mode !== 'shared' && !withoutStore) {
      withoutStore = true
      app.log.warn(
        { store: store.kind },
        'limits are not shared: their store does not answer, and each route does what its onFailure says'
      )
    } else if (mode === 'shared' && allowed && withoutStore) {
      withoutStore = false
      app.log.info({ store: store.kind }, 'limits are shared again')
    }
  }

  function judge (
    operation: 'take' | 'peek',
    request: FastifyRequest,
    limit: RouteLimit
  ): Judgement | Promise<Judgement> {
    if (app.hasDecorator('responseCache') && app.responseCache.isRefill(request)) {
      return 'unlimited'
    }
    // Once: behind proxies it is worked out from their fields each time it is read.
    const ip = addressOf(request)
    if (isDenied(ip)) return 'banned'
    if (isAllowed(ip)) return 'unlimited'
    const client = clientOf(request)
    const policies =
      (client?.tier === undefined ? undefined : limit.tiers.get(client.tier)) ?? limit.policies
    const key = limitKey(limit.group, identityOf(client, ip))
    return limiter[operation](
      key,
      policies,
      limit.costOf === undefined ? limit.use : { ...limit.use, cost: limit.costOf(request) }
    )
  }

  const identityOf = (client: KnownClient | null | undefined, ip: string) =>
    client ? identities.ofUser(client.id) : identities.ofAddress(ip)
  app.decorate('limitedClient', (request: FastifyRequest) =>
    identityOf(clientOf(request), addressOf(request))
  )

  app.decorateRequest('rateLimit', null)
  const judges: Judge = { judge, note: logMode }
  const adapter = new RateLimitAdapter(judges)
  const routes = new RouteLimits(fallback)
  const byDefault = fallback && new Enforcement(judges, fallback)
  let declared: RouteLimit | undefined

  // @fastify/rate-limit has one, which would not know whether the hook below has run. Not where
  //   another of it is there.
  if (!app.hasDecorator('rateLimit')) {
    app.decorate('rateLimit', (own?: object) => {
      if (own !== undefined) throw optionsElsewhere()
      return async (request: FastifyRequest) => {
        if (byDefault === undefined) throw optionsElsewhere()
        await byDefault.enforce(request)
      }
    })
  }
  enforceDeclaration(app, 'rateLimit')
  // Before that of @fastify/rate-limit, which makes the store of a route at once.
  app.addHook('onRoute', (route) => {
    declared = routes.of(route)
    adapter.isDeclaring = declared !== undefined
    // A list of its own: @fastify/rate-limit adds to the one that is there, which may be several
    // routes'.
    if (route.onRequest !== undefined) route.onRequest = [route.onRequest].flat()
  })
  await app.register(fastifyRateLimit, {
    global: fallback !== undefined,
    store: adapter.storeClass(fallback),
    keyGenerator: adapter.keyGenerator,
    ban: BAN
  })
  // In place of the hook that @fastify/rate-limit has just added: that one waits for promises where
  // this process can tell.
  app.addHook('onRoute', (route) => {
    if (declared !== undefined || byDefault !== undefined) route.errorHandler ??= answerRefusal
    if (declared === undefined) return
    const enforcement =
      declared === fallback && byDefault !== undefined
        ? byDefault
        : new Enforcement(judges, declared)
    route.onRequest = [...[route.onRequest ?? []].flat().slice(0, -1), enforcement.hook]
    declared = undefined
    adapter.isDeclaring = false
  })

  if (byDefault === undefined) return
  // A 404 has no route whose hooks could do it. Not onRequest, so that it is known by then who
  // sends the request.
  app.addHook('preParsing', (request, reply, payload, done) => {
    if (!request.is404) return done(null, payload)
    byDefault.enforce(request).then(() => {
      writeLimitFields(request, reply)
      done(null, payload)
    }, (error: Error) => {
      if (isRefusal(error) && hasDefaultHandler(request)) sendRefusal(error, request, reply)
      else done(error)
    })
  })
}

/** Another plugin's `request.user` may be anything. */
const userOf = ({ user }: { user: User | null }) =>
  typeof user?.id === 'string' && user.id !== '' ? user : null

function listOption (option: string, entries: readonly string[]) {
  try {
    return addressList(entries)
  } catch (error) {
    throw new WEIR_ERR_PLUGIN_OPTION(
      NAME,
      option,
      `must be a list of addresses and ranges, like 192.0.2.7 or 2001:db8::/32: ${String(error)}`
    )
  }
}

/** The limiter's complaints about options, in the plugin's name. */
function named<R> (make: () => R): R {
  try {
    return make()
  } catch (error) {
    if (error instanceof LimiterError) {
      throw new WEIR_ERR_PLUGIN_OPTION(
        NAME,
        'onFailure or instances',
        `cannot be used: ${error.message}`
      )
    }
    throw error
  }
}

export default fp(rateLimit, { name: NAME, fastify: '5.x' })
