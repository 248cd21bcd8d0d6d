import type { FastifyContextConfig, FastifyInstance, RouteOptions } from 'fastify'
import { WEIR_ERR_NOT_ENFORCED } from './errors.js'

/** Declarations in a route's `config`, each with the plugin that enforces it. */
const ENFORCED_BY = {
  cache: 'weir-response-cache',
  cacheControl: 'weir-cache-control',
  invalidates: 'weir-invalidation',
  role: 'weir-auth',
  rateLimit: 'weir-rate-limit'
} as const

type Declaration = keyof typeof ENFORCED_BY

const DECLARATIONS: readonly Declaration[] = [
  'cache',
  'cacheControl',
  'invalidates',
  'role',
  'rateLimit'
]

/**
 * Key in a route's `config` under which plugins record the values they have read, and so enforce.
 */
const SEEN = Symbol('weir.seen')

interface Seen {
  /** URL of the route that was read: another route may be given a copy of its `config`. */
  readonly url: string
  readonly values: Readonly<Partial<Record<Declaration, unknown>>>
}

declare module 'fastify' {
  interface FastifyContextConfig {
    [SEEN]?: Seen
  }
}

/** Declarations that a plugin enforces in any context, by root instance. */
const watched = new WeakMap<FastifyInstance, Set<Declaration>>()

/**
 * Registers a declaration as enforced; called by its plugin just before it reads routes. No route
 * of the application, in any context, can then declare a value that no plugin has read: the boot
 * fails, or each request of a route declared before the first of the plugins.
 * @throws WEIR_ERR_NOT_ENFORCED, at boot or over HTTP (500)
 */
export function enforceDeclaration (app: FastifyInstance, declaration: Declaration): void {
  const root = rootOf(app)
  const enforced = watched.get(root) ?? watch(root)
  enforced.add(declaration)
  app.addHook('onRoute', (route) => {
    const { config } = route
    const url = urlOf(route)
    route.config = {
      ...config,
      [SEEN]: { url, values: { ...seenIn(config, url), [declaration]: config?.[declaration] } }
    }
  })
}

function watch (root: FastifyInstance): Set<Declaration> {
  const enforced = new Set<Declaration>()
  watched.set(root, enforced)
  const routes: {
    readonly server: FastifyInstance
    readonly route: RouteOptions
    readonly url: string
  }[] = []
  // Existing contexts have their own hooks; later ones inherit them.
  for (const context of [root, ...descendantsOf(root)]) {
    context.addHook('onRoute', function (route) {
      routes.push({ server: this, route, url: urlOf(route) })
    })
  }
  root.addHook('onReady', async () => {
    for (const { server, route, url } of routes.splice(0)) {
      const found = unenforced(server, route.config, url, enforced)
      if (found !== undefined) {
        throw new WEIR_ERR_NOT_ENFORCED(`${[route.method].flat().join()} ${url}`, ...found)
      }
    }
  })
  // Fastify adds this hook to every context, including existing ones.
  root.addHook('onRequest', (request, _reply, done) => {
    const { config } = request.routeOptions
    // A 404 has no configuration.
    if (known.has(config) || request.is404) return done()
    const found = unenforced(request.server, config, config.url, enforced)
    if (found !== undefined) {
      return done(new WEIR_ERR_NOT_ENFORCED(`${request.method} ${config.url}`, ...found))
    }
    known.add(config)
    done()
  })
  return enforced
}

/** Returns the URL that Fastify adds to `config`, even if a hook has changed `route.url`. */
const urlOf = ({ prefix, routePath }: { readonly prefix: string; readonly routePath: string }) =>
  prefix + routePath

const seenIn = (config: FastifyContextConfig | undefined, url: string): Seen['values'] =>
  config?.[SEEN]?.url === url ? config[SEEN].values : {}

/** Configurations that are enforced completely. They do not change, so each is checked once. */
const known = new WeakSet<object>()

/** Finds a declaration in the route's current `config` that is not enforced, with the remedy. */
function unenforced (
  server: FastifyInstance,
  config: FastifyContextConfig | undefined,
  url: string,
  enforced: ReadonlySet<Declaration>
): [declaration: Declaration, remedy: string] | undefined {
  const seen = seenIn(config, url)
  for (const declaration of DECLARATIONS) {
    const plugin = ENFORCED_BY[declaration]
    if (unlessFalse(config?.[declaration]) === unlessFalse(seen[declaration])) continue
    if (Object.hasOwn(seen, declaration)) {
      return [
        declaration,
        `it was changed after ${plugin} had read it: add the onRoute hook that sets it before ` +
        'that plugin'
      ]
    }
    if (declaration === 'rateLimit' && !(enforced.has('rateLimit') && isOurs(server))) continue
    return [
      declaration,
      `register ${plugin} in the route's context or an enclosing one, and await it before the ` +
      'route is declared'
    ]
  }
  return undefined
}

const unlessFalse = (value: unknown) => value === false ? undefined : value

/**
 * Returns false if `config.rateLimit` belongs to @fastify/rate-limit, registered without this
 * package's plugin.
 */
const isOurs = (server: FastifyInstance) =>
  server.hasPlugin(ENFORCED_BY.rateLimit) || !server.hasPlugin('@fastify/rate-limit')

/** Walks up the prototypes: that of an encapsulated context is the enclosing one. */
function rootOf (app: FastifyInstance): FastifyInstance {
  const parent: unknown = Object.getPrototypeOf(app)
  return isInstance(parent) ? rootOf(parent) : app
}

const isInstance = (value: unknown): value is FastifyInstance =>
  typeof value === 'object' && value !== null && 'addHook' in value

/** Returns the contexts that exist so far. Fastify stores them under a symbol. */
function descendantsOf (app: FastifyInstance): FastifyInstance[] {
  const symbol = Object.getOwnPropertySymbols(app).find(
    ({ description }) => description === 'fastify.children'
  )
  const children: unknown = symbol && Reflect.get(app, symbol)
  return Array.isArray(children)
    ? children.filter(isInstance).flatMap((child) => [child, ...descendantsOf(child)])
    : []
}
