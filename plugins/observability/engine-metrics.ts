import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { CacheEvents } from '@weir/cache'
import { Counter, type Registry } from 'prom-client'
import { CacheTimes } from './cache-times.js'

// Seconds. A read of the store takes a network round trip, a fill what the application takes.
const READS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]
const FILLS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/**
 * Measures the caches of this process by their events: reads of the store, fills, waits for fills,
 * lapses of the lease on memory and lost leases of fills. The returned function stops that.
 */
export function measureEngine (registry: Registry, service: string): () => void {
  const registers = [registry]
  const times = (name: string, help: string, label: string, bounds: readonly number[]) =>
    new CacheTimes(registry, service, { name, help, label, bounds })
  const reads = times(
    'weir_store_read_duration_seconds', 'Time until the store answered a read', 'operation', READS
  )
  const fills = times(
    'weir_fill_duration_seconds', 'Time that computing a value took', 'outcome', FILLS
  )
  const waits = times(
    'weir_coalesced_wait_duration_seconds',
    'Time for which callers waited for a fill instead of computing themselves',
    'filler',
    FILLS
  )
  const lapses = new Counter({
    name: 'weir_lease_losses_total',
    help: 'Times that the lease on memory lapsed, so that reads asked the store',
    labelNames: ['service', 'reason'],
    registers
  })
  // Alerts compare with the start, at which a series has to exist.
  for (const reason of ['late', 'connection']) lapses.inc({ service, reason }, 0)
  const lost = new Counter({
    name: 'weir_fill_lease_losses_total',
    help: 'Fills whose lease expired before they ended, so that others may have computed as well',
    labelNames: ['service'],
    registers
  })
  lost.inc({ service }, 0)

  const stops = [
    on('weir:cache:read', ({ namespace: cache, operation, ms, failed }) => {
      // Failures are counted elsewhere, and their time is that of a timeout.
      if (!failed) reads.add(cache, operation, ms * 1000)
    }),
    on('weir:cache:fill', ({ namespace: cache, outcome, cost }) => {
      if (cost !== undefined) fills.add(cache, outcome, cost)
    }),
    on('weir:cache:wait', ({ namespace: cache, elsewhere, ms }) => {
      waits.add(cache, elsewhere ? 'elsewhere' : 'here', ms * 1000)
    }),
    on('weir:cache:lapse', ({ reason }) => { lapses.inc({ service, reason }) }),
    on('weir:cache:lose', () => { lost.inc({ service }) })
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
