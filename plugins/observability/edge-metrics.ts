import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Edge, EdgeEvents, EdgeStatus } from '@weir/edge'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { Scraped } from './scraped.js'

// Seconds. A reverse proxy answers within a few ms, the API of a CDN within a second.
const PURGES = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/**
 * Exports the state of the edge: backlog, dead letters, purges by outcome, and their duration. The
 * returned function ends that.
 */
export function exposeEdge (
  registry: Registry,
  service: string,
  edge: Pick<Edge, 'status' | 'destinations'>
): () => void {
  const asked = new Scraped(() => edge.status())
  const registers = [registry]
  const gauge = (name: string, help: string, value: (status: EdgeStatus) => number) => new Gauge({
    name,
    help,
    labelNames: ['service', 'destination'],
    registers,
    async collect () {
      const statuses = await asked.read()
      this.reset()
      for (const status of statuses ?? []) {
        this.set({ service, destination: status.destination }, value(status))
      }
    }
  })
  gauge('weir_edge_pending', 'Purges that a cache at the edge has not confirmed',
    ({ pending }) => pending)
  gauge('weir_edge_oldest_seconds', 'Age of the oldest unconfirmed purge; 0 if there is none',
    ({ oldest }) => oldest / 1000)
  gauge('weir_edge_dead_letters', 'Purges that were given up', ({ dead }) => dead)
  // eslint-disable-next-line no-new -- it registers itself
  new Counter({
    name: 'weir_edge_purges_total',
    help: 'Tags that the destination confirmed, and calls to it that failed',
    labelNames: ['service', 'destination', 'outcome'],
    registers,
    async collect () {
      const statuses = await asked.read()
      this.reset()
      for (const { destination, confirmed, failed } of statuses ?? []) {
        this.inc({ service, destination, outcome: 'confirmed' }, confirmed)
        this.inc({ service, destination, outcome: 'failed' }, failed)
      }
    }
  })
  const durations = new Histogram({
    name: 'weir_edge_purge_duration_seconds',
    help: 'Time until a call that purges was confirmed',
    labelNames: ['service', 'destination'],
    buckets: PURGES,
    registers
  })
  const names = new Set(edge.destinations.map(({ name }) => name))
  const listen = (message: unknown) => {
    // The channel's name stands for the type of its messages.
    const { destination, milliseconds } = message as EdgeEvents['weir:edge:purge']
    if (names.has(destination)) durations.observe({ service, destination }, milliseconds / 1000)
  }
  subscribe('weir:edge:purge', listen)
  return () => { unsubscribe('weir:edge:purge', listen) }
}
