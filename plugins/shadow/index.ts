import { type Advice, adviseOn, type ShadowFinding } from '@weir/metrics'
import { isSafeMethod } from '@weir/http'
import type { FastifyInstance, RouteHandlerMethod, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import {
  WEIR_ERR_PLUGIN_OPTION, WEIR_ERR_REGISTERED_TWICE, WEIR_ERR_ROUTE_OPTION
} from '../errors.js'
import { checkOptionNames } from '../plugin-options.js'
import { credentialFields } from '../response-cache/credentials.js'
import { isNameList, routeName } from '../response-cache/options.js'
import { UNCOUNTED } from '../uncounted.js'
import { Budget } from './budget.js'
import { noteShadow } from './reported.js'
import { RequestFacts } from './request-facts.js'
import { WatchedRoute, type Watching } from './watched-route.js'
import { Writes } from './writes.js'

/** Options of shadow mode. */
export interface ShadowOptions {
  /**
   * Header fields, besides Authorization, Cookie and X-API-Key, that identify a user of the
   * application, as in the options of the response cache. Fields with a usual name of credentials,
   * such as X-Access-Token or X-User-Id, count in any case. Default: none.
   */
  readonly credentials?: readonly string[]
}

declare module 'fastify' {
  interface FastifyInstance {
    shadow: {
      /** Returns recommendations for the routes without caching, from this instance alone. */
      advice (): Advice[]
      /** Returns the observations of this instance, as they are reported to the fleet. */
      findings (): readonly ShadowFinding[]
    }
  }

  interface FastifyContextConfig {
    /** False: shadow mode does not observe this route. */
    shadow?: boolean
  }
}

const NAME = 'weir-shadow'
// Routes that are observed, URLs of all of them, and of one.
const MOST_ROUTES = 64
const MOST_URLS = 8192
const MOST_URLS_OF_ROUTE = 1024
// Characters of the findings in a report, and the time for which they are the same, ms.
const MOST_CHARACTERS = 16_000
const RENEW_EVERY = 5000

/**
 * Measures what caching would bring on GET routes without `config.cache`, and recommends `ttl`,
 * `vary` and `tags`: share of identical responses, handler time saved, memory, and signs that
 * responses must not be shared. Responses are never changed, and no bodies, URLs or credentials
 * are kept, only hashes.
 *
 * Register it before the routes. With `@weir/fastify/observability` the observations of all
 * instances are merged, and shown by the console (Advice) and `weir advise`.
 * @example
 * await app.register(observability, { store, service: 'shop', instance: 'shop-1' })
 * await app.register(shadow)
 */
async function shadow (app: FastifyInstance, options: ShadowOptions): Promise<void> {
  checkOptionNames<ShadowOptions>(NAME, options, { credentials: true })
  if (app.hasDecorator('shadow')) {
    throw new WEIR_ERR_REGISTERED_TWICE(NAME, 'one observes all routes of an application')
  }
  const { credentials = [] } = options
  if (!isNameList(credentials)) {
    throw new WEIR_ERR_PLUGIN_OPTION(
      NAME,
      'credentials',
      `must be a list of header names, not ${JSON.stringify(credentials)}`
    )
  }
  const now = () => performance.timeOrigin + performance.now()
  const routes: WatchedRoute[] = []
  const watching: Watching = {
    facts: new RequestFacts(credentialFields(credentials)),
    writes: new Writes(now),
    budget: new Budget(now()),
    now,
    mostKeys: () => Math.min(MOST_URLS_OF_ROUTE, Math.floor(MOST_URLS / routes.length))
  }
  app.addHook('onRoute', function (route) {
    checkConfig(route)
    if (this[UNCOUNTED] === true || route.config?.shadow === false) return
    const methods = [route.method].flat()
    const isRead = methods.includes('GET') && isUndecided(route) && routes.length < MOST_ROUTES
    const isWrite = !methods.every((method) => isSafeMethod(method))
    if (!isRead && !isWrite) return
    const watched = isRead ? new WatchedRoute(route.url, watching) : undefined
    if (watched !== undefined) routes.push(watched)
    route.handler = observed(route.handler, route.url, watched, watching)
  })

  const report = bounded(routes, now)
  noteShadow(app, report)
  app.decorate('shadow', {
    findings: () => findingsOf(routes, now()),
    advice: () => findingsOf(routes, now()).map(adviseOn)
  })
}

function checkConfig (route: RouteOptions): void {
  const given: unknown = route.config?.shadow
  if (given === undefined || typeof given === 'boolean') return
  throw new WEIR_ERR_ROUTE_OPTION(routeName(route), 'shadow', 'must be true or false')
}

/** Whether caching is undecided: `cache: false` is a decision, too. */
const isUndecided = ({ config }: RouteOptions) =>
  config?.cache === undefined && config?.metrics !== false

/**
 * Wraps a handler. Hooks would cost more, and would observe responses of checks before the handler,
 * which no cache replaces.
 */
function observed (
  handler: RouteHandlerMethod,
  path: string,
  watched: WatchedRoute | undefined,
  { writes }: Watching
): RouteHandlerMethod {
  return function (request, reply) {
    const { method } = request
    try {
      if (method === 'GET') watched?.request(request, reply)
      else if (!isSafeMethod(method)) writes.watch(path, request, reply)
    } catch (error) {
      // The request is not to fail because it is observed.
      request.log.debug({ err: error }, 'shadow mode could not observe a request')
    }
    return handler.call(this, request, reply)
  }
}

function findingsOf (routes: readonly WatchedRoute[], now: number): ShadowFinding[] {
  return routes.flatMap((route) => route.finding(now) ?? [])
}

/** Returns the findings of the routes that take most time, as many as fit into a report. */
function bounded (
  routes: readonly WatchedRoute[],
  now: () => number
): () => readonly ShadowFinding[] {
  let [at, latest]: [number, readonly ShadowFinding[]] = [-Infinity, []]
  return () => {
    if (now() - at < RENEW_EVERY) return latest
    at = now()
    let size = 0
    latest = findingsOf(routes, at)
      .toSorted((a, b) => timeOf(b) - timeOf(a))
      .filter((finding) => {
        size += JSON.stringify(finding).length
        return size <= MOST_CHARACTERS
      })
    return latest
  }
}

const timeOf = ({ requests, micros, probes }: ShadowFinding) =>
  requests * micros / Math.max(1, probes)

export default fp(shadow, { name: NAME, fastify: '5.x' })
