import { formatNoVarySearch } from '@weir/http'
import type { FastifyInstance } from 'fastify'
import type { Fields } from './head.js'

/** The No-Vary-Search of a route's responses. */
export interface ToldVariance {
  readonly field: string
  /**
   * Whether the client is told: not one whose query has other parameters, by which a hook may have
   * let it pass.
   */
  readonly isTold: boolean
}

/** Takes the field out of what a client is not told. */
export function leaveOutVariance (fields: Fields, variance: ToldVariance | undefined): void {
  if (variance?.isTold === false && fields['no-vary-search'] === variance.field) {
    delete fields['no-vary-search']
  }
}

/**
 * The No-Vary-Search of a route whose handler sees the declared parameters and no others, for
 * browsers and caches on the way to the client. Undefined where they could not tell which part of a
 * URL's query these are: it is parsed or rewritten by the application's own functions.
 * @param names as of `declaredNames`
 * @example toldVariance(app, ['page', 'sort']) // 'key-order, params, except=("page" "sort")'
 */
export function toldVariance (
  app: FastifyInstance,
  names: readonly string[] | undefined
): string | undefined {
  if (names === undefined || !readsQueriesAsSent(app)) return undefined
  return formatNoVarySearch({ anyOrder: names.length > 0, selecting: 'only', names })
}

/** Fastify keeps its options under a symbol of the outermost context. Without them nobody knows. */
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
