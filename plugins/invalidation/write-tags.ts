import { invalidatedPaths, isSafeMethod } from '@weir/http'
import { shown, within } from '@weir/internal'
import { type FastifyInstance, type FastifyReply } from 'fastify'
import { fittingGroups } from '../response-cache/groups.js'
import { splitTarget } from '../response-cache/path.js'
import { groupTags, isKeyTag, tagsFor } from '../response-cache/tags.js'
import { checkedTags, isPromise } from './given.js'

/** Maximum number of tags in a log line. */
export const MOST_LOGGED = 20
// Milliseconds for which a response waits for the promise of a function that should return none.
const MOST_AWAITED = 1000
const INVALIDATES = 'config.invalidates'

/** Determines the tags that a write invalidates: its route's, its handler's, and those of URIs. */
export class WriteTags {
  readonly #app: FastifyInstance
  /** Mistakes that have been logged. */
  readonly #complained = new Set<string>()

  constructor (app: FastifyInstance) {
    this.#app = app
  }

  /**
   * Returns the valid tags given for a write that is already saved. An invalid value loses only
   * itself, and is logged once for each route, so that clients cannot fill the log.
   */
  among (
    given: unknown,
    from: string,
    { request: { log, routeOptions } }: FastifyReply
  ): readonly string[] {
    const { tags, malformed } = checkedTags(given)
    const mistake = `${from} of ${String(routeOptions.method)} ${routeOptions.url}`
    if (malformed === undefined || this.#complained.has(mistake)) return tags
    this.#complained.add(mistake)
    log.error(
      { given: shown(malformed), tags: tags.slice(0, MOST_LOGGED) },
      `${mistake} contains an invalid tag, which is left out: give a list of non-empty strings. ` +
      'This is logged once'
    )
    return tags
  }

  /**
   * Returns all tags of a write that has succeeded, and tells downstream caches of them.
   * @param named tags named by the handler
   * @param isLate the response has been sent already
   */
  async ofSuccess (
    reply: FastifyReply,
    named: readonly string[],
    isLate: boolean
  ): Promise<string[]> {
    if (isSafeMethod(reply.request.method)) return []
    const ofRoute = this.among(await awaitedOfRoute(reply), INVALIDATES, reply)
    const groups = [...ofRoute, ...named, ...groupsOf(reply)]
    // Downstream caches receive the tags too, except those of URIs, which follow from the method
    // and the headers.
    const told = new Set(groups.filter((tag) => !isKeyTag(tag)))
    const field = this.#app.responseCache.cacheGroups ? fittingGroups([...told]) : ''
    if (isLate) return [...groups, ...this.#ofUris(reply)]
    if (field !== '') reply.header('cache-group-invalidation', field)
    else if (told.size > 0) reply.removeHeader('cache-group-invalidation')
    return [...groups, ...this.#ofUris(reply)]
  }

  /** Returns the tags that a request invalidates if it succeeds, according to the reply so far. */
  soFar (reply: FastifyReply): string[] {
    const named = [...reply.invalidations?.tags ?? [], ...groupsOf(reply)]
    return [...tagsOfRouteSoFar(reply), ...named, ...this.#ofUris(reply)]
  }

  /**
   * Returns the tags of the target URI, and of Location and Content-Location of the same origin or
   * of the site's (RFC 9111, 4.4).
   */
  #ofUris (reply: FastifyReply): string[] {
    const { method, url, writtenOrigin } = reply.request
    const response = { status: 200, headers: reply.getHeaders() }
    const { responseCache } = this.#app
    const paths = [writtenOrigin, responseCache.origin ?? writtenOrigin].flatMap((origin) =>
      invalidatedPaths({ method, origin, url: splitTarget(url).join('') }, response))
    return [
      ...new Set([...new Set(paths)].flatMap((path) => responseCache.uriTags(writtenOrigin, path)))
    ]
  }
}

const groupsOf = (reply: FastifyReply) => groupTags(reply.getHeader('cache-group-invalidation'))

/** Returns the value of `config.invalidates` for a request: its function may return anything. */
function givenByRoute (reply: FastifyReply): unknown {
  const { request } = reply
  return tagsFor(request.routeOptions.config.invalidates ?? [])(request, reply)
}

/**
 * Returns the route's tags known so far. A function may depend on later results of the handler, and
 * is called again when the response is sent.
 */
function tagsOfRouteSoFar (reply: FastifyReply): readonly string[] {
  try {
    return checkedTags(givenByRoute(reply)).tags
  } catch {
    return []
  }
}

/**
 * Like `givenByRoute`, but awaits a promise. The option does not allow async functions, but the
 * write is already saved, so the promise has one second.
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
