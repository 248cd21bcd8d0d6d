import type { FastifyInstance } from 'fastify'
import { Counter, Gauge, type Registry } from 'prom-client'
import type {} from '../redis/index.js'
import { Scraped } from './scraped.js'

/** The invalidations that an outbox has not delivered: `Outbox` of `@weir/outbox`. */
export interface BacklogSource {
  /** `oldest`: milliseconds since the epoch. */
  backlog (): Promise<{ readonly rows: number, readonly oldest: number | undefined }>
}

/** Exports the backlog of an outbox. Without one, the metrics have no series. */
export function exposeOutbox (registry: Registry, service: string, outbox?: BacklogSource): void {
  const labelNames = ['service']
  const backlog = outbox && new Scraped(() => outbox.backlog())
  const gauge = (
    name: string,
    help: string,
    value: (of: Awaited<ReturnType<BacklogSource['backlog']>>) => number
  ) => new Gauge({
    name,
    help,
    labelNames,
    registers: [registry],
    async collect () {
      this.reset()
      const figures = await backlog?.read()
      if (figures !== undefined) this.set({ service }, value(figures))
    }
  })
  gauge('weir_outbox_rows', 'Invalidations that the outbox has not delivered', ({ rows }) => rows)
  gauge(
    'weir_outbox_oldest_seconds',
    'Age of the oldest undelivered invalidation; 0 if there is none',
    // Written by the clock of another instance, perhaps.
    ({ oldest }) => oldest === undefined ? 0 : Math.max(0, (Date.now() - oldest) / 1000)
  )
}

interface RedisFigures {
  readonly used: number
  readonly limit: number
  readonly evicted: number
}

/** Exports the memory of Redis; of a cluster's masters together. */
export function exposeRedis (registry: Registry, service: string, app: FastifyInstance): void {
  const { redis } = app
  const asked = new Scraped(async (): Promise<RedisFigures> => {
    const infos = await Promise.all(mastersOf(redis).map(infoOf))
    const sum = (name: string) => infos.reduce((total, info) => total + figure(info, name), 0)
    return { used: sum('used_memory'), limit: sum('maxmemory'), evicted: sum('evicted_keys') }
  })
  const labelNames = ['service']
  const registers = [registry]
  const collected = (
    value: (of: RedisFigures) => number,
    metric: { reset (): void },
    set: (value: number) => void
  ) => asked.read().then((figures) => {
    metric.reset()
    if (figures !== undefined) set(value(figures))
  })
  const gauge = (name: string, help: string, value: (of: RedisFigures) => number) => new Gauge({
    name,
    help,
    labelNames,
    registers,
    collect () {
      return collected(value, this, (now) => { this.set({ service }, now) })
    }
  })
  gauge('weir_redis_used_memory_bytes', 'Memory that Redis uses', ({ used }) => used)
  gauge('weir_redis_max_memory_bytes', 'Limit of that memory; 0: none', ({ limit }) => limit)
  // eslint-disable-next-line no-new -- it registers itself
  new Counter({
    name: 'weir_redis_evicted_keys_total',
    help: 'Keys that Redis evicted to free memory',
    labelNames,
    registers,
    collect () {
      return collected(({ evicted }) => evicted, this, (now) => { this.inc({ service }, now) })
    }
  })
}

/** A server that tells about itself, or a client of several. */
interface Informed {
  info (section: string): Promise<string>
  nodes? (role: 'master'): readonly Informed[]
}

const mastersOf = (client: Informed): readonly Informed[] => client.nodes?.('master') ?? [client]

const infoOf = async (node: Informed): Promise<string> =>
  (await Promise.all(['memory', 'stats'].map((section) => node.info(section)))).join('')

const figure = (info: string, name: string): number =>
  Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0)
