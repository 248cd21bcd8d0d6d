import { inspect } from 'node:util'
import { millisecondsOf } from '@weir/internal'
import { AuditError } from './errors.js'
import { METHODS, type Method, type RequestHeaders } from './target/target.js'

/** Options of `audit`. */
export interface AuditOptions {
  /**
   * Routes to audit, by example URLs such as `/products/1?view=short`, or `HEAD /products/1`. Only
   * GET and HEAD are sent. Default: all GET routes that the audit finds, by the app's own
   * declarations, its OpenAPI description, and the links on its root page.
   */
  readonly routes?: readonly string[]
  /** Beginnings of paths that get no request, such as `/logout`. Default: none. */
  readonly ignore?: readonly string[]
  /** OpenAPI description of the app, as an object. Default: `/docs/json` of the app. */
  readonly openapi?: object
  /** Values of path and query parameters, by name, for routes without examples. */
  readonly params?: Readonly<Record<string, string>>
  /** Header fields of at least two users whose data differ, such as their `authorization`. */
  readonly users?: readonly RequestHeaders[]
  /** Most requests. Default 50,000. */
  readonly maxRequests?: number
  /** Longest duration, in ms or as text such as `'2m'`. Default `'5m'`. */
  readonly maxTime?: number | string
  /**
   * Longest wait for one response, in ms or as text; a slower route is skipped. Default `'5s'`.
   */
  readonly timeout?: number | string
}

/** Options with their defaults. */
export interface CheckedOptions {
  readonly routes: readonly { readonly method: Method, readonly url: string }[] | undefined
  readonly ignore: readonly string[]
  readonly openapi: object | undefined
  readonly params: Readonly<Record<string, string>>
  readonly users: readonly RequestHeaders[]
  readonly maxRequests: number
  readonly maxTime: number
  readonly timeout: number
}

const wrong = (what: string) => new AuditError('WEIR_AUDIT_INVALID_OPTION', what)

/** Checks options. @throws AuditError `WEIR_AUDIT_INVALID_OPTION` */
export function checkedOptions (options: AuditOptions): CheckedOptions {
  const { routes, ignore = [], openapi, params = {}, users = [], maxRequests = 50_000 } = options
  if (users.length === 1) {
    throw wrong('users has one user: give the header fields of at least two, whose data differ')
  }
  const wild = ignore.find((path) => !path.startsWith('/'))
  if (wild !== undefined) {
    throw wrong(`ignore has ${inspect(wild)}: write the beginning of a path, such as '/logout'`)
  }
  if (!Number.isInteger(maxRequests) || maxRequests < 1) {
    throw wrong(`maxRequests ${inspect(maxRequests)} is not a number of requests: use 1 or more`)
  }
  return {
    routes: routes?.map(routeOf),
    ignore,
    openapi,
    params,
    users,
    maxRequests,
    maxTime: duration('maxTime', options.maxTime ?? '5m'),
    timeout: duration('timeout', options.timeout ?? '5s')
  }
}

function routeOf (text: string): { readonly method: Method, readonly url: string } {
  const [, name = 'GET', url] = /^(?:([A-Z]+) +)?(\/[\x21-\x7e]*)$/.exec(text) ?? []
  const method = METHODS.find((one) => one === name)
  if (url !== undefined && method !== undefined) return { method, url }
  throw wrong(`routes has ${inspect(text)}: write a path such as '/products/1'; ` +
    'only GET and HEAD are sent')
}

function duration (name: string, value: unknown): number {
  const ms = millisecondsOf(value)
  if (ms !== undefined && ms > 0) return ms
  throw wrong(`${name} ${inspect(value)} is not a duration: use milliseconds or text such as '30s'`)
}
