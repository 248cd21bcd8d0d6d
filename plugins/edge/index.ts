import { timingSafeEqual } from 'node:crypto'
import { type Duration, parseDuration } from '@weir/cache'
import { type Edge, EVERYTHING } from '@weir/edge'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import {
  WEIR_ERR_EDGE_INCOMPLETE,
  WEIR_ERR_EDGE_SECRET,
  WEIR_ERR_EDGE_TAGS,
  WEIR_ERR_PLUGIN_OPTION
} from '../errors.js'
import { checkOptionNames, type OptionNames } from '../plugin-options.js'
import '../observability/index.js'
import '../response-cache/index.js'
import { isTag } from '../response-cache/tags.js'
import { EdgeReporting } from './reporting.js'

/** Options of the edge. */
export interface EdgePluginOptions {
  /**
   * Result of `createEdge` of `@weir/edge`, also given to `createOutbox`; without an outbox, one
   * without `db`.
   */
  readonly edge: Edge
  /** Lifetime at the edge of routes with `cache: { edge: true }`. Default a day. */
  readonly ttl?: Duration
  /**
   * Accepts invalidations of other regions at `POST /.well-known/weir/invalidate` from requests
   * with this secret: 16 characters or more, the same as in their `region()`. Default: none are
   * accepted.
   */
  readonly regionSecret?: string
}

const NAME = 'weir-edge'
const OPTIONS: OptionNames<EdgePluginOptions> = { edge: true, ttl: true, regionSecret: true }
const MOST_TAGS = 1000

/**
 * Gives responses the header fields of CDNs and reverse proxies, and accepts invalidations of other
 * regions. Register it before the response cache, and pass the same edge to the outbox, which
 * purges them.
 *
 * Each response that this cache stores has its tags in `Surrogate-Key`, `Cache-Tag`, `xkey`, as the
 * destinations need. Routes with `cache: { edge }` have a lifetime for them in a targeted field
 * (RFC 9213). Responses that this cache does not store have `no-store` there: an edge could not be
 * told when they change.
 */
async function edgePlugin (app: FastifyInstance, options: EdgePluginOptions): Promise<void> {
  checkOptionNames(NAME, options, OPTIONS)
  const { edge, ttl = '1d', regionSecret } = options
  if (typeof edge?.confirm !== 'function') {
    throw new WEIR_ERR_PLUGIN_OPTION(NAME, 'edge', 'must be the result of createEdge()')
  }
  if (!isLifetime(ttl)) {
    throw new WEIR_ERR_PLUGIN_OPTION(NAME, 'ttl', "must be a second or more, such as '1d'")
  }
  if (app.hasDecorator('responseCache')) {
    throw new WEIR_ERR_PLUGIN_OPTION(NAME, 'edge',
      'comes too late: register this plugin before the response cache')
  }
  let reporting: EdgeReporting | undefined
  app.decorate('edge', { edge, ttl, state: () => reporting?.state })
  app.addHook('onReady', async () => {
    // An outbox starts and stops the edge of its database.
    if (!edge.isShared) edge.start()
    if (!app.hasDecorator('observability') || !app.hasDecorator('responseCache')) return
    const { service, instance, store: { requests } } = app.observability
    const { cache } = app.responseCache
    // A request is carried out when the fleet has invalidated: a destination that is down has its
    // backlog.
    const invalidate = (tags: readonly string[]) => edge.invalidate(
      tags, () => edge.delivering(() => cache.invalidate(tags)), { isBounded: true })
    reporting = new EdgeReporting({ edge, service, instance, requests, invalidate, log: app.log })
    reporting.start()
  })
  app.addHook('onClose', async () => {
    await reporting?.stop()
    if (!edge.isShared) await edge.stop()
  })
  if (regionSecret !== undefined) acceptRegions(app, edge, regionSecret)
}

function isLifetime (ttl: Duration): boolean {
  try {
    return parseDuration(ttl, 'ttl') >= 1000
  } catch {
    return false
  }
}

/** Adds the route by which other regions invalidate. */
function acceptRegions (app: FastifyInstance, edge: Edge, secret: string): void {
  if (typeof secret !== 'string' || !/^[\x21-\x7e]{16,}$/.test(secret)) {
    throw new WEIR_ERR_PLUGIN_OPTION(
      NAME, 'regionSecret', 'must have 16 characters or more, all printable ASCII without spaces')
  }
  const expected = Buffer.from(`Bearer ${secret}`)
  app.post<{ Body: { tags: string[] } }>('/.well-known/weir/invalidate', {
    attachValidation: true,
    schema: {
      hide: true,
      body: {
        type: 'object',
        required: ['tags'],
        properties: {
          tags: {
            type: 'array', maxItems: MOST_TAGS, items: { type: 'string', minLength: 1 }
          }
        }
      }
    },
    onRequest: async ({ headers: { authorization = '' } }) => {
      const given = Buffer.from(authorization)
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
        throw new WEIR_ERR_EDGE_SECRET()
      }
    }
  }, async ({ body, validationError, log }, reply) => {
    if (validationError !== undefined || !body.tags.every(isTag)) throw new WEIR_ERR_EDGE_TAGS()
    const { tags } = body
    // The other region keeps the invalidation until all of it is done. No further one is told.
    const { cache } = app.responseCache
    try {
      await edge.delivering(() =>
        tags.includes(EVERYTHING) ? cache.clear() : cache.invalidate(tags))
      await edge.purge(tags)
    } catch (error) {
      // Never with the status of a destination here: the other region would give up for good.
      log.warn({ err: error }, 'an invalidation of another region was not carried out in full')
      throw new WEIR_ERR_EDGE_INCOMPLETE()
    }
    return reply.code(204).send()
  })
}

export default fp(edgePlugin, { name: NAME, fastify: '5.x' })
