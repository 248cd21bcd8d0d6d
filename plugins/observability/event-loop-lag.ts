import { EventLoopDelay } from '@weir/internal'
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'

const PREFIX = 'nodejs_eventloop_lag'

const LAGS: Readonly<
  Record<string, { readonly help: string; readonly of: (delay: EventLoopDelay) => number }>
> = {
  min_seconds: { help: 'The shortest delay of the event loop.', of: (delay) => delay.min },
  max_seconds: { help: 'The longest delay of the event loop.', of: (delay) => delay.max },
  mean_seconds: { help: 'The mean delay of the event loop.', of: (delay) => delay.mean },
  stddev_seconds: { help: 'The standard deviation of the delay.', of: (delay) => delay.stddev },
  p50_seconds: { help: 'The 50th percentile of the delay.', of: (delay) => delay.percentile(50) },
  p90_seconds: { help: 'The 90th percentile of the delay.', of: (delay) => delay.percentile(90) },
  p99_seconds: { help: 'The 99th percentile of the delay.', of: (delay) => delay.percentile(99) }
}

// Interval that keeps prom-client's own event loop monitor, which cannot be disabled, from ever
// waking the process.
const NEVER = 2 ** 31 - 1

/**
 * Collects the default metrics of prom-client, with the event loop measured by {@link
 * EventLoopDelay} since the last scrape. prom-client's own monitor wakes an idle process 100 times
 * a second.
 * @returns a function that stops measuring
 */
export function collectProcessMetrics (registry: Registry): () => void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER })
  const delay = new EventLoopDelay()
  const gauges = Object.entries(LAGS).map(([name, { help, of }]) => {
    registry.removeSingleMetric(`${PREFIX}_${name}`)
    return { gauge: new Gauge({ name: `${PREFIX}_${name}`, help, registers: [] }), of }
  })
  registry.removeSingleMetric(`${PREFIX}_seconds`)
  registry.registerMetric(new Gauge({
    name: `${PREFIX}_seconds`,
    help: 'The mean delay of the event loop since the last scrape. Sets all of them.',
    registers: [],
    collect () {
      this.set(delay.mean / 1000)
      for (const { gauge, of } of gauges) gauge.set(of(delay) / 1000)
      delay.reset()
    }
  }))
  for (const { gauge } of gauges) registry.registerMetric(gauge)
  return () => { delay.close() }
}
