import { evaluatePreconditions, isWeakDate, parseEntityTag, type Representation } from '@weir/http'
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { mayHaveFragments } from '../fragments/follow.js'
import type { Described } from './options.js'

/** Logs a mistake of a route's function once. */
export type Complain = (request: FastifyRequest, option: string, given: unknown) => void

/**
 * Wraps a handler so that it runs only if the client lacks the current version (RFC 9110, 13.2.2).
 */
export function validated (
  handler: RouteHandlerMethod,
  { etag, lastModified }: Described,
  complain: Complain
): RouteHandlerMethod {
  return async function (request, reply) {
    const [tag, modified] = await Promise.all([etag?.(request), lastModified?.(request)])
    const current = {
      etag: tagOf(tag, request, complain),
      lastModified: dateOf(modified, request, complain)
    }
    if (current.etag !== undefined) reply.header('etag', current.etag)
    if (current.lastModified !== undefined) reply.header('last-modified', current.lastModified)
    // Failed preconditions are left to plugins that know all validators, such as weir-conditional.
    const isTold = isKnown(current) && !mayHaveFragments(request, reply, current.lastModified)
    if (isTold && evaluatePreconditions(request, current) === 'not-modified') {
      return reply.code(304).send()
    }
    return awaitReply(handler.call(this, request, reply), reply)
  }
}

/** An unknown resource may not exist, and no condition holds for a resource that does not exist. */
const isKnown = ({ etag, lastModified }: Representation) =>
  etag !== undefined || lastModified !== undefined

/** A handler that returns nothing answers later: await the reply instead. */
async function awaitReply (result: unknown, reply: FastifyReply): Promise<unknown> {
  const value = await result
  return value === undefined ? reply : value
}

function tagOf (tag: unknown, request: FastifyRequest, complain: Complain): string | undefined {
  if (tag === undefined || tag === null) return undefined
  if (typeof tag === 'string' && parseEntityTag(tag) !== undefined) return tag
  complain(request, 'etag', tag)
  return undefined
}

/**
 * Ignores dates of the current second, which cannot tell versions apart (RFC 9110, 8.8.2.2), and
 * future dates.
 */
function dateOf (date: unknown, request: FastifyRequest, complain: Complain): string | undefined {
  if (date === undefined || date === null) return undefined
  if (!(date instanceof Date) || Number.isNaN(date.getTime())) {
    complain(request, 'lastModified', date)
    return undefined
  }
  const text = date.toUTCString()
  return isWeakDate(text, Date.now()) ? undefined : text
}
