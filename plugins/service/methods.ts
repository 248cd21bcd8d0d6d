import type { FastifyInstance, FastifyRequest } from 'fastify'
import {
  WEIR_ERR_METHOD_NOT_ALLOWED,
  WEIR_ERR_METHOD_NOT_IMPLEMENTED,
  WEIR_ERR_ROUTE_NOT_FOUND
} from '../errors.js'
import { PATCH_TYPES } from './json.js'
import { pathOf } from './problem.js'

/**
 * Methods that clients may assume to be known (RFC 9110 9.3, RFC 5789): a path without one of them
 * answers 405.
 */
const KNOWN = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Path of the route that @fastify/cors declares for OPTIONS, and the target of `OPTIONS *`. */
const ANY = '*'

/** Knows the methods of an application's paths, from the routes declared after it. */
export class Methods {
  /** Routes by their declared path. */
  readonly #routes = new Map<string, { readonly matches: RegExp, readonly methods: Set<string> }>()
  readonly #known = new Set(KNOWN)

  constructor (app: FastifyInstance) {
    app.addHook('onRoute', ({ method, url }) => {
      if (url === ANY) return
      const route = this.#routes.get(url) ?? { matches: patternOf(url), methods: new Set<string>() }
      this.#routes.set(url, route)
      for (const name of [method].flat()) {
        route.methods.add(name)
        this.#known.add(name)
      }
    })
  }

  /**
   * Returns the methods of a path in the form of Allow; empty for an unknown path. `*` has those of
   * all paths.
   */
  of (path: string): string {
    const decoded = decodedPath(path)
    const methods = new Set<string>()
    for (const route of this.#routes.values()) {
      if (path === ANY || route.matches.test(decoded)) {
        for (const method of route.methods) methods.add(method)
      }
    }
    if (methods.size > 0) methods.add('OPTIONS')
    return [...new Set([...KNOWN, ...[...methods].sort()])]
      .filter((method) => methods.has(method))
      .join(', ')
  }

  /** Returns whether any path could have the method. */
  isKnown (method: string): boolean {
    return this.#known.has(method)
  }
}

/**
 * Answers OPTIONS unless a route does: 204 with Allow, including CORS preflights, whose fields
 * `@fastify/cors` has set already.
 */
export function answerOptions (app: FastifyInstance, methods: Methods): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.method !== 'OPTIONS') return done()
    const isPreflight =
      request.headers['access-control-request-method'] !== undefined &&
      request.headers.origin !== undefined
    if (!isPreflight && !request.is404 && request.routeOptions.url !== ANY) return done()
    const path = pathOf(request)
    const allowed = methods.of(path)
    if (allowed !== '') reply.header('allow', allowed)
    else if (!isPreflight) return done(new WEIR_ERR_ROUTE_NOT_FOUND(request.method, path))
    // Accept-Patch, RFC 5789, section 3.1.
    if (allowed.includes('PATCH')) reply.header('accept-patch', PATCH_TYPES)
    reply.code(204).header('content-length', '0').send()
  })
}

/**
 * Returns the error for a request without a route: 405 if the path has other methods, 501 if no
 * path has this one, else 404.
 */
export function notFound ({ method }: FastifyRequest, path: string, methods: Methods): Error {
  if (!methods.isKnown(method)) return new WEIR_ERR_METHOD_NOT_IMPLEMENTED(method)
  const allowed = methods.of(path)
  // The route exists, but has no resource there, such as a missing file.
  if (allowed === '' || allowed.split(', ').includes(method)) {
    return new WEIR_ERR_ROUTE_NOT_FOUND(method, path)
  }
  return Object.assign(new WEIR_ERR_METHOD_NOT_ALLOWED(method, path, allowed), {
    headers: { allow: allowed }
  })
}

// Matches a literal colon, a parameter with its expression, a wildcard, and characters that an
// expression would read as syntax.
const parts =
  /(::)|(\/?):[^:/(.?-]+(?:\(\^?((?:[^()\\]|\\.|\([^()]*\))*?)\$?\))?(\?)?|(\*)|[$()+.?[\\\]^{|}]/g

/**
 * Returns the expression for the paths of a route: find-my-way has `:name`, `:name(expression)`,
 * `:name?`, `*`, and `::` for a colon.
 */
function patternOf (url: string): RegExp {
  const source = url.replace(
    parts,
    (
      part: string,
      colon: string | undefined,
      slash: string | undefined,
      value = '[^/]*?',
      optional: string | undefined,
      wildcard: string | undefined
    ) => {
      if (colon !== undefined) return ':'
      if (wildcard !== undefined) return '.*'
      if (slash === undefined) return `\\${part}`
      return optional === undefined ? `${slash}(?:${value})` : `(?:${slash}(?:${value}))?`
    }
  )
  return new RegExp(`^${source}$`)
}

function decodedPath (path: string): string {
  try {
    return decodeURI(path)
  } catch {
    return path
  }
}
