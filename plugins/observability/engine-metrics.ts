import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { CacheEvents } from '@weir/cache'
import { Counter, Histogram, type Registry } from 'prom-client'

// Seconds. A read of the store takes a network round trip, a fill what the application takes.
const READS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]
const FILLS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/**
 * Measures the caches of this process by their events: reads of the store, fills, waits for fills,
 * and lapses of the lease on memory. The returned function stops that.
 */
export function measureEngine (registry: Registry, service: string): () => void {
  const registers = [registry]
  const reads = new Histogram({
    name: 'weir_store_read_duration_seconds',
    help: 'Time until the store answered a read',
    labelNames: ['service', 'cache', 'operation'],
    buckets: READS,
    registers
  })
  const fills = new Histogram({
    name: 'weir_fill_duration_seconds',
    help: 'Time that computing a value took',
    labelNames: ['service', 'cache', 'outcome'],
    buckets: FILLS,
    registers
  })
  const waits = new Histogram({
    name: 'weir_coalesced_wait_duration_seconds',
    help: 'Time for which callers waited for a fill instead of computing themselves',
    labelNames: ['service', 'cache', 'filler'],
    buckets: FILLS,
    registers
  })
  const lapses = new Counter({
    name: 'weir_lease_losses_total',
    help: 'Times that the lease on memory lapsed, so that reads asked the store',
    labelNames: ['service', 'reason'],
    registers
  })
  // Alerts compare with the start, at which a series has to exist.
  for (const reason of ['late', 'connection']) lapses.inc({ service, reason }, 0)

  const stops = [
    on('weir:cache:read', ({ namespace: cache, operation, ms, failed }) => {
      // Failures are counted elsewhere, and their time is that of a timeout.
      if (!failed) reads.observe({ service, cache, operation }, ms / 1000)
    }),
    on('weir:cache:fill', ({ namespace: cache, outcome, cost }) => {
      if (cost !== undefined) fills.observe({ service, cache, outcome }, cost / 1e6)
    }),
    on('weir:cache:wait', ({ namespace: cache, elsewhere, ms }) => {
      waits.observe({ service, cache, filler: elsewhere ? 'elsewhere' : 'here' }, ms / 1000)
    }),
    on('weir:cache:lapse', ({ reason }) => { lapses.inc({ service, reason }) })
  ]
  return () => { for (const stop of stops) stop() }
}

function on<E extends keyof CacheEvents> (
  name: E,
  listener: (message: CacheEvents[E]) => void
): () => void {
  // The channel's name stands for the type of its messages.
  const listen = (message: unknown) => { listener(message as CacheEvents[E]) }
  subscribe(name, listen)
  return () => { unsubscribe(name, listen) }
}
