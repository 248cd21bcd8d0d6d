import type { Redis } from 'ioredis'
import { request } from 'undici'

/** A process at one point in time. */
export interface ProcessUsage {
  readonly cpuMicros: number
  readonly rssBytes: number
}

/** Counts of a shop up to one point in time. */
export interface Usage {
  /** Processes by name: instances, `front door` and `redis`. */
  readonly processes: Readonly<Record<string, ProcessUsage>>
  /** Reads of the storefront's caches, as `CACHE OUTCOME`. */
  readonly reads: Readonly<Record<string, number>>
  /** Requests that reached a service, by its name. */
  readonly reached: Readonly<Record<string, number>>
  readonly redis: { readonly bytes: number, readonly keys: number, readonly commands: number }
}

/** A running shop, and access to its counts. */
export interface Running {
  readonly url: string
  readonly instances: readonly {
    readonly name: string
    readonly service: string
    readonly url: string
  }[]
  readonly redis: Redis
  readonly frontDoor: () => Promise<ProcessUsage>
}

/** Reads the counts of all processes of a shop. */
export async function usageOf ({ instances, redis, frontDoor }: Running): Promise<Usage> {
  const told = await Promise.all(instances.map(async ({ name, service, url }) => {
    const { body } = await request(`${url}/metrics`)
    return { name, service, samples: samplesOf(await body.text()) }
  }))
  const processes = Object.fromEntries(told.map(({ name, samples }) => [name, {
    cpuMicros: 1e6 * sum(samples, 'process_cpu_seconds_total'),
    rssBytes: sum(samples, 'process_resident_memory_bytes')
  }]))
  const info = await redis.info()
  const number = (name: string) =>
    Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0)
  return {
    processes: {
      'front door': await frontDoor(),
      ...processes,
      redis: {
        cpuMicros: 1e6 * (number('used_cpu_sys') + number('used_cpu_user')),
        rssBytes: number('used_memory_rss')
      }
    },
    reads: readsOf(
      told.filter(({ service }) => service === 'storefront').flatMap(({ samples }) => samples)
    ),
    reached: Object.fromEntries(
      [...new Set(told.map(({ service }) => service))].map((service) => [
        service,
        sum(
          told.filter((one) => one.service === service).flatMap(({ samples }) => samples),
          'weir_requests_total',
          / \/(?:api|shop)/
        )
      ])
    ),
    redis: {
      bytes: number('used_memory'),
      keys: await redis.dbsize(),
      commands: number('total_commands_processed')
    }
  }
}

/** Memory of the entries in Redis by kind, the largest first. */
export async function entriesIn (redis: Redis): Promise<StoredEntries[]> {
  const found = new Map<string, { count: number, bytes: number }>()
  for await (const keys of redis.scanStream({ match: 'weir:responses:{=*', count: 500 })) {
    const names = keys as string[]
    const sizes = await Promise.all(names.map((key) => redis.memory('USAGE', key)))
    names.forEach((key, i) => {
      const kind = kindOf(key)
      const known = found.get(kind) ?? { count: 0, bytes: 0 }
      found.set(kind, { count: known.count + 1, bytes: known.bytes + Number(sizes[i] ?? 0) })
    })
  }
  return [...found]
    .map(([kind, { count, bytes }]) => ({ kind, count, bytes }))
    .sort((a, b) => b.bytes - a.bytes)
}

/** Entries of one kind in Redis, and their bytes, including keys and Redis' own overhead. */
export interface StoredEntries {
  readonly kind: string
  readonly count: number
  readonly bytes: number
}

/**
 * The kind of an entry, derived from its key: `weir:responses:{=fragment:product:7}` is a
 * `fragment:product`.
 */
function kindOf (key: string): string {
  const [, entry = ''] = /^weir:responses:\{=(.*)\}/.exec(key) ?? []
  if (/\}:\w+$/.test(key)) return 'fill leases'
  const [kind] = /^(?:fragment:[a-z-]+|ranking|catalog:\/api\/[a-z]+)/.exec(entry) ?? []
  if (kind !== undefined) return kind
  return entry.includes('//storefront') ? 'page of the storefront' : 'response of the catalog'
}

interface Sample {
  readonly name: string
  readonly labels: string
  readonly value: number
}

/** Parses the samples of a Prometheus text. */
function samplesOf (text: string): Sample[] {
  return [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(
    ([, name = '', labels = '', value]) => ({ name, labels, value: Number(value) })
  )
}

const sum = (samples: readonly Sample[], name: string, route?: RegExp): number => samples
  .filter((sample) => sample.name === name && (route === undefined || route.test(sample.labels)))
  .reduce((total, { value }) => total + value, 0)

function readsOf (samples: readonly Sample[]): Record<string, number> {
  const reads: Record<string, number> = {}
  for (const { name, labels, value } of samples) {
    const [, cache, outcome] = /cache="([^"]*)",outcome="([^"]*)"/.exec(labels) ?? []
    if (name !== 'weir_cache_reads_total' || cache === undefined || outcome === undefined) continue
    reads[`${cache} ${outcome}`] = (reads[`${cache} ${outcome}`] ?? 0) + value
  }
  return reads
}
