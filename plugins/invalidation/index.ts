import type { Consistency } from '@weir/cache'
import { isSafeMethod } from '@weir/http'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import fp from 'fastify-plugin'
import { enforceDeclaration } from '../declared.js'
import {
  WEIR_ERR_NOT_INVALIDATED,
  WEIR_ERR_PLUGIN_OPTION,
  WEIR_ERR_SAFE_METHOD
} from '../errors.js'
import { checkOptionNames, checkOutbox } from '../plugin-options.js'
import { originOf } from '../response-cache/authority.js'
import { type RouteTags } from '../response-cache/tags.js'
import '../response-cache/index.js'
import { checkConfig } from './check-config.js'
import { isPromise, isTicket } from './given.js'
import { HandlerOutcome, isResponse, isSuccess } from './handler-outcome.js'
import { outcomeOf, publisher } from './publish-write.js'
import { MOST_LOGGED, WriteTags } from './write-tags.js'

/**
 * Tags that a write invalidates, with `{name}` for a parameter, or a function that returns them for
 * a request and its reply.
 */
export type Invalidates = RouteTags

/** Invalidation that was written in the same transaction as its data. */
export interface InvalidationTicket {
  readonly id: string
  readonly tags: readonly string[]
}

/**
 * Queue of invalidations that the store could not receive. Created by `createOutbox` of
 * `@weir/outbox`.
 */
export interface InvalidationOutbox {
  /**
   * Resolves when no instance serves the old version, or when none will use its cache before it has
   * received the invalidation.
   */
  deliver (ticket: InvalidationTicket): Promise<unknown>
  /** True if caches beyond the fleet follow each ticket: `@weir/fastify/edge` is needed then. */
  readonly hasEdge?: boolean
  queue (tags: readonly string[]): Promise<InvalidationTicket>
  /**
   * Runs `work`, and adds the tags to every ticket created within. Without it tickets have only the
   * handler's tags.
   */
  withTags? (tags: () => readonly string[], work: () => void): void
}

export interface InvalidationOptions {
  /**
   * Acknowledges writes even while the store is unreachable. Guard the store with its `isDrained`.
   */
  readonly outbox?: InvalidationOutbox
}

/**
 * Marks a scope whose writes change no response, as a decorator: they invalidate nothing, not even
 * their target URI.
 */
export const UNINVALIDATED: unique symbol = Symbol.for('weir.uninvalidated')

declare module 'fastify' {
  interface FastifyInstance {
    /** True in the scope of a plugin whose writes change no response. */
    [UNINVALIDATED]?: true
  }

  interface FastifyContextConfig {
    /**
     * Tags that this unsafe route invalidates when it succeeds, before its response is sent. With
     * an outbox a function is called for each ticket as well, and once more for the response: it
     * may throw or leave out tags that it does not know yet.
     */
    invalidates?: Invalidates
    /**
     * Condition for which the response of this unsafe route waits: `strict`, the default, until no
     * instance serves the old version; `bounded`, until the store has the invalidation, after which
     * other instances may serve the old version for one more lease.
     */
    consistency?: Consistency
  }

  interface FastifyRequest {
    /** Scheme and host of an unsafe request's target. */
    writtenOrigin: string
    /** Time at which an unsafe request reached its route, ms since 1970. */
    writtenSince: number
  }

  interface FastifyReply {
    /**
     * Invalidates responses with these tags before this reply is sent, regardless of its status:
     * for tags that only the handler knows. Given the ticket of an outbox, it delivers the ticket.
     * Only for unsafe methods. Once the reply has been sent, as by a handler timeout or a 202, it
     * invalidates at once.
     * @throws WEIR_ERR_SAFE_METHOD, WEIR_ERR_PLUGIN_OPTION for a ticket without an outbox
     * @example reply.invalidate([`product:${created.id}`])
     * @example reply.invalidate(await db.transaction().execute(async (trx) => {
     *   await save(trx, request.body)
     *   return outbox.add(trx, [`product:${id}`])
     * }))
     */
    invalidate (what: readonly string[] | InvalidationTicket): FastifyReply
    /** Tags and tickets given to `invalidate` so far. */
    invalidations: { readonly tags: string[], readonly tickets: InvalidationTicket[] } | null
    /** Invalidation in progress for the response: anything given after its start is late. */
    invalidating: Promise<void> | null
    /** Outcome of an unsafe request's handler so far; null before it runs. */
    handlerOutcome: HandlerOutcome | null
  }
}

const NAME = 'weir-invalidation'

/**
 * Makes writes invalidate the responses they change before they are acknowledged: the route's
 * `config.invalidates`, tags that the handler gives to `reply.invalidate()` or names in
 * Cache-Group-Invalidation (RFC 9875, section 3), and the target URI with Location and
 * Content-Location (RFC 9111, section 4.4). When a client learns that a write is done, no client is
 * served the old version any more. If the store is unreachable, the response is 503, or waits for
 * the outbox if there is one.
 *
 * A ticket of the outbox contains all of these tags that are known when it is created, so that they
 * commit with the data. The contents of a ticket are delivered with it, and not invalidated a
 * second time.
 */
async function invalidation (app: FastifyInstance, options: InvalidationOptions): Promise<void> {
  checkOptionNames<InvalidationOptions>(NAME, options, { outbox: true })
  const { outbox } = options
  checkOutbox(NAME, outbox, ['deliver', 'queue'])
  if (outbox?.hasEdge === true && app.edge === undefined) {
    throw new WEIR_ERR_PLUGIN_OPTION(NAME, 'outbox',
      'has an edge that responses know nothing of: register @weir/fastify/edge before the ' +
      'response cache')
  }
  app.decorateReply('invalidations', null)
  app.decorateReply('invalidating', null)
  app.decorateReply('handlerOutcome', null)
  app.decorateRequest('writtenOrigin', '')
  app.decorateRequest('writtenSince', 0)
  const writeTags = new WriteTags(app)
  app.decorateReply(
    'invalidate',
    function (this: FastifyReply, what: readonly string[] | InvalidationTicket) {
      const { method, url } = this.request
      if (isSafeMethod(method)) throw new WEIR_ERR_SAFE_METHOD(method, url)
      const isOfOutbox = isTicket(what)
      if (isOfOutbox && outbox === undefined) {
        throw new WEIR_ERR_PLUGIN_OPTION(
          NAME,
          'outbox',
          'is missing, but a ticket of an outbox was given'
        )
      }
      const tags = writeTags.among(isOfOutbox ? what.tags : what, 'reply.invalidate()', this)
      this.invalidations ??= { tags: [], tickets: [] }
      if (isOfOutbox) this.invalidations.tickets.push({ ...what, tags })
      else for (const tag of tags) this.invalidations.tags.push(tag)
      // A hijacked reply that has been closed sends nothing any more.
      if (this.invalidating !== null || (this.sent && this.handlerOutcome?.isClosed === true)) {
        invalidateLate(this, false)
      }
      return this
    }
  )

  enforceDeclaration(app, 'invalidates')
  app.addHook('onRoute', function (route) {
    if (this[UNINVALIDATED] === true) return
    const methods = [route.method].flat()
    const safe = methods.every((method) => isSafeMethod(method))
    checkConfig(route, methods.join(), safe)
    if (!safe) {
      route.onRequest = [rememberStart, ...[route.onRequest ?? []].flat()]
      route.handler = noticing(route.handler)
    }
    // The hook comes last, because reading a body loses the context, as may callbacks of other
    // plugins.
    if (!safe && outbox?.withTags !== undefined) {
      route.preHandler = [...[route.preHandler ?? []].flat(), completeTickets]
    }
    // The hook comes last, so that no other one can turn a success into an error after the
    // invalidation.
    if (!safe) route.onSend = [...[route.onSend ?? []].flat(), invalidateBeforeSending]
  })

  function completeTickets (request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    if (outbox?.withTags === undefined || isSafeMethod(request.method)) done()
    else outbox.withTags(() => writeTags.soFar(reply), done)
  }

  /** Wraps a handler to notice when it has done its work, even if its result is not sent. */
  function noticing (handler: RouteHandlerMethod): RouteHandlerMethod {
    return function (request, reply) {
      if (isSafeMethod(request.method)) return handler.call(this, request, reply)
      const outcome = new HandlerOutcome(reply)
      reply.handlerOutcome = outcome
      // Responses written to `reply.raw` bypass the hooks.
      reply.raw.once('close', () => {
        const isOver = reply.raw.writableEnded || outcome.hasReturned
        if (isOver && reply.invalidating === null) invalidateLate(reply, isDone(reply))
      })
      const send = reply.send.bind(reply)
      reply.send = (payload) => {
        if (outcome.send(payload) && reply.invalidating !== null) invalidateLate(reply, true)
        return send(payload)
      }
      try {
        const result: unknown = handler.call(this, request, reply)
        return result === reply || !isPromise(result) ? result : awaited(result, outcome, reply)
      } catch (error) {
        outcome.fail()
        throw error
      }
    }
  }

  /** Awaits an async handler, which may have continued after its response. */
  async function awaited (
    result: PromiseLike<unknown>,
    outcome: HandlerOutcome,
    reply: FastifyReply
  ): Promise<unknown> {
    try {
      const value = await result
      const isNothing = value === undefined
      outcome.hasReturned = isNothing
      // A returned value is sent, and noticed then.
      const wentOn = reply.statusCode === 202 || (isNothing && outcome.isTimedOut)
      const isLate = reply.invalidating === null ? isNothing && outcome.isClosed : wentOn
      if (isLate && outcome.isWrittenInTheEnd()) invalidateLate(reply, true)
      // Fastify would send nothing instead of this response, which would be sent by now without
      // this plugin's hook.
      if (isNothing && outcome.hasSent && reply.invalidating !== null) await sent(reply)
      return value
    } catch (error) {
      outcome.fail()
      throw error
    }
  }

  async function invalidateBeforeSending (
    _request: FastifyRequest,
    reply: FastifyReply,
    payload: unknown
  ): Promise<void> {
    // An error thrown below passes through the same hooks. Other payloads must not overtake the
    // first.
    if (reply.invalidating !== null) return reply.invalidating.catch(() => {})
    if (isResponse(payload)) copyTargets(payload, reply)
    reply.invalidating = invalidateAll(reply, isDone(reply, payload), false)
    return reply.invalidating
  }

  /** Invalidates while the response is in progress or sent: a failure can only be logged. */
  function invalidateLate (reply: FastifyReply, isDone: boolean): void {
    const invalidating = invalidateAll(reply, isDone, reply.invalidating !== null)
    reply.invalidating ??= invalidating
    invalidating.catch((error: unknown) => {
      reply.request.log.error(
        { err: error },
        'a write continued after its response, and its invalidation failed'
      )
    })
  }

  /** @param isDone the write has succeeded, so that its route and its target count */
  async function invalidateAll (
    reply: FastifyReply,
    isDone: boolean,
    isLate: boolean
  ): Promise<void> {
    const { request } = reply
    const { tags = [], tickets = [] } = reply.invalidations ?? {}
    reply.invalidations = null
    const named = [...tags, ...tickets.flatMap((ticket) => ticket.tags)]
    const written = new Set([
      ...tags,
      ...(isDone ? await writeTags.ofSuccess(reply, named, isLate) : [])
    ])
    for (const ticket of tickets) ticket.tags.forEach((tag) => written.delete(tag))
    if (isDone && !isLate && outbox === undefined && app.edge === undefined) {
      request.postFeed?.leaveOut(written, reply)
    }
    const publish = publisher(reply, [...written, ...tickets.flatMap(({ tags }) => tags)])
    try {
      const outcomes: unknown[] = await Promise.all([
        ...tickets.map((ticket) => outbox?.deliver(ticket)),
        written.size > 0 ? invalidateOrQueue([...written], request) : undefined
      ])
      publish?.(outcomeOf(outcomes))
      if (outcomes.includes('unconfirmed')) noteUnconfirmed(reply)
    } catch (error) {
      publish?.('failed')
      request.log.error(
        { err: error, tags: [...written].slice(0, MOST_LOGGED) },
        'a write is done, but its invalidation failed'
      )
      throw new WEIR_ERR_NOT_INVALIDATED()
    }
  }

  async function invalidateOrQueue (
    tags: readonly string[],
    request: FastifyRequest
  ): Promise<unknown> {
    try {
      const { unconfirmed } = await app.responseCache.invalidate(tags, {
        consistency: request.routeOptions.config.consistency ?? 'strict'
      })
      return unconfirmed.length > 0 ? 'unconfirmed' : undefined
    } catch (error) {
      if (outbox === undefined) throw error
      request.log.warn(
        { tags: tags.slice(0, MOST_LOGGED), reason: String(error) },
        'the store is unreachable: the invalidation of a write waits in the outbox'
      )
      return outbox.deliver(await outbox.queue(tags))
    }
  }
}

/** Tells the client of a write that caches beyond the fleet may still serve the old version. */
function noteUnconfirmed (reply: FastifyReply): void {
  if (!reply.raw.headersSent && !reply.sent) reply.header('weir-edge', 'unconfirmed')
  reply.request.log.warn(
    'a write is done, but a cache at the edge has not confirmed its purge in time')
}

/**
 * Returns whether the response has a success status, or the handler has done its work regardless of
 * the status.
 */
const isDone = (reply: FastifyReply, payload?: unknown) =>
  reply.handlerOutcome?.isWritten === true || isSuccess(reply, payload)

/** Resolves when the reply has been sent, or will not be. */
const sent = async (reply: FastifyReply): Promise<void> =>
  new Promise((resolve) => {
    reply.then(resolve, () => {
      resolve()
    })
  })

/** Copies headers of a `Response` to its reply: Fastify copies them after all hooks. */
function copyTargets ({ headers }: Response, reply: FastifyReply): void {
  for (const name of ['location', 'content-location', 'cache-group-invalidation']) {
    const value = headers.get(name)
    if (value !== null) reply.header(name, value)
  }
}

/**
 * Remembers the time and the origin: by the time the response is sent, a client that has left has
 * taken its socket along, and with it the protocol.
 */
function rememberStart (
  request: FastifyRequest,
  _reply: FastifyReply,
  done: (error?: Error) => void
): void {
  request.writtenSince = Date.now()
  try {
    request.writtenOrigin = originOf(request)
    done()
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)))
  }
}

export default fp(invalidation, {
  name: NAME,
  fastify: '5.x',
  dependencies: ['weir-response-cache']
})
