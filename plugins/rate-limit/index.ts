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
// Re-exported with the type of `config.rateLimit`.
export type { FastifyRateLimitStore } from '@fastify/rate-limit'

/**
 * Options of the rate limits. `limit`, `policies` and `tiers` apply to routes without limits of
 * their own.
 */
export interface RateLimitOptions extends LimitOptions {
  /**
   * Store that shares the budgets: `redisStore`, `sqliteStore` or `memoryStore` of `@weir/limiter`.
   * You close it.
   */
  readonly store: LimitStore
  /** Separates applications that share a store. Default `weir`. */
  readonly namespace?: string
  /** Limits of clients with a `tier`, by its name. */
  readonly tiers?: Readonly<Record<string, LimitOptions>>
  /**
   * Behavior while the store is unavailable. Default `local`: this instance enforces its share of
   * each limit.
   */
  readonly onFailure?: OnFailure
  /** Number of instances, which determines that share. Default 1. */
  readonly instances?: LimiterOptions['instances']
  /** Identifies the user of a request. Default: `request.user`, as `@weir/fastify/auth` sets it. */
  readonly identify?: Identify
  /** Addresses and ranges that are not limited. */
  readonly allow?: readonly string[]
  /**
   * Addresses and ranges that are answered 403 on every limited route. Takes precedence over
   * `allow`.
   */
  readonly deny?: readonly string[]
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Returns the client to which limits attribute a request, a user or an address: a digest, the
     * same in all instances of a `namespace`, for shares of other resources. Addresses in `allow`
     * have one, too; `request.rateLimit` shows that nothing is counted for them.
     */
    limitedClient (request: FastifyRequest): string
  }
  interface FastifyRequest {
    /** The client's state under the limits of the route; null without a limit. */
    rateLimit: Decision | null
  }
}

declare module '@fastify/rate-limit' {
  // One member is repeated, because the interface would otherwise be empty.
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
 * Rate limits across all instances, per known user and otherwise per address, on routes with
 * `config.rateLimit`, and on all others and 404s if the plugin itself is given a limit. Register it
 * before `@weir/fastify/auth`, so that 401 responses count, and before
 * `@weir/fastify/response-cache`, so that hits count.
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
      'its 401 and 403 responses would not count'
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
  if (typeof namespace !== 'string' || namespace === '') {
    throw refuse('namespace', 'must be a non-empty string')
  }
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
   * Logs one line when the store becomes unavailable and one when it is back. Denials are ignored,
   * because they may be remembered ones: only allowed requests are decided by the store.
   */
  function logMode ({ mode, allowed }: Decision): void {
    if (mode !== 'shared' && !withoutStore) {
      withoutStore = true
      app.log.warn(
        { store: store.kind },
        'limits are not shared: their store is unavailable, and each route follows its onFailure'
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
    // The address is read once: behind proxies each access parses their fields again.
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

  // @fastify/rate-limit's own decorator would not know whether the hook below has run. An existing
  // one is kept.
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
  // Runs before the hook of `@fastify/rate-limit`, which creates the store of a route at once.
  app.addHook('onRoute', (route) => {
    declared = routes.of(route)
    adapter.isDeclaring = declared !== undefined
    // The route gets its own list: `@fastify/rate-limit` appends to the existing one, which several
    // routes may share.
    if (route.onRequest !== undefined) route.onRequest = [route.onRequest].flat()
  })
  await app.register(fastifyRateLimit, {
    global: fallback !== undefined,
    store: adapter.storeClass(fallback),
    keyGenerator: adapter.keyGenerator,
    ban: BAN
  })
  // Replaces the hook that `@fastify/rate-limit` has just added, which awaits promises even if this
  // process can decide alone.
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
  // A 404 has no route whose hooks could limit it. The hook is not onRequest, so that the user is
  // known by then.
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

/** Returns the user only if it is valid: other plugins may set `request.user` to anything. */
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

/** Rethrows the limiter's option errors as errors of this plugin. */
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
