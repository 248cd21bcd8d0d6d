import type { FastifyRequest } from 'fastify'

/**
 * Severity of a refusal for operators. `info`: the service works as intended, and counts no error.
 * `warn`: the service cannot do better at the moment, and counts an error.
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
 * Declares that a service intends to answer with the errors of a class. The log has a line of that
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

/** Returns the level declared for the class of an error; undefined for other errors. */
export function refusalLevel (error: unknown): RefusalLevel | undefined {
  return isDeclared(error) ? error[LEVEL] : undefined
}

const isDeclared = (error: unknown): error is { readonly [LEVEL]: RefusalLevel } =>
  typeof error === 'object' && error !== null && LEVEL in error

/** Marks a request that is answered with an expected error, for metrics. */
export function noteRefusal (error: unknown, request: FastifyRequest): void {
  if (refusalLevel(error) === 'info') request[REFUSED] = true
}

/** Returns whether a request was answered with a refusal that does not count as an error. */
export const isRefused = (request: FastifyRequest): boolean => request[REFUSED] === true
