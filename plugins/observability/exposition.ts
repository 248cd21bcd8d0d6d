import { createRequire } from 'node:module'
import {
  OUTCOMES,
  type Recorder,
  type RouteCounter,
  type Series,
  type Vitals
} from '@weir/metrics'
import type { FastifyInstance } from 'fastify'
import { Counter, Gauge, Registry } from 'prom-client'
import type {} from '../redis/index.js'
import { type BacklogSource, exposeOutbox, exposeRedis } from './backing-metrics.js'
import type { CacheErrors } from './cache-errors.js'
import { exposeEdge } from './edge-metrics.js'
import { measureEngine } from './engine-metrics.js'
import { collectProcessMetrics } from './event-loop-lag.js'
import type { Exemplars } from './exemplars.js'
import { type LabelledSeries, LatencyHistogram } from './latency-histogram.js'
import type { NamedCaches } from './memory.js'

/** The version of Weir: all of its packages have the same, also that of a bundled service. */
const { version: VERSION } = createRequire(import.meta.url)('../../package.json') as {
  readonly version: string
}

/** One sample of a metric: its labels and its value. */
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number]

/** Sources of the exported metrics. */
export interface Exposed {
  readonly service: string
  readonly recorder: Recorder
  readonly cacheErrors: CacheErrors
  readonly memory: () => Vitals['l1']
  readonly caches: () => NamedCaches
  readonly exemplars: Exemplars
  readonly outbox: BacklogSource | undefined
}

/**
 * Returns the registry of `/metrics`, computed from the counters on each scrape. Metrics of
 * optional plugins are added once the application is ready.
 */
export function exposition (
  app: FastifyInstance,
  { service, recorder, cacheErrors, memory, caches, exemplars, outbox }: Exposed
): Registry {
  const registry = new Registry()
  const { counters } = recorder
  const ends = [collectProcessMetrics(registry), measureEngine(registry, service)]
  app.addHook('onClose', async () => {
    for (const end of ends) end()
  })

  const counter = (
    name: string,
    help: string,
    labels: readonly string[],
    samples: () => Iterable<Sample>
  ) =>
    new Counter({
      name,
      help,
      labelNames: ['service', ...labels],
      registers: [registry],
      collect () {
        this.reset()
        for (const [of, value] of samples()) this.inc({ service, ...of }, value)
      }
    })
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['service'],
      registers: [registry],
      collect () {
        this.set({ service }, value())
      }
    })
  /** Returns one sample for each route with a value other than 0. */
  const ofRoutes = (value: (counter: RouteCounter) => number) => (): Sample[] =>
    Array.from(counters.routes, (counter): Sample => [
      { route: counter.route },
      value(counter)
    ]).filter(([, value]) => value > 0)
  const ofNames =
    (label: string, counts: (counter: RouteCounter) => ReadonlyMap<string, number>) =>
      (): Sample[] =>
        Array.from(counters.routes).flatMap((counter) =>
          Array.from(counts(counter), ([name, value]): Sample => [
            { route: counter.route, [label]: name },
            value
          ])
        )
  const outcomes = () => labelledSeries(counters.routes, exemplars)

  counter('weir_requests_total', 'Answered requests by outcome', ['route', 'outcome'], () =>
    outcomes().map(({ labels, series }) => [labels, series.count])
  )
  counter(
    'weir_response_bytes_total',
    'Bytes of response bodies sent',
    ['route', 'outcome'],
    () => outcomes().map(({ labels, series }) => [labels, series.bytes])
  )
  // eslint-disable-next-line no-new -- it registers itself
  new LatencyHistogram(
    {
      name: 'weir_request_duration_seconds',
      help: 'Time from request to response',
      labelNames: ['service', 'route', 'outcome'],
      registers: [registry]
    },
    () => outcomes().map(({ labels, ...rest }) => ({ labels: { service, ...labels }, ...rest }))
  )
  counter(
    'weir_not_modified_total',
    'Requests answered with 304',
    ['route'],
    ofRoutes((counter) => sum(counter, 'notModified'))
  )
  counter(
    'weir_shared_hits_total',
    'Requests answered with a response computed by another instance',
    ['route'],
    ofRoutes((counter) => sum(counter, 'shared'))
  )
  counter(
    'weir_saved_seconds_total',
    'Handler time saved by cached responses',
    ['route'],
    ofRoutes((counter) => sum(counter, 'savedMicros') / 1e6)
  )
  counter(
    'weir_uncached_total',
    'Responses not answered from the cache, by the reason in Cache-Status',
    ['route', 'reason'],
    ofNames('reason', ({ reasons }) => reasons.copy())
  )
  counter(
    'weir_limited_total',
    'Denied requests by policy',
    ['route', 'policy'],
    ofNames('policy', ({ limited }) => limited.copy())
  )
  counter(
    'weir_cache_reads_total',
    'Cache reads by outcome',
    ['cache', 'outcome'],
    () => readSamples(caches())
  )
  counter(
    'weir_cache_errors_total',
    'Operations for which a cache continued without its store',
    ['operation'],
    () => Object.entries(cacheErrors.counts).map(([operation, value]) => [{ operation }, value])
  )
  gauge('weir_cache_entries', 'Entries that caches hold in memory', () => memory().entries)
  gauge('weir_cache_bytes', 'Bytes of memory used by cache entries', () => memory().bytes)
  counter('weir_cache_evictions_total', 'Entries evicted to free memory', [], () => [
    [{}, memory().evictions]
  ])
  gauge(
    'weir_metrics_unsent_records',
    'Minutes of counts that the store has not acknowledged',
    () => recorder.unsent
  )

  const labels = { service, version: VERSION, node: process.version }
  new Gauge({
    name: 'weir_build_info',
    help: 'Versions that this instance runs; always 1',
    labelNames: Object.keys(labels),
    registers: [registry]
  }).set(labels, 1)
  exposeOutbox(registry, service, outbox)

  app.addHook('onReady', async () => {
    if (app.edge !== undefined) ends.push(exposeEdge(registry, service, app.edge.edge))
    if (app.hasDecorator('redis')) {
      exposeRedis(registry, service, app)
      gauge('weir_redis_up', 'Whether this instance is connected to Redis', () =>
        app.redis.status === 'ready' ? 1 : 0
      )
    }
  })
  return registry
}

/** Returns the reads of each cache by outcome, without zeros. */
const readSamples = (caches: NamedCaches): Sample[] =>
  Object.entries(caches).flatMap(([cache, of]) => {
    const { hits, stale, misses } = of.stats()
    return Object.entries({ ...hits, stale, miss: misses })
      .filter(([, value]) => value > 0)
      .map(([outcome, value]): Sample => [{ cache, outcome }, value])
  })

function labelledSeries (
  routes: Iterable<RouteCounter>,
  exemplars: Exemplars
): (LabelledSeries & { readonly series: Series })[] {
  return Array.from(routes).flatMap((counter) => {
    const { route, tallies } = counter
    return OUTCOMES.flatMap((outcome) =>
      tallies[outcome].count === 0
        ? []
        : [{
            labels: { route, outcome },
            series: tallies[outcome].copy(),
            exemplars: exemplars.of(counter, outcome)
          }]
    )
  })
}

const sum = ({ tallies }: RouteCounter, what: 'notModified' | 'shared' | 'savedMicros') =>
  OUTCOMES.reduce((total, outcome) => total + tallies[outcome][what], 0)
