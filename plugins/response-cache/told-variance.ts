import { formatNoVarySearch } from '@weir/http'
import type { FastifyInstance } from 'fastify'
import type { Fields } from './head.js'

/** No-Vary-Search of a route's responses. */
export interface ToldVariance {
  readonly field: string
  /**
   * Whether the client gets the field. It is withheld if the query has other parameters, on which a
   * hook may have relied.
   */
  readonly isTold: boolean
}

/** Removes the field from a response to a client that must not get it. */
export function leaveOutVariance (fields: Fields, variance: ToldVariance | undefined): void {
  if (variance?.isTold === false && fields['no-vary-search'] === variance.field) {
    delete fields['no-vary-search']
  }
}

/**
 * Returns the No-Vary-Search of a route whose handler sees only the declared parameters, for
 * browsers and downstream caches. Undefined if they could not tell which part of a URL's query
 * these are, because functions of the application parse or rewrite it.
 * @param names result of `declaredNames`
 * @example toldVariance(app, ['page', 'sort']) // 'key-order, params, except=("page" "sort")'
 */
export function toldVariance (
  app: FastifyInstance,
  names: readonly string[] | undefined
): string | undefined {
  if (names === undefined || !readsQueriesAsSent(app)) return undefined
  return formatNoVarySearch({ anyOrder: names.length > 0, selecting: 'only', names })
}

/**
 * Returns whether queries are read as sent. Fastify stores its options under a symbol of the
 * outermost context; without them the answer is unknown.
 */
function readsQueriesAsSent (app: FastifyInstance): boolean {
  const symbol = Object.getOwnPropertySymbols(app).find(
    ({ description }) => description === 'fastify.options'
  )
  if (symbol === undefined) {
    const parent: unknown = Object.getPrototypeOf(app)
    return isInstance(parent) && readsQueriesAsSent(parent)
  }
  const options: unknown = Reflect.get(app, symbol)
  if (!has(options, 'routerOptions')) return false
  const { routerOptions } = options
  return (
    !has(options, 'rewriteUrl') &&
    !has(options, 'querystringParser') &&
    !has(routerOptions, 'querystringParser')
  )
}

const isInstance = (value: unknown): value is FastifyInstance =>
  typeof value === 'object' && value !== null && 'addHook' in value

const has = <N extends string>(value: unknown, name: N): value is Readonly<Record<N, unknown>> =>
  typeof value === 'object' && value !== null && Reflect.get(value, name) !== undefined
