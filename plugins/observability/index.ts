import { MetricsError, type MetricsStore, Recorder, type RecorderOptions } from '@weir/metrics'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Registry } from 'prom-client'
import { tracing } from '../active-tracing.js'
import { WEIR_ERR_PLUGIN_OPTION, WEIR_ERR_PLUGIN_ORDER, WEIR_ERR_ROUTE_OPTION } from '../errors.js'
import { logOutages } from '../outages.js'
import { checkOptionNames } from '../plugin-options.js'
import '../response-cache/result.js'
import type {} from '../service/health.js'
import { shadowOf } from '../shadow/reported.js'
import { UNCOUNTED } from '../uncounted.js'
import { type AnnounceOptions, Announcing } from './announcing.js'
import { Breakers } from './breakers.js'
import { CacheErrors } from './cache-errors.js'
import { countNotFound, countRoute } from './count.js'
import type { BacklogSource } from './backing-metrics.js'
import { Exemplars } from './exemplars.js'
import { exposition } from './exposition.js'
import { Invalidations } from './invalidations.js'
import { cachesOf, memoryOf, type NamedCaches, readsOf } from './memory.js'
import { openMetrics } from './open-metrics.js'
import { RouteConfigs } from './route-configs.js'
import { ProcessVitals } from './vitals.js'

/** Options of the metrics. */
export interface ObservabilityOptions {
  /**
   * Store to which instances write their counts: `redisStore`, `sqliteStore` or `memoryStore` of
   * `@weir/metrics`. You close it.
   */
  readonly store: MetricsStore
  /** Name of the application, the same on all instances. */
  readonly service: string
  /**
   * Name of this instance, different for each. Entries of the response cache record it as the
   * instance that filled them, which is how hits on responses of other instances are counted.
   */
  readonly instance: string
  /**
   * Caches besides the response cache, by name: their reads are counted under the name, and their
   * memory is included in the total. Called each time, so that they may be created later. Default:
   * none.
   * @example caches: () => ({ fragments: app.fragments.cache, products: app.caches.products })
   */
  readonly caches?: () => NamedCaches
  /**
   * Facts that consoles are told, besides those that the plugins know: cached routes, the namespace
   * of the response cache, the prefix of its administration.
   */
  readonly announce?: AnnounceOptions
  /** The outbox whose backlog is exported: `createOutbox` of `@weir/outbox`. Default: none. */
  readonly outbox?: BacklogSource
}

declare module 'fastify' {
  interface FastifyInstance {
    observability: {
      /** The store that this instance reports to. */
      readonly store: MetricsStore
      /** Name of the application. */
      readonly service: string
      /** Name of this instance. */
      readonly instance: string
    }
  }

  interface FastifyContextConfig {
    /** False: requests of this route are not counted. */
    metrics?: boolean
    /** URLs of this GET route, path and query, that consoles offer to try. */
    examples?: readonly string[]
  }
}

export { UNCOUNTED } from '../uncounted.js'
export { type AnnounceOptions } from './announcing.js'
export { type BacklogSource } from './backing-metrics.js'

const NAME = 'weir-observability'

/**
 * Counts the requests of every route declared after it, writes the counts of this instance to the
 * store once a second, and exports them to Prometheus at `/metrics`. A request counts once, when
 * its response is complete; requests whose client left earlier are not counted. Register it after
 * `@weir/fastify/service`, and after `@weir/fastify/redis`, whose client it uses until the
 * application is closed.
 */
async function observability (app: FastifyInstance, options: ObservabilityOptions): Promise<void> {
  checkOptionNames<ObservabilityOptions>(NAME, options, {
    store: true,
    service: true,
    instance: true,
    caches: true,
    announce: true,
    outbox: true
  })
  const { store, service, instance, caches = () => ({}), announce, outbox } = options
  const announcing = new Announcing(NAME, announce)
  const invalidations = new Invalidations()
  const breakers = new Breakers()
  const routeConfigs = new RouteConfigs()
  const cacheErrors = new CacheErrors()
  const known = cachesOf(app, caches)
  const memory = memoryOf(known)
  const vitals = new ProcessVitals(memory, invalidations, breakers, routeConfigs)
  const recorder = named({
    store,
    service,
    instance,
    vitals () {
      const { announcement } = announcing
      const [edge, shadow] = [app.edge?.state(), shadowOf(app)]
      return {
        ...vitals.read(),
        ...(announcement !== undefined && { announced: announcement }),
        ...(edge !== undefined && { edge }),
        ...(shadow.length > 0 && { shadow })
      }
    },
    caches: readsOf(caches),
    onWritten: logOutages(
      app.log,
      'the store does not accept statistics: they are kept for up to an hour, until it answers',
      'the store accepts statistics again'
    )
  })
  app.addHook('onReady', async () => {
    checkOrder(app, instance)
    announcing.finish(app)
    recorder.start()
  })
  app.addHook('onClose', async () => {
    await recorder.close()
    vitals.close()
    cacheErrors.close()
    invalidations.close()
    breakers.close()
  })

  if (!app.hasRequestDecorator('cacheResult')) app.decorateRequest('cacheResult', null)
  const exemplars = new Exemplars()
  const counting = { counters: recorder.counters, instance, exemplars }
  app.decorate('observability', { store, service, instance })
  app.addHook('onRoute', function (route) {
    const { metrics } = route.config ?? {}
    if (this[UNCOUNTED] === true) return
    announcing.add(route)
    if (metrics === false) return
    if (metrics !== undefined && typeof metrics !== 'boolean') {
      throw new WEIR_ERR_ROUTE_OPTION(
        `${[route.method].flat().join()} ${route.url}`,
        'metrics',
        'must be true or false'
      )
    }
    routeConfigs.add(route)
    route.onResponse = [...[route.onResponse ?? []].flat(), countRoute(route, counting)]
  })
  // A 404 has no route whose hooks could count it.
  app.addHook('onResponse', countNotFound(counting))

  const registry = exposition(app, {
    service,
    recorder,
    cacheErrors,
    memory,
    caches: known,
    exemplars,
    outbox
  })
  app.get('/metrics', {
    // Overloaded instances must stay observable.
    config: { metrics: false, rateLimit: false, pressureHandler: () => {} },
    schema: { hide: true }
  }, async (request, reply) => {
    reply.header('cache-control', 'no-store').header('vary', 'accept')
    // Exemplars lead to traces: without tracing the simpler format has everything.
    const isOpen = tracing() !== undefined && /openmetrics-text/.test(request.headers.accept ?? '')
    reply.type(isOpen ? Registry.OPENMETRICS_CONTENT_TYPE : registry.contentType)
    return isOpen ? openMetrics(registry) : registry.metrics()
  })
}

/** A response cache that was registered earlier does not know the name of the instance. */
function checkOrder (app: FastifyInstance, instance: string): void {
  if (!app.hasDecorator('responseCache')) return
  const { name } = app.responseCache.cache
  if (name === instance) return
  throw new WEIR_ERR_PLUGIN_ORDER(
    NAME,
    'weir-response-cache',
    `entries record ${JSON.stringify(name)} instead of the instance, ${JSON.stringify(instance)}`
  )
}

/** Rethrows the recorder's option errors as errors of this plugin. */
function named (options: RecorderOptions): Recorder {
  try {
    return new Recorder(options)
  } catch (error) {
    if (error instanceof MetricsError) {
      throw new WEIR_ERR_PLUGIN_OPTION(
        NAME,
        'store, service or instance',
        `cannot be used: ${error.message}`
      )
    }
    throw error
  }
}

export default fp(observability, { name: NAME, fastify: '5.x' })
