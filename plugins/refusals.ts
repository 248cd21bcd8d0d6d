import type { FastifyRequest } from 'fastify'

/**
 * The weight of a refusal for an operator. `info`: the service does what it should, and counts no
 * error. `warn`: the service cannot do better at the moment, and counts an error.
 */
export type RefusalLevel = 'info' | 'warn'

const LEVEL = Symbol('weir.refusalLevel')
const REFUSED = Symbol('weir.refused')

declare module 'fastify' {
  interface FastifyRequest {
    [REFUSED]?: true
  }
}

/**
 * Declares that a service means to answer with the errors of a class. The log has a line of that
 * level for each 5xx, without a stack; metrics count no error for `info`.
 *
 * @example
 * const Busy = expected('info', createError('SHOP_ERR_BUSY', 'Try again', 503, Error, false))
 */
export function expected<Class extends { readonly prototype: object }> (
  level: RefusalLevel,
  errors: Class
): Class {
  Object.defineProperty(errors.prototype, LEVEL, { value: level })
  return errors
}

/**
 * The level that the class of an error was declared with; undefined for an error that is none of
 * those.
 */
export function refusalLevel (error: unknown): RefusalLevel | undefined {
  return isDeclared(error) ? error[LEVEL] : undefined
}

const isDeclared = (error: unknown): error is { readonly [LEVEL]: RefusalLevel } =>
  typeof error === 'object' && error !== null && LEVEL in error

/** Notes that a request is answered with an error, for those who count. */
export function noteRefusal (error: unknown, request: FastifyRequest): void {
  if (refusalLevel(error) === 'info') request[REFUSED] = true
}

/** Whether a request was answered with a refusal that is no error. */
export const isRefused = (request: FastifyRequest): boolean => request[REFUSED] === true
