import type { Consistency } from '@weir/cache'
import { invalidatedPaths, isSafeMethod } from '@weir/http'
import { shown, within } from '@weir/internal'
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  RouteHandlerMethod,
  RouteOptions
} from 'fastify'
import fp from 'fastify-plugin'
import { enforceDeclaration } from '../declared.js'
import {
  WEIR_ERR_NOT_INVALIDATED,
  WEIR_ERR_PLUGIN_OPTION,
  WEIR_ERR_ROUTE_OPTION,
  WEIR_ERR_SAFE_METHOD
} from '../errors.js'
import { checkOptionNames } from '../plugin-options.js'
import { fittingGroups } from '../response-cache/groups.js'
import { originOf } from '../response-cache/authority.js'
import { splitTarget } from '../response-cache/path.js'
import {
  groupTags,
  isKeyTag,
  type RouteTags,
  tagsFor,
  unfillablePlaceholder
} from '../response-cache/tags.js'
import '../response-cache/index.js'
import { checkedTags, isPromise, isTicket } from './given.js'
import { HandlerOutcome, isResponse, isSuccess } from './handler-outcome.js'

/**
 * The tags that a write invalidates, with `{name}` for a parameter, or what makes them of the
 * request and its reply.
 */
export type Invalidates = RouteTags

/** An invalidation that was written with the data it is about. */
export interface InvalidationTicket {
  readonly id: string
  readonly tags: readonly string[]
}

/**
 * Where invalidations wait that the store could not be told of. `createOutbox` of `@weir/outbox`
 * makes one.
 */
export interface InvalidationOutbox {
  /**
   * Resolves when no instance serves what was before, or none will use its cache before it has been
   * told.
   */
  deliver (ticket: InvalidationTicket): Promise<unknown>
  queue (tags: readonly string[]): Promise<InvalidationTicket>
  /**
   * Runs `work`, and adds the tags to every ticket that is made within. Without it tickets have
   * what the handler gives.
   */
  withTags? (tags: () => readonly string[], work: () => void): void
}

export interface InvalidationOptions {
  /**
   * With it a write is acknowledged also while the store cannot be told. Guard the store by its
   * `isDrained`.
   */
  readonly outbox?: InvalidationOutbox
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Tags that this unsafe route invalidates when it succeeds, before its answer is sent. With an
     * outbox a function is called for each ticket as well, and once more for the answer: what it
     * does not know before, it may throw or leave out.
     */
    invalidates?: Invalidates
    /**
     * What the answer of this unsafe route waits for: `strict`, the default, until no instance
     * serves what was before; `bounded`, until the store has it, after which others may for a lease
     * more.
     */
    consistency?: Consistency
  }

  interface FastifyRequest {
    /** Scheme and host that an unsafe request was for. */
    writtenOrigin: string
  }

  interface FastifyReply {
    /**
     * Invalidates responses with these tags before this reply is sent, whatever its status: for
     * what only the handler knows. Given the ticket of an outbox, it is delivered. Only on unsafe
     * methods. Once the reply has been sent, as by a handler timeout or a 202, it invalidates at
     * once.
     * @throws WEIR_ERR_SAFE_METHOD, WEIR_ERR_PLUGIN_OPTION for a ticket where there is no outbox
     * @example reply.invalidate([`product:${created.id}`])
     * @example reply.invalidate(await db.transaction().execute(async (trx) => {
     *   await save(trx, request.body)
     *   return outbox.add(trx, [`product:${id}`])
     * }))
     */
    invalidate (what: readonly string[] | InvalidationTicket): FastifyReply
    /** What `invalidate` has been given so far. */
    invalidations: { readonly tags: string[], readonly tickets: InvalidationTicket[] } | null
    /**
     * The invalidation that goes with the answer, once it is under way: whatever comes then is
     * late.
     */
    invalidating: Promise<void> | null
    /** The outcome of an unsafe request's handler, as far as it is known; null before it runs. */
    handlerOutcome: HandlerOutcome | null
  }
}

const NAME = 'weir-invalidation'

/**
 * Writes invalidate what they change before they are acknowledged: the route's
 * `config.invalidates`, what the handler gives to `reply.invalidate()` or names in
 * Cache-Group-Invalidation (RFC 9875, section 3), and the target URI with Location and
 * Content-Location (RFC 9111, section 4.4). A client that is told that a write is done may rely on
 * nobody being served what was before; if the store cannot be told, the answer is 503, or waits for
 * the outbox where there is one.
 *
 * A ticket of the outbox has all of these tags that are known when it is made, so that they commit
 * with the data. What a ticket has is delivered with it, and not invalidated a second time.
 */
async function invalidation (app: FastifyInstance, options: InvalidationOptions): Promise<void> {
  checkOptionNames<InvalidationOptions>(NAME, options, { outbox: true })
  const { outbox } = options
  app.decorateReply('invalidations', null)
  app.decorateReply('invalidating', null)
  app.decorateReply('handlerOutcome', null)
  app.decorateRequest('writtenOrigin', '')
  const complained = new Set<string>()
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
          'is missing, but a ticket of one was given'
        )
      }
      const tags = tagsAmong(isOfOutbox ? what.tags : what, 'reply.invalidate()', this)
      this.invalidations ??= { tags: [], tickets: [] }
      if (isOfOutbox) this.invalidations.tickets.push({ ...what, tags })
      else for (const tag of tags) this.invalidations.tags.push(tag)
      // Nothing is sent any more by a reply that was hijacked and then closed.
      if (this.invalidating !== null || (this.sent && this.handlerOutcome?.isClosed === true)) {
        invalidateLate(this, false)
      }
      return this
    }
  )

  enforceDeclaration(app, 'invalidates')
  app.addHook('onRoute', (route) => {
    const methods = [route.method].flat()
    const safe = methods.every((method) => isSafeMethod(method))
    checkConfig(route, methods.join(), safe)
    if (!safe) {
      route.onRequest = [rememberOrigin, ...[route.onRequest ?? []].flat()]
      route.handler = noticing(route.handler)
    }
    // Last, as a body that is read loses the context, and so may other plugins' callbacks.
    if (!safe && outbox?.withTags !== undefined) {
      route.preHandler = [...[route.preHandler ?? []].flat(), completeTickets]
    }
    // Last, so that nothing can still turn a success into an error after it has been acted on.
    if (!safe) route.onSend = [...[route.onSend ?? []].flat(), invalidateBeforeSending]
  })

  function completeTickets (request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    if (outbox?.withTags === undefined || isSafeMethod(request.method)) done()
    else outbox.withTags(() => tagsSoFar(reply), done)
  }

  /**
   * Notices when a handler has done its work, although nothing of it, or something else, is or was
   * sent.
   */
  function noticing (handler: RouteHandlerMethod): RouteHandlerMethod {
    return function (request, reply) {
      if (isSafeMethod(request.method)) return handler.call(this, request, reply)
      const outcome = new HandlerOutcome(reply)
      reply.handlerOutcome = outcome
      // Whoever writes to the raw response passes the hooks by.
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

  /** The result of an async handler, which may have gone on after its answer. */
  async function awaited (
    result: PromiseLike<unknown>,
    outcome: HandlerOutcome,
    reply: FastifyReply
  ): Promise<unknown> {
    try {
      const value = await result
      const isNothing = value === undefined
      outcome.hasReturned = isNothing
      // A value that is returned is sent, and noticed by that.
      const wentOn = reply.statusCode === 202 || (isNothing && outcome.isTimedOut)
      const isLate = reply.invalidating === null ? isNothing && outcome.isClosed : wentOn
      if (isLate && outcome.isWrittenInTheEnd()) invalidateLate(reply, true)
      // The answer would be gone by now, but for the hook of this plugin: Fastify would send
      // nothing in its place.
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
    // An error that is thrown below is sent through the same hooks. What else is sent does not
    // overtake the first.
    if (reply.invalidating !== null) return reply.invalidating.catch(() => {})
    if (isResponse(payload)) copyTargets(payload, reply)
    reply.invalidating = invalidateAll(reply, isDone(reply, payload), false)
    return reply.invalidating
  }

  /** The answer is on its way or gone: nobody can be told, but the log, if it fails. */
  function invalidateLate (reply: FastifyReply, isDone: boolean): void {
    const invalidating = invalidateAll(reply, isDone, reply.invalidating !== null)
    reply.invalidating ??= invalidating
    invalidating.catch((error: unknown) => {
      reply.request.log.error(
        { err: error },
        'a write went on after its answer, and what it invalidates could not be invalidated'
      )
    })
  }

  /** @param isDone the write has succeeded, so that its route and its target have a say */
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
      ...(isDone ? await tagsOfSuccess(reply, named, isLate) : [])
    ])
    for (const ticket of tickets) ticket.tags.forEach((tag) => written.delete(tag))
    if (isDone && !isLate && outbox === undefined) request.postFeed?.leaveOut(written, reply)
    try {
      await Promise.all([
        ...tickets.map((ticket) => outbox?.deliver(ticket)),
        written.size > 0 ? invalidateOrQueue([...written], request) : undefined
      ])
    } catch (error) {
      request.log.error(
        { err: error, tags: [...written].slice(0, MOST_LOGGED) },
        'a write is done, but what it invalidates could not be invalidated'
      )
      throw new WEIR_ERR_NOT_INVALIDATED()
    }
  }

  async function invalidateOrQueue (
    tags: readonly string[],
    request: FastifyRequest
  ): Promise<void> {
    try {
      await app.responseCache.invalidate(tags, {
        consistency: request.routeOptions.config.consistency ?? 'strict'
      })
    } catch (error) {
      if (outbox === undefined) throw error
      request.log.warn(
        { tags: tags.slice(0, MOST_LOGGED), reason: String(error) },
        'the store could not be told of a write: it waits in the outbox'
      )
      await outbox.deliver(await outbox.queue(tags))
    }
  }

  /**
   * The tags of what the application gave for a write that is saved by now: what is no list of tags
   * costs itself, and one line in the log for each route, so that clients cannot fill it.
   */
  function tagsAmong (
    given: unknown,
    from: string,
    { request: { log, routeOptions } }: FastifyReply
  ): readonly string[] {
    const { tags, malformed } = checkedTags(given)
    const mistake = `${from} of ${String(routeOptions.method)} ${routeOptions.url}`
    if (malformed === undefined || complained.has(mistake)) return tags
    complained.add(mistake)
    log.error(
      { given: shown(malformed), tags: tags.slice(0, MOST_LOGGED) },
      `${mistake} has what is no tag, which is left out: give a list of non-empty strings. This is logged once`
    )
    return tags
  }

  /** @param named by the handler */
  async function tagsOfSuccess (
    reply: FastifyReply,
    named: readonly string[],
    isLate: boolean
  ): Promise<string[]> {
    if (isSafeMethod(reply.request.method)) return []
    const ofRoute = tagsAmong(await awaitedOfRoute(reply), INVALIDATES, reply)
    const groups = [...ofRoute, ...named, ...groupsOf(reply)]
    // Caches on the way to the client are told too, except of URIs: the method and the headers tell
    // of those.
    const told = new Set(groups.filter((tag) => !isKeyTag(tag)))
    const field = app.responseCache.cacheGroups ? fittingGroups([...told]) : ''
    if (isLate) return [...groups, ...tagsOfUris(reply)]
    if (field !== '') reply.header('cache-group-invalidation', field)
    else if (told.size > 0) reply.removeHeader('cache-group-invalidation')
    return [...groups, ...tagsOfUris(reply)]
  }

  /** What a request invalidates if it succeeds, as far as the reply has it by now. */
  function tagsSoFar (reply: FastifyReply): string[] {
    const named = [...reply.invalidations?.tags ?? [], ...groupsOf(reply)]
    return [...tagsOfRouteSoFar(reply), ...named, ...tagsOfUris(reply)]
  }

  /**
   * RFC 9111, 4.4: the target URI, and Location and Content-Location of the same origin or of the
   * site's.
   */
  function tagsOfUris (reply: FastifyReply): string[] {
    const { method, url, writtenOrigin } = reply.request
    const response = { status: 200, headers: reply.getHeaders() }
    const paths = [writtenOrigin, app.responseCache.origin ?? writtenOrigin].flatMap((origin) =>
      invalidatedPaths({ method, origin, url: splitTarget(url).join('') }, response))
    return [
      ...new Set(
        [...new Set(paths)].flatMap((path) => app.responseCache.uriTags(writtenOrigin, path))
      )
    ]
  }
}

// Tags in a line of the log.
const MOST_LOGGED = 20
// Milliseconds for which an answer waits for the promise of a function that should return none.
const MOST_AWAITED = 1000

const INVALIDATES = 'config.invalidates'

const groupsOf = (reply: FastifyReply) => groupTags(reply.getHeader('cache-group-invalidation'))

/** What `config.invalidates` says of a request: its function may return anything. */
function givenByRoute (reply: FastifyReply): unknown {
  const { request } = reply
  return tagsFor(request.routeOptions.config.invalidates ?? [])(request, reply)
}

/**
 * A function may need what the handler has yet to find out: it is called again when the answer is
 * sent.
 */
function tagsOfRouteSoFar (reply: FastifyReply): readonly string[] {
  try {
    return checkedTags(givenByRoute(reply)).tags
  } catch {
    return []
  }
}

/**
 * As `givenByRoute`. An async function is not what the option asks for, but the write is saved by
 * now: it has a second.
 */
async function awaitedOfRoute (reply: FastifyReply): Promise<unknown> {
  try {
    const given = givenByRoute(reply)
    return isPromise(given) ? await within(MOST_AWAITED, Promise.resolve(given), tooLate) : given
  } catch (error) {
    return error
  }
}

const tooLate = () =>
  new Error(`its promise has not settled within ${MOST_AWAITED} ms: return a list`)

/**
 * The answer has a status of success, or the handler has done its work whatever the answer is by
 * now.
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

/** Has a reply name what its `Response` names: Fastify copies headers after all hooks. */
function copyTargets ({ headers }: Response, reply: FastifyReply): void {
  for (const name of ['location', 'content-location', 'cache-group-invalidation']) {
    const value = headers.get(name)
    if (value !== null) reply.header(name, value)
  }
}

/**
 * When the answer is sent, a client that has gone has taken its socket along, and the protocol with
 * it.
 */
function rememberOrigin (
  request: FastifyRequest,
  _reply: FastifyReply,
  done: (error?: Error) => void
): void {
  try {
    request.writtenOrigin = originOf(request)
    done()
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)))
  }
}

function checkConfig (route: RouteOptions, methods: string, safe: boolean): void {
  const name = `${methods} ${route.url}`
  const consistency: unknown = route.config?.consistency
  if (consistency !== undefined && consistency !== 'strict' && consistency !== 'bounded') {
    throw new WEIR_ERR_ROUTE_OPTION(
      name,
      'consistency',
      `must be 'strict' or 'bounded', not ${JSON.stringify(consistency)}`
    )
  }
  const invalidates: unknown = route.config?.invalidates
  if (invalidates === undefined) return
  if (safe) {
    throw new WEIR_ERR_ROUTE_OPTION(
      name,
      'invalidates',
      'is for unsafe methods: reading changes nothing'
    )
  }
  const isList =
    Array.isArray(invalidates) && invalidates.every((tag) => typeof tag === 'string' && tag !== '')
  if (typeof invalidates !== 'function' && !isList) {
    throw new WEIR_ERR_ROUTE_OPTION(
      name,
      'invalidates',
      `must be a list of tags, or a function that makes one, not ${JSON.stringify(invalidates)}`
    )
  }
  const problem = isList ? unfillablePlaceholder(invalidates, route) : undefined
  if (problem !== undefined) throw new WEIR_ERR_ROUTE_OPTION(name, 'invalidates', problem)
}

export default fp(invalidation, {
  name: NAME,
  fastify: '5.x',
  dependencies: ['weir-response-cache']
})
