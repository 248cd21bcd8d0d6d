import { evaluatePreconditions, isWeakDate, parseEntityTag, type Representation } from '@weir/http'
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { mayHaveFragments } from '../fragments/follow.js'
import type { Described } from './options.js'

/** Logs a mistake of a route's function, once. */
export type Complain = (request: FastifyRequest, option: string, given: unknown) => void

/**
 * The handler, asked only where the client does not have what it would answer (RFC 9110, 13.2.2).
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
    // A precondition that fails is for those who know all validators, as weir-conditional does.
    const isTold = isKnown(current) && !mayHaveFragments(request, reply, current.lastModified)
    if (isTold && evaluatePreconditions(request, current) === 'not-modified') {
      return reply.code(304).send()
    }
    return awaitReply(handler.call(this, request, reply), reply)
  }
}

/** A resource that is not known may not exist, and no condition holds for one that does not. */
const isKnown = ({ etag, lastModified }: Representation) =>
  etag !== undefined || lastModified !== undefined

/** A handler that returns nothing answers later: the reply is what can be waited for. */
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
 * A date of this second would not tell its versions apart (RFC 9110, 8.8.2.2), and one to come is
 * none.
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
