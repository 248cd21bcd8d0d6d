import type { Consistency } from '@weir/cache'
import { invalidatedPaths } from '@weir/http'
import { shown } from '@weir/internal'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { WEIR_ERR_NOT_INVALIDATED, WEIR_ERR_PLUGIN_OPTION, WEIR_ERR_ROUTE_OPTION, WEIR_ERR_SAFE_METHOD } from '../errors.js'
import { fittingGroups } from '../response-cache/groups.js'
import { originOf } from '../response-cache/key.js'
import { givenTags, groupTags, isKeyTag } from '../response-cache/tags.js'
import '../response-cache/index.js'

/** What a write invalidates: tags, or what makes them of the request and its reply. */
export type Invalidates = readonly string[] | ((request: FastifyRequest, reply: FastifyReply) => readonly string[])

/** An invalidation that was written with the data it is about. */
export interface InvalidationTicket {
  readonly id: string
  readonly tags: readonly string[]
}

/** Where invalidations wait that the store could not be told of. `createOutbox` of `@weir/outbox` makes one. */
export interface InvalidationOutbox {
  /** Resolves when no instance serves what was before, or none will use its cache before it has been told. */
  deliver (ticket: InvalidationTicket): Promise<unknown>
  queue (tags: readonly string[]): Promise<InvalidationTicket>
  /** Runs `work`, and adds the tags to every ticket that is made within. Without it tickets have what the handler gives. */
  withTags? (tags: () => readonly string[], work: () => void): void
}

export interface InvalidationOptions {
  /** With it a write is acknowledged also while the store cannot be told. Guard the store by its `isDrained`. */
  readonly outbox?: InvalidationOutbox
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Tags that this unsafe route invalidates when it succeeds, before its answer is sent. With an outbox a function is called
     * for each ticket as well, and once more for the answer: what it does not know before, it may throw or leave out.
     */
    invalidates?: Invalidates
    /**
     * What the answer of this unsafe route waits for: `strict`, the default, until no instance serves what was before;
     * `bounded`, until the store has it, after which others may for a lease more.
     */
    consistency?: Consistency
  }

  interface FastifyRequest {
    /** Scheme and host that an unsafe request was for. */
    writtenOrigin: string
  }

  interface FastifyReply {
    /**
     * Invalidates responses with these tags before this reply is sent, whatever its status: for what only the handler
     * knows. Given the ticket of an outbox, it is delivered. Only on unsafe methods.
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
  }
}

const NAME = 'weir-invalidation'
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * Writes invalidate what they change before they are acknowledged: the route's `config.invalidates`, what the handler
 * gives to `reply.invalidate()` or names in Cache-Group-Invalidation (RFC 9875, section 3), and the target URI with
 * Location and Content-Location (RFC 9111, section 4.4). A client that is told that a write is done may rely on nobody being
 * served what was before; if the store cannot be told, the answer is 503, or waits for the outbox where there is one.
 *
 * A ticket of the outbox has all of these tags that are known when it is made, so that they commit with the data. What a
 * ticket has is delivered with it, and not invalidated a second time.
 */
async function invalidation (app: FastifyInstance, { outbox }: InvalidationOptions): Promise<void> {
  app.decorateReply('invalidations', null)
  app.decorateRequest('writtenOrigin', '')
  app.decorateReply('invalidate', function (this: FastifyReply, what: readonly string[] | InvalidationTicket) {
    const { method, url } = this.request
    if (SAFE.has(method)) throw new WEIR_ERR_SAFE_METHOD(method, url)
    this.invalidations ??= { tags: [], tickets: [] }
    if (!isTicket(what)) this.invalidations.tags.push(...tagsAmong(what, 'reply.invalidate()', this))
    else if (outbox === undefined) throw new WEIR_ERR_PLUGIN_OPTION(NAME, 'outbox', 'is missing, but a ticket of one was given')
    else this.invalidations.tickets.push(what)
    return this
  })

  app.addHook('onRoute', (route) => {
    const methods = [route.method].flat()
    const safe = methods.every((method) => SAFE.has(method))
    checkConfig(route, methods.join(), safe)
    if (!safe) route.onRequest = [rememberOrigin, ...[route.onRequest ?? []].flat()]
    // Last, as a body that is read loses the context, and so may other plugins' callbacks.
    if (!safe && outbox?.withTags !== undefined) route.preHandler = [...[route.preHandler ?? []].flat(), completeTickets]
    // Last, so that nothing can still turn a success into an error after it has been acted on.
    if (!safe) route.onSend = [...[route.onSend ?? []].flat(), invalidateBeforeSending]
  })

  function completeTickets (request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    if (outbox?.withTags === undefined || SAFE.has(request.method)) done()
    else outbox.withTags(() => tagsSoFar(reply), done)
  }

  async function invalidateBeforeSending (request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { tags = [], tickets = [] } = reply.invalidations ?? {}
    const named = [...tags, ...tickets.flatMap((ticket) => ticket.tags)]
    const written = new Set([...tags, ...isSuccess(reply) ? await tagsOfSuccess(request, reply, named) : []])
    for (const ticket of tickets) ticket.tags.forEach((tag) => written.delete(tag))
    // Once: an error thrown below is sent through the same hooks.
    reply.invalidations = null
    await Promise.all([
      ...tickets.map((ticket) => outbox?.deliver(ticket)),
      written.size > 0 ? invalidateOrQueue([...written], request) : undefined
    ])
  }

  async function invalidateOrQueue (tags: readonly string[], request: FastifyRequest): Promise<void> {
    try {
      await app.responseCache.invalidate(tags, { consistency: request.routeOptions.config.consistency ?? 'strict' })
    } catch (error) {
      if (outbox === undefined) {
        request.log.error({ err: error, tags }, 'a write is done, but what it invalidates could not be invalidated')
        throw new WEIR_ERR_NOT_INVALIDATED()
      }
      request.log.warn({ tags, reason: String(error) }, 'the store could not be told of a write: it waits in the outbox')
      await outbox.deliver(await outbox.queue(tags))
    }
  }

  /** @param named by the handler */
  async function tagsOfSuccess (request: FastifyRequest, reply: FastifyReply, named: readonly string[]): Promise<string[]> {
    if (SAFE.has(request.method)) return []
    const ofRoute = tagsAmong(await awaitedOfRoute(reply), INVALIDATES, reply)
    const groups = [...ofRoute, ...named, ...groupsOf(reply)]
    // Caches on the way to the client are told too, except of URIs: the method and the headers tell of those.
    const told = new Set(groups.filter((tag) => !isKeyTag(tag)))
    const field = app.responseCache.cacheGroups ? fittingGroups([...told]) : ''
    if (field !== '') reply.header('cache-group-invalidation', field)
    else if (told.size > 0) reply.removeHeader('cache-group-invalidation')
    return [...groups, ...tagsOfUris(reply, reply.statusCode)]
  }

  /** What a request invalidates if it succeeds, as far as the reply has it by now. */
  function tagsSoFar (reply: FastifyReply): string[] {
    const named = [...reply.invalidations?.tags ?? [], ...groupsOf(reply)]
    return [...tagsOfRouteSoFar(reply), ...named, ...tagsOfUris(reply, 200)]
  }

  /** RFC 9111, 4.4: the target URI, and Location and Content-Location of the same origin. */
  function tagsOfUris (reply: FastifyReply, status: number): string[] {
    const { method, url, writtenOrigin: origin } = reply.request
    const paths = invalidatedPaths({ method, origin, url }, { status, headers: reply.getHeaders() })
    return paths.map((path) => app.responseCache.uriTag(origin, path))
  }
}

const INVALIDATES = 'config.invalidates'

const groupsOf = (reply: FastifyReply) => groupTags(reply.getHeader('cache-group-invalidation'))

/** What `config.invalidates` says of a request: its function may return anything. */
function givenByRoute (reply: FastifyReply): unknown {
  const { request } = reply
  const { invalidates = [] } = request.routeOptions.config
  return typeof invalidates === 'function' ? invalidates(request, reply) : invalidates
}

/** A function may need what the handler has yet to find out: it is called again when the answer is sent. */
function tagsOfRouteSoFar (reply: FastifyReply): readonly string[] {
  try {
    return tagsOf(givenByRoute(reply))
  } catch {
    return []
  }
}

/** As `givenByRoute`. An async function is not what the option asks for, but the write is saved by now. */
async function awaitedOfRoute (reply: FastifyReply): Promise<unknown> {
  try {
    return await givenByRoute(reply)
  } catch (error) {
    return error
  }
}

const isTicket = (what: readonly string[] | InvalidationTicket): what is InvalidationTicket =>
  typeof what === 'object' && what !== null && 'id' in what

/** The tags of what the application gave. One outside of a list is a tag: to invalidate too much is harmless. */
const tagsOf = (given: unknown): readonly string[] => givenTags(typeof given === 'string' ? [given] : given).tags

/** As `tagsOf`, for a write that is saved by now: what is no list of tags costs itself and a line in the log. */
function tagsAmong (given: unknown, from: string, { request }: FastifyReply): readonly string[] {
  const tags = tagsOf(given)
  const { malformed } = givenTags(given)
  if (malformed !== undefined) {
    request.log.error({ given: shown(malformed), tags }, `${from} has what is no tag, which is left out: give a list of non-empty strings`)
  }
  return tags
}

/** When the answer is sent, a client that has gone has taken its socket along, and the protocol with it. */
function rememberOrigin (request: FastifyRequest, _reply: FastifyReply, done: () => void): void {
  request.writtenOrigin = originOf(request)
  done()
}

/** RFC 9111, 4.4: a non-error status code is 2xx or 3xx. */
const isSuccess = ({ statusCode }: FastifyReply) => statusCode >= 200 && statusCode < 400

function checkConfig (route: RouteOptions, methods: string, safe: boolean): void {
  const name = `${methods} ${route.url}`
  const consistency: unknown = route.config?.consistency
  if (consistency !== undefined && consistency !== 'strict' && consistency !== 'bounded') {
    throw new WEIR_ERR_ROUTE_OPTION(name, 'consistency', `must be 'strict' or 'bounded', not ${JSON.stringify(consistency)}`)
  }
  const invalidates: unknown = route.config?.invalidates
  if (invalidates === undefined) return
  if (safe) throw new WEIR_ERR_ROUTE_OPTION(name, 'invalidates', 'is for unsafe methods: reading changes nothing')
  const isList = Array.isArray(invalidates) && invalidates.every((tag) => typeof tag === 'string' && tag !== '')
  if (typeof invalidates !== 'function' && !isList) {
    throw new WEIR_ERR_ROUTE_OPTION(name, 'invalidates', `must be a list of tags, or a function that makes one, not ${JSON.stringify(invalidates)}`)
  }
}

export default fp(invalidation, { name: NAME, fastify: '5.x', dependencies: ['weir-response-cache'] })
